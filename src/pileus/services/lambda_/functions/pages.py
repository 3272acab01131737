"""Markers of Lambda's lists: where a page ended."""

from __future__ import annotations

from pileus.kernel import pagination
from pileus.services.lambda_ import errors


def position(marker: str | None) -> str:
    """What the last page ended with; empty for the first page."""
    if not marker:
        return ""
    try:
        return str(pagination.decode(marker, str)[0])
    except pagination.InvalidToken as problem:
        raise errors.marker_invalid() from problem


def number(marker: str | None) -> int:
    """The same where things have numbers; 0 for the first page."""
    text = position(marker)
    if text and not text.isdecimal():
        raise errors.marker_invalid()
    return int(text or 0)


def pair(marker: str | None) -> tuple[str, str]:
    """The same where a page may end within something: its name, and its own marker."""
    if not marker:
        return "", ""
    try:
        name, within = pagination.decode(marker, str, str)
    except pagination.InvalidToken as problem:
        raise errors.marker_invalid() from problem
    return name, within
