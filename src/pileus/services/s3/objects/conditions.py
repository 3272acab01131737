"""Conditions on reads, copies and writes, in the order in which S3 looks at them."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Failed(Enum):
    """The condition that does not hold, as the answer names it."""

    IF_MATCH = "If-Match"
    IF_NONE_MATCH = "If-None-Match"
    IF_MODIFIED_SINCE = "If-Modified-Since"
    IF_UNMODIFIED_SINCE = "If-Unmodified-Since"


class Conditions(NamedTuple):
    """What a request asks of an object. Instants are epoch milliseconds."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: int | None = None
    if_unmodified_since: int | None = None


def names(condition: str, etag: str) -> bool:
    """Whether a list of entity tags has this one; `*` has all."""
    for part in condition.split(","):
        tag = part.strip()
        if tag.startswith("W/"):
            tag = tag[2:]
        if tag == "*" or tag.strip('"') == etag:
            return True
    return False


def judge(conditions: Conditions, etag: str, modified_at: int, now: int) -> Failed | None:
    """The condition that fails, if one does.

    As RFC 7232 has it: a tag outweighs a date of its kind. HTTP dates have no fractions of a
    second, and one in the future is no condition.
    """
    if_match, if_none_match, since, until = conditions
    modified_at -= modified_at % 1000
    if if_match is not None:
        if not names(if_match, etag):
            return Failed.IF_MATCH
    elif until is not None and modified_at > until:
        return Failed.IF_UNMODIFIED_SINCE
    if if_none_match is not None:
        if names(if_none_match, etag):
            return Failed.IF_NONE_MATCH
    elif since is not None and modified_at <= since <= now:
        return Failed.IF_MODIFIED_SINCE
    return None
