"""What targets and dead-letter queues get."""

from __future__ import annotations

from pileus.services.scheduler import payloads
from pileus.services.scheduler.payloads import LETTER_BYTES_MAX, Attempt

ARN = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s"
ATTEMPT = Attempt(1_767_225_600_000, "0123456789abcdef", 1_767_225_600_000, 2)


def test_context_attributes_are_filled_in() -> None:
    text = "<aws.scheduler.attempt-number>/<aws.scheduler.scheduled-time>/<aws.scheduler.x>"
    found = payloads.payload(ARN, {"Arn": "t", "Input": text}, ATTEMPT)
    assert "2/2026-01-01T00:00:00Z/<aws.scheduler.x>" == found


def test_a_bus_without_input_gets_an_empty_detail() -> None:
    target = {"Arn": "t", "EventBridgeParameters": {"Source": "s", "DetailType": "d"}}
    assert "{}" == payloads.payload(ARN, target, ATTEMPT)


def test_a_letter_tells_why_and_fits() -> None:
    target = {"Arn": "t", "Input": "é" * LETTER_BYTES_MAX}
    reason = "m" * 5000
    body, attributes = payloads.letter(ARN, target, ATTEMPT, "C", reason, "MaximumRetryAttempts")
    values = {name: each["StringValue"] for name, each in attributes.items()}
    size = len(body.encode()) + sum(len(name) + len(each) + 6 for name, each in values.items())
    assert LETTER_BYTES_MAX - 3 <= size <= LETTER_BYTES_MAX
    assert ("true", "1", 1024) == (
        values["IS_PAYLOAD_TRUNCATED"], values["RETRY_ATTEMPTS"], len(values["ERROR_MESSAGE"]),
    )  # fmt: skip
