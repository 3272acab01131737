"""Rules and their targets by boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.events.asking import PATTERN, bus_arn, refusal, rule
from support.running import Running

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_rule_has_what_it_was_put_with(events: Any, account: str) -> None:
    arn = rule(events, Description="d", RoleArn="arn:aws:iam::1:role/r", State="DISABLED")
    assert f"arn:aws:events:us-east-1:{account}:rule/r" == arn
    listed = {
        "Name": "r", "Arn": arn, "EventPattern": PATTERN, "State": "DISABLED",
        "Description": "d", "RoleArn": "arn:aws:iam::1:role/r", "EventBusName": "default",
    }  # fmt: skip
    assert {**listed, "CreatedBy": account} == shown(events.describe_rule(Name="r"))
    assert [listed] == events.list_rules()["Rules"]


def test_a_rule_of_a_custom_bus_has_the_bus_in_its_arn(events: Any, account: str) -> None:
    events.create_event_bus(Name="orders")
    assert f"arn:aws:events:us-east-1:{account}:rule/orders/r" == (
        rule(events, EventBusName=bus_arn(account, "orders"))
    )
    assert "orders" == events.describe_rule(Name="r", EventBusName="orders")["EventBusName"]
    assert [] == events.list_rules()["Rules"]


def test_putting_a_rule_again_replaces_all_but_its_targets_and_tags(events: Any) -> None:
    arn = rule(events, Description="d", Tags=[{"Key": "a", "Value": "1"}])
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": QUEUE}])
    rule(events, Tags=[{"Key": "b", "Value": "2"}])
    assert "Description" not in events.describe_rule(Name="r")
    assert 1 == len(events.list_targets_by_rule(Rule="r")["Targets"])
    assert [{"Key": "a", "Value": "1"}] == (events.list_tags_for_resource(ResourceARN=arn)["Tags"])


def test_a_rule_needs_a_pattern_or_a_schedule(events: Any) -> None:
    assert (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    ) == refusal(events.put_rule, Name="r")


def test_a_malformed_pattern_is_refused_with_the_reason(events: Any) -> None:
    code, message = refusal(events.put_rule, Name="r", EventPattern='{"a": [{"EXISTS": true}]}')
    assert (
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason: Unrecognized match type EXISTS",
    ) == (code, message.partition("\n")[0])


def test_a_rule_name_has_letters_digits_and_three_signs(events: Any) -> None:
    code, message = refusal(events.put_rule, Name="a b", EventPattern=PATTERN)
    assert ("ValidationException", True) == (
        code, message.endswith("must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"),
    )  # fmt: skip


def test_rules_are_turned_off_and_on(events: Any) -> None:
    rule(events)
    events.disable_rule(Name="r")
    assert "DISABLED" == events.describe_rule(Name="r")["State"]
    events.enable_rule(Name="r")
    assert "ENABLED" == events.describe_rule(Name="r")["State"]


@pytest.mark.parametrize("operation", ["describe_rule", "enable_rule", "disable_rule"])
def test_a_rule_that_is_not_there_is_said_so(events: Any, operation: str) -> None:
    assert ("ResourceNotFoundException", "Rule r does not exist on EventBus default.") == refusal(
        getattr(events, operation), Name="r"
    )


def test_rules_are_listed_in_pages_by_prefix(events: Any) -> None:
    for name in ("a1", "a2", "a3", "b"):
        rule(events, name)
    first = events.list_rules(NamePrefix="a", Limit=2)
    second = events.list_rules(NamePrefix="a", Limit=2, NextToken=first["NextToken"])
    names = [[each["Name"] for each in page["Rules"]] for page in (first, second)]
    assert ([["a1", "a2"], ["a3"]], False) == (names, "NextToken" in second)


def test_a_rule_is_deleted_when_its_targets_are(events: Any) -> None:
    rule(events)
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": QUEUE}])
    assert ("ValidationException", "Rule can't be deleted since it has targets.") == (
        refusal(events.delete_rule, Name="r")
    )
    events.remove_targets(Rule="r", Ids=["t"])
    events.delete_rule(Name="r")
    events.delete_rule(Name="r")
    assert [] == events.list_rules()["Rules"]


def test_a_bus_has_300_rules_where_limits_are_aws(
    events: Any, pileus: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pileus.services.events.rules.RULES_MAX", 2)
    for name in ("a", "b", "c"):
        rule(events, name)
    monkeypatch.setattr(pileus.app.kernel.quotas, "is_enforced", True)
    rule(events, "c")
    assert (
        "LimitExceededException", "The requested resource exceeds the maximum number allowed.",
    ) == refusal(events.put_rule, Name="d", EventPattern=PATTERN)  # fmt: skip


def test_a_pattern_has_2048_bytes_where_limits_are_aws(
    events: Any, pileus: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = json.dumps({"source": ["x" * 2_040]})
    rule(events, "a", pattern)
    monkeypatch.setattr(pileus.app.kernel.quotas, "is_enforced", True)
    expected = "Parameter EventPattern for rule b exceeds limit of 2048."
    assert ("ValidationException", expected) == refusal(
        events.put_rule, Name="b", EventPattern=pattern
    )


# Targets.


def test_targets_keep_all_their_members(events: Any) -> None:
    rule(events)
    target = {
        "Id": "t",
        "Arn": "arn:aws:ecs:us-east-1:000000000000:cluster/c",
        "RoleArn": "arn:aws:iam::000000000000:role/r",
        "Input": "{}",
        "EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:x", "TaskCount": 2},
        "DeadLetterConfig": {"Arn": QUEUE},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
    }
    answer = events.put_targets(Rule="r", Targets=[target])
    assert {"FailedEntryCount": 0, "FailedEntries": []} == shown(answer)
    assert [target] == events.list_targets_by_rule(Rule="r")["Targets"]


def test_a_target_replaces_the_one_of_its_id(events: Any) -> None:
    rule(events)
    for arn in (QUEUE, QUEUE + "2"):
        events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
    assert [{"Id": "t", "Arn": QUEUE + "2"}] == events.list_targets_by_rule(Rule="r")["Targets"]


def test_a_rule_has_five_targets(events: Any) -> None:
    rule(events)
    events.put_targets(Rule="r", Targets=[{"Id": str(n), "Arn": QUEUE} for n in range(5)])
    assert (
        "LimitExceededException", "The requested resource exceeds the maximum number allowed.",
    ) == refusal(
        events.put_targets, Rule="r", Targets=[{"Id": "5", "Arn": QUEUE}]
    )  # fmt: skip


def test_targets_are_listed_in_pages(events: Any) -> None:
    rule(events)
    events.put_targets(Rule="r", Targets=[{"Id": str(n), "Arn": QUEUE} for n in range(3)])
    first = events.list_targets_by_rule(Rule="r", Limit=2)
    second = events.list_targets_by_rule(Rule="r", Limit=2, NextToken=first["NextToken"])
    assert [["0", "1"], ["2"]] == [
        [target["Id"] for target in page["Targets"]] for page in (first, second)
    ]


def test_rules_are_found_by_target(events: Any) -> None:
    for name in ("a", "b", "c"):
        rule(events, name)
        events.put_targets(Rule=name, Targets=[{"Id": "t", "Arn": QUEUE}])
    events.remove_targets(Rule="b", Ids=["t", "unknown"])
    first = events.list_rule_names_by_target(TargetArn=QUEUE, Limit=1)
    second = events.list_rule_names_by_target(TargetArn=QUEUE, NextToken=first["NextToken"])
    assert (["a"], ["c"]) == (first["RuleNames"], second["RuleNames"])
    assert [] == events.list_rule_names_by_target(TargetArn=QUEUE + "x")["RuleNames"]


ROLE_LESS = "arn:aws:kinesis:us-east-1:000000000000:stream/s"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            {"Arn": "queue"},
            "Parameter queue is not valid. Reason: Provided Arn is not in correct format.",
        ),
        (
            {"Arn": QUEUE, "Input": "{}", "InputPath": "$"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        ({"Arn": QUEUE + ".fifo"}, "Parameter(s) SqsParameters must be specified for target: t."),
        ({"Arn": ROLE_LESS}, f"RoleArn is required for target {ROLE_LESS}."),
        (
            {"Arn": "arn:aws:ecs:us-east-1:000000000000:cluster/c", "RoleArn": "arn:r"},
            "Parameter(s) EcsParameters must be specified for target: t.",
        ),
        (
            {"Arn": QUEUE, "DeadLetterConfig": {"Arn": "arn:aws:sns:us-east-1:000000000000:x"}},
            "sns is not supported as a dead letter resource.",
        ),
        (
            {"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}},
            "SQS FIFO is not supported by Dead Letter Queues.",
        ),
        (
            {"Arn": QUEUE, "KinesisParameters": {"PartitionKeyPath": "$.id"}},
            "Parameter(s) KinesisParameters not supported for target: t.",
        ),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_is_refused(
    events: Any, target: dict[str, Any], message: str
) -> None:
    rule(events)
    assert ("ValidationException", message) == refusal(
        events.put_targets, Rule="r", Targets=[{"Id": "t", **target}]
    )


def test_targets_belong_to_a_rule(events: Any) -> None:
    missing = ("ResourceNotFoundException", "Rule r does not exist on EventBus default.")
    assert missing == refusal(events.list_targets_by_rule, Rule="r")
    assert missing == refusal(events.put_targets, Rule="r", Targets=[{"Id": "t", "Arn": QUEUE}])
    assert missing == refusal(events.remove_targets, Rule="r", Ids=["t"])


# TestEventPattern.

EVENT = {
    "id": "1", "account": "2", "source": "shop", "time": "t", "region": "r", "resources": [],
    "detail-type": "d", "detail": {"total": 5},
}  # fmt: skip


def test_a_pattern_is_tried_on_an_event(events: Any) -> None:
    def result(pattern: dict[str, Any]) -> bool:
        answer = events.test_event_pattern(
            EventPattern=json.dumps(pattern), Event=json.dumps(EVENT)
        )
        found: bool = answer["Result"]
        return found

    assert [True, False] == [result({"source": ["shop"]}), result({"source": ["bakery"]})]


@pytest.mark.parametrize("event", ["no json", "[]", json.dumps({**EVENT, "id": 1})[:-20], "{}"])
def test_an_event_that_is_none_is_refused(events: Any, event: str) -> None:
    assert ("ValidationException", "Parameter Event is not valid.") == (
        refusal(events.test_event_pattern, EventPattern=PATTERN, Event=event)
    )


def test_a_pattern_that_is_none_is_refused(events: Any) -> None:
    assert (
        "InvalidEventPatternException"
        == (refusal(events.test_event_pattern, EventPattern="x", Event=json.dumps(EVENT))[0])
    )


def test_one_request_names_a_target_once(events: Any) -> None:
    rule(events)
    expected = "More than one target with Id 't' is provided."
    assert ("ValidationException", expected) == refusal(
        events.put_targets, Rule="r", Targets=[{"Id": "t", "Arn": QUEUE}] * 2
    )
