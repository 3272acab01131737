"""Timestamps on the wire, in all of AWS's formats, from and to epoch milliseconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any

from pileus.protocols.failures import WireError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# The years 1 to 9999, which is what ISO 8601 and HTTP dates can show.
_MS_MIN = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_MS_MAX = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?([eE][+-]?\d{1,2})?", re.ASCII)
_TEXT_LENGTH_MAX = 64


class Milliseconds(int):
    """A number that is epoch milliseconds on the wire already."""


def parse(value: Any) -> int:
    """Epoch milliseconds of a number of seconds or of a date as text, in whichever format."""
    if type(value) is int or type(value) is float:
        return _from_seconds(value)
    if type(value) is Milliseconds:
        return _bounded(int(value))
    if type(value) is not str or len(value) > _TEXT_LENGTH_MAX:
        raise WireError("a timestamp was expected")
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _from_seconds(float(text))
    try:
        if text[:4].isdigit() or text[:1] in "+-":
            moment = datetime.fromisoformat(text)
        else:
            moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // _MILLISECOND
    except (ValueError, TypeError, OverflowError, IndexError) as error:
        raise WireError(f"{value!r} is not a timestamp") from error


def to_seconds(milliseconds: int) -> int | float:
    """The `unixTimestamp` form: whole seconds where they are whole."""
    seconds, rest = divmod(milliseconds, 1000)
    return seconds if rest == 0 else milliseconds / 1000


def to_iso8601(milliseconds: int) -> str:
    moment = _EPOCH + _clamped(milliseconds) * _MILLISECOND
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    rest = milliseconds % 1000
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def to_rfc822(milliseconds: int) -> str:
    return _http_date(milliseconds // 1000)


@lru_cache(maxsize=4096)
def _http_date(seconds: int) -> str:
    """What is read often is told often when it was written."""
    seconds = _clamped(seconds * 1000) // 1000
    return format_datetime(_EPOCH + timedelta(seconds=seconds), usegmt=True)


def to_text(milliseconds: int, format_name: str) -> str:
    """As text for headers, queries and XML."""
    if format_name == "iso8601":
        return to_iso8601(milliseconds)
    if format_name == "rfc822":
        return to_rfc822(milliseconds)
    return str(to_seconds(milliseconds))


def _from_seconds(seconds: float) -> int:
    if type(seconds) is int:
        return _bounded(seconds * 1000)
    # A large number becomes infinite only when it is multiplied.
    if not math.isfinite(seconds * 1000):
        raise WireError(f"{seconds} is not a timestamp")
    # A thousandth of a millisecond more, because 1.123 has no exact binary form.
    return _bounded(math.floor(seconds * 1000 + 0.001))


def _bounded(milliseconds: int) -> int:
    if not _MS_MIN <= milliseconds <= _MS_MAX:
        raise WireError("a timestamp is out of range")
    return milliseconds


def _clamped(milliseconds: int) -> int:
    return min(max(milliseconds, _MS_MIN), _MS_MAX)
