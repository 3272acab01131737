"""The input of universal targets, read as the API's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pileus.aws_models.load import load
from pileus.kernel.errors import AwsError
from pileus.services.scheduler import universal
from pileus.services.scheduler.targets import Universal


def params(service: str, action: str, given: Any) -> Any:
    text = given if isinstance(given, str) else json.dumps(given)
    return universal.request_of(Universal(service, action), text, load(service)).params


@pytest.mark.parametrize(
    ("given", "instant"),
    [(1.5, 1_500), ("1970-01-01T00:00:02Z", 2_000), ("1970-01-01T01:00:00+01:00", 0)],
)
def test_instants_are_seconds_or_dates(given: Any, instant: int) -> None:
    made = params("events", "startReplay", {"EventStartTime": given})
    assert {"EventStartTime": instant} == made


def test_documents_stand_for_their_text() -> None:
    assert {"Payload": b'{"a":1}'} == params("lambda", "invoke", {"Payload": {"a": 1}})
    assert {"MessageBody": "[1]"} == params("sqs", "sendMessage", {"MessageBody": [1]})


def test_lists_and_maps_are_gone_through() -> None:
    given = {"Entries": [{"Id": "1", "MessageBody": {"a": 1}}]}
    made = params("sqs", "sendMessageBatch", given)
    assert {"Entries": [{"Id": "1", "MessageBody": '{"a":1}'}]} == made
    assert {"Tags": {"a": "b"}} == params("sqs", "tagQueue", {"tags": {"a": "b"}})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("no json", "The Input is not well-formed JSON."),
        ("[" * 20_000, "The Input is not well-formed JSON."),
        ("[]", "The Input is not a JSON object."),
        ({"Wrong": 1}, "Unknown parameter in Input: Wrong."),
        ({"EventStartTime": "soon"}, "Not a timestamp in Input: soon."),
        ({"EventStartTime": []}, "Not a timestamp in Input: []."),
        ('{"EventStartTime": 1e308}', "Not a timestamp in Input: 1e+308."),
    ],
)
def test_input_that_makes_no_sense_is_refused(given: Any, words: str) -> None:
    with pytest.raises(AwsError) as caught:
        params("events", "startReplay", given)
    assert ("ValidationException", words) == (caught.value.code, caught.value.message)
