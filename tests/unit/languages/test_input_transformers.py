"""Targets get of an event what AWS's documentation says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.input_transformers import (
    InvalidPath,
    InvalidPlaceholder,
    Json,
    TooLarge,
    compile_path,
    compile_pipe_template,
    compile_template,
    fill_scheduler_input,
)

# docs: eventbridge/latest/userguide/eb-transform-target-input, the example
EVENT: dict[str, Any] = {
    "version": "0",
    "detail-type": "EC2 Instance State-change Notification",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111", "second"],
    "detail": {
        "instance-id": "i-0123456789",
        "state": "RUNNING",
        "count": 5,
        "nothing": None,
        "flag": True,
        "said": 'a "quote" \\ and é',
        "items": [{"name": "a"}, {"name": "b"}, {"other": 1}],
        "a/b": "slash",
        "tricky": {'a\n"b': "c\\"},
    },
}
PATHS = {
    "instance": "$.detail.instance-id",
    "state": "$.detail.state",
    "resources": "$.resources",
    "detail": "$.detail.items",
    "count": "$.detail.count",
    "nothing": "$.detail.nothing",
    "flag": "$.detail.flag",
    "said": "$.detail.said",
    "missing": "$.detail.missing.deeper",
    "event": "$",
    "tricky": "$.detail.tricky",
}
VARIABLES = {
    "aws.events.rule-arn": "arn:aws:events:us-east-1:123456789012:rule/example",
    "aws.events.rule-name": "example",
    "aws.events.event.ingestion-time": "2026-01-01T00:00:00Z",
    "aws.events.event": Json('{"version":"0"}'),
    "aws.events.event.json": Json('{"version":"0","detail":{}}'),
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", EVENT),
        ("$.detail.instance-id", "i-0123456789"),
        ("$.detail-type", "EC2 Instance State-change Notification"),
        ("$.resources", EVENT["resources"]),
        ("$.resources[1]", "second"),
        ("$.resources[2]", None),
        ("$.detail.items[0].name", "a"),
        ("$.detail.items[*].name", ["a", "b"]),
        ("$.detail.items[1].*", ["b"]),
        ("$.detail.items.name", None),
        ("$.missing[*]", []),
        ("$.detail.a/b", "slash"),
        ("$.detail.nothing", None),
        ("$.detail.state.more", None),
    ],
)
def test_an_input_path_gives_a_part_as_json(path: str, expected: Any) -> None:
    assert expected == json.loads(compile_path(path).text_of(EVENT))


@pytest.mark.parametrize(
    "path",
    ["", "detail", "$detail", "$.", "$..a", "$.a[", "$.a[x]", "$['a']", "$.a[-1]", "$.a[?(@.b)]",
     "$.a[0:2]", "$.a b", "$[*][*]", "$.*.*"],
)  # fmt: skip
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(InvalidPath):
        compile_path(path)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        ('"instance \\"<instance>\\" is in <state>"',
         '"instance \\"i-0123456789\\" is in RUNNING"'),
        ('{"instance": <instance>, "state": <state>}',
         '{"instance": "i-0123456789", "state": "RUNNING"}'),
        ('{"instance": <instance>, "state": "<state>", "all": "instance \\"<instance>\\" <state>"}',
         '{"instance": "i-0123456789", "state": "RUNNING", '
         '"all": "instance \\"i-0123456789\\" RUNNING"}'),
        ('{"list": <resources>}',
         '{"list": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111","second"]}'),
        ('"<instance>"\n"<state>"', '"i-0123456789"\n"RUNNING"'),
        ('{"count": <count>, "text": "<count>"}', '{"count": 5, "text": "5"}'),
        ('{"flag": <flag>, "nothing": <nothing>}', '{"flag": true, "nothing": null}'),
        ('{"gone": <missing>, "text": "a<missing>b"}', '{"gone": "", "text": "ab"}'),
        ('{"text": "<said>", "value": <said>}',
         '{"text": "a \\"quote\\" \\\\ and é", "value": "a \\"quote\\" \\\\ and é"}'),
        ('{"text": "<detail>"}', '{"text": "[{name:a},{name:b},{other:1}]"}'),
        ('{"text": "<tricky>"}', '{"text": "{a\\nb:c\\\\}"}'),
        ("<instance>", '"i-0123456789"'),
        ("<detail>", '[{"name":"a"},{"name":"b"},{"other":1}]'),
        ('{"rule": <aws.events.rule-arn>, "name": "<aws.events.rule-name>"}',
         '{"rule": "arn:aws:events:us-east-1:123456789012:rule/example", "name": "example"}'),
        ('{"at": <aws.events.event.ingestion-time>}', '{"at": "2026-01-01T00:00:00Z"}'),
        ('{"event": <aws.events.event>, "all": <aws.events.event.json>}',
         '{"event": {"version":"0"}, "all": {"version":"0","detail":{}}}'),
        ('{"static": "text", "less": "1 < 2 > 0", "empty": "<>"}',
         '{"static": "text", "less": "1 < 2 > 0", "empty": "<>"}'),
    ],
)  # fmt: skip
def test_templates_of_rules(template: str, expected: str) -> None:
    assert expected == compile_template(template, PATHS).fill(EVENT, VARIABLES)


def test_a_placeholder_must_be_defined() -> None:
    with pytest.raises(InvalidPlaceholder) as caught:
        compile_template('{"a": <notdefinedkey>}', {"other": "$.a"})
    assert caught.value.message("t1") == (
        "InputTemplate for target t1 contains invalid placeholder notdefinedkey."
    )


def test_reserved_variables_of_pipes_are_not_those_of_rules() -> None:
    with pytest.raises(InvalidPlaceholder):
        compile_template("<aws.pipes.pipe-arn>", {})
    with pytest.raises(InvalidPlaceholder):
        compile_pipe_template("<aws.events.rule-arn>")


def test_paths_of_templates_are_checked() -> None:
    with pytest.raises(InvalidPath):
        compile_template("<a>", {"a": "a.b"})
    with pytest.raises(InvalidPath):
        compile_pipe_template("<$.a[>")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello, sender", "Hello, sender"),
        ("<$.attributes.SenderId>", '"AIDA"'),
        ('"Hello, <$.attributes.SenderId>"', '"Hello, AIDA"'),
        ('{"key": <$.body.key>, "third": <$.body.records[2]>, "d": <aws.pipes.pipe-name>}',
         '{"key": "v", "third": 3, "d": "pipe"}'),
        ('{"gone": <$.body.gone>, "all": <aws.pipes.event.json>}',
         '{"gone": "", "all": {"body":1}}'),
    ],
)  # fmt: skip
def test_templates_of_pipes(template: str, expected: str) -> None:
    event = {"attributes": {"SenderId": "AIDA"}, "body": {"key": "v", "records": [1, 2, 3]}}
    variables = {"aws.pipes.pipe-name": "pipe", "aws.pipes.event.json": Json('{"body":1}')}
    assert expected == compile_pipe_template(template).fill(event, variables)


def test_keywords_of_schedules_are_replaced() -> None:
    text = '{"at":"<aws.scheduler.scheduled-time>","n":<aws.scheduler.attempt-number>,"x":"<y>"}'
    variables = {
        "aws.scheduler.scheduled-time": "2022-03-22T18:59:43Z",
        "aws.scheduler.attempt-number": "1",
        "aws.scheduler.other": "never",
    }
    expected = '{"at":"2022-03-22T18:59:43Z","n":1,"x":"<y>"}'
    assert expected == fill_scheduler_input(text, variables)
    assert "<aws.scheduler.other>" == fill_scheduler_input("<aws.scheduler.other>", variables)


def test_what_is_made_is_bounded() -> None:
    template = compile_template("[" + "<event>," * 1000 + "0]", PATHS)
    with pytest.raises(TooLarge):
        template.fill({"a": "x" * 250_000}, {})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(VALUES)
def test_templates_of_json_give_json(value: Any) -> None:
    template = compile_template('{"value": <v>, "text": "is \\"<v>\\" <gone>"}', {
        "v": "$.detail.v", "gone": "$.detail.gone",
    })  # fmt: skip
    made = json.loads(template.fill({"detail": {"v": value}}, {}))
    assert value == made["value"]
    assert not isinstance(value, str) or f'is "{value}" ' == made["text"]
