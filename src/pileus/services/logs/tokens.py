"""Event ids and tokens: opaque to clients, positions to us."""

from __future__ import annotations

import re

from pileus.kernel import pagination
from pileus.services.logs import errors
from pileus.services.logs.chunks import Position

# AWS's event ids are numbers of 56 digits that hold the time above 144 bits.
_TIME_SHIFT = 144
_GROUP_SHIFT = 80
_STREAM_TOKEN = re.compile(r"([fb])/(\d{56,60})/s")
# docs: "The token expires after 24 hours."
TOKEN_AGE_MAX_MS = 24 * 3600 * 1000
# docs: sequence tokens are still returned and always ignored.
SEQUENCE_TOKEN = "49590302938474634848463748594847362847564839284756473829"


def event_id(group_id: int, at: int, sequence: int) -> str:
    return f"{(at << _TIME_SHIFT) + (group_id << _GROUP_SHIFT) + sequence:056d}"


def forward(position: Position) -> str:
    """A GetLogEvents token for what follows a position."""
    return f"f/{_number(position):056d}/s"


def backward(position: Position) -> str:
    """A GetLogEvents token for what precedes a position."""
    return f"b/{_number(position):056d}/s"


def read_stream_token(token: str) -> tuple[bool, Position]:
    """Whether a GetLogEvents token leads forward, and from where."""
    found = _STREAM_TOKEN.fullmatch(token)
    if found is None:
        raise errors.invalid_token()
    number = int(found[2])
    return found[1] == "f", (number >> _TIME_SHIFT, (number & ((1 << _TIME_SHIFT) - 1)) - 1)


def _number(position: Position) -> int:
    at, sequence = position
    # One more, so that -1, before all events of an instant, can be told.
    return (at << _TIME_SHIFT) + sequence + 1


def search_token(now: int, is_forward: bool, position: Position) -> str:
    """A FilterLogEvents token."""
    return pagination.encode(now, is_forward, *position)


def read_search_token(now: int, token: str) -> tuple[bool, Position]:
    try:
        made_at, is_forward, at, sequence = pagination.decode(token, int, bool, int, int)
    except pagination.InvalidToken as error:
        raise errors.invalid_token() from error
    if now - made_at > TOKEN_AGE_MAX_MS:
        raise errors.invalid_token()
    return is_forward, (at, sequence)


def name_token(now: int, *position: str | int) -> str:
    """A token of the Describe and List operations: the last name of the page."""
    return pagination.encode(now, *position)


def read_name_token(now: int, token: str, *types: type) -> tuple[str | int, ...]:
    try:
        made_at, *position = pagination.decode(token, int, *types)
    except pagination.InvalidToken as error:
        raise errors.invalid_token() from error
    if now - made_at > TOKEN_AGE_MAX_MS:
        raise errors.invalid_token()
    return tuple(position)
