"""What is wrong with a filter pattern, in AWS's words where AWS has words of its own for it."""

from __future__ import annotations


class InvalidPattern(Exception):
    """`message` is AWS's sentence, or empty where each API operation says it in its own words."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


def invalid_characters(characters: str) -> InvalidPattern:
    return InvalidPattern(f"Invalid character(s) in term '{characters}'")


def unclosed(opening: str, closing: str) -> InvalidPattern:
    return InvalidPattern(
        f"If a filter pattern starts with '{opening}' it must end with '{closing}'"
    )
