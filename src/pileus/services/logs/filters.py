"""Operations on filters: so far only the trial of a pattern."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.languages.log_filters import InvalidPattern, compile_filter
from pileus.services.logs import errors


def test_metric_filter(
    call: Call, *, filter_pattern: str, log_event_messages: list[str]
) -> dict[str, Any]:
    try:
        extract = compile_filter(filter_pattern).extract
    except InvalidPattern as error:
        raise errors.invalid_metric_pattern(error.message) from error
    extracted = ((message, extract(message)) for message in log_event_messages)
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": message, "extractedValues": values}
            for number, (message, values) in enumerate(extracted, 1)
            if values is not None
        ]
    }
