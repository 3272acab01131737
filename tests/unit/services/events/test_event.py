"""Events as targets get them."""

from __future__ import annotations

import json

import pytest

from pileus.services.events import event
from pileus.services.events.event import Origin, Said

ORIGIN = Origin("id-1", "000000000000", "us-east-1", 1_700_000_000_999)


def test_the_text_has_aws_order_of_fields() -> None:
    made = event.event(ORIGIN, Said("s", "d", '{"a":1}', {"a": 1}, ["r"]))
    assert (
        '{"version":"0","id":"id-1","detail-type":"d","source":"s","account":"000000000000",'
        '"time":"2023-11-14T22:13:20Z","region":"us-east-1","resources":["r"],"detail":{"a":1}}'
    ) == made.text
    assert json.loads(made.text) == made.fields


def test_what_was_written_can_be_read() -> None:
    made = event.event(ORIGIN, Said("s", 'quo"te', "{}", {}, [], trace="t"))
    assert made == event.read(made.text, "t")


def test_a_replayed_event_tells_the_replay() -> None:
    made = event.event(ORIGIN, Said("s", "d", "{}", {}, []))
    assert {**made.fields, "replay-name": "again"} == event.replayed(made.text, "again").fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ "a" : [ 1.50, 1e40 ] }', '{"a":[1.50,1e40]}'),
        ('{"a b": " c "}', '{"a b":" c "}'),
        ('{"n": 123456789012345678901234567890}', '{"n":123456789012345678901234567890}'),
    ],
)
def test_only_space_is_taken_out_of_a_detail(text: str, expected: str) -> None:
    assert expected == event.compact(text)


def test_an_entry_is_as_large_as_aws_counts_it() -> None:
    entry = {"Source": "ü", "DetailType": "d", "Detail": "{}", "Resources": ["abc"], "Time": 0}
    assert 14 + 2 + 1 + 2 + 3 == event.size_bytes(entry)
    assert 0 == event.size_bytes({})
