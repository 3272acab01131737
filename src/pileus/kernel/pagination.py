"""Pagination tokens: one opaque format for all services."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

_MAX_TOKEN_LENGTH = 4096


class InvalidToken(Exception):
    """The token was not made by us; services answer it in their own words."""


def encode(*position: Any) -> str:
    """An opaque token that carries where the next page begins."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode(token: str, *types: type) -> tuple[Any, ...]:
    """The position that `encode` was given; raises InvalidToken unless it has these types."""
    if len(token) > _MAX_TOKEN_LENGTH:
        raise InvalidToken(token[:64])
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        position = msgspec.json.decode(raw)
    except (binascii.Error, ValueError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidToken(token[:64]) from error
    if not isinstance(position, list) or len(position) != len(types):
        raise InvalidToken(token[:64])
    for value, kind in zip(position, types, strict=True):
        if type(value) is not kind:
            raise InvalidToken(token[:64])
    return tuple(position)
