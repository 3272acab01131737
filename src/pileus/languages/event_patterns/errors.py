"""What is wrong with an event pattern, in AWS's words and with AWS's position."""

from __future__ import annotations

# Jackson, by which AWS reads patterns, quotes this much of the text.
_QUOTED_MAX = 500


class Location:
    """Where AWS's reader stood: lines and columns count from one."""

    __slots__ = ("column", "line", "source")

    def __init__(self, source: str, offset: int) -> None:
        before = source[:offset].replace("\r\n", "\n").replace("\r", "\n")
        self.source = source
        self.line = before.count("\n") + 1
        self.column = len(before) - before.rfind("\n")

    @property
    def quoted_source(self) -> str:
        shown = "".join(
            f"\\u{ord(letter):04X}" if _is_control(letter) else letter
            for letter in self.source[:_QUOTED_MAX]
        )
        rest = len(self.source) - _QUOTED_MAX
        return f'(String)"{shown}"' + (f"[truncated {rest} chars]" if rest > 0 else "")

    def __str__(self) -> str:
        return f"[Source: {self.quoted_source}; line: {self.line}, column: {self.column}]"


def _is_control(letter: str) -> bool:
    return (letter < " " and letter not in "\r\n") or "\x7f" <= letter <= "\x9f"


class InvalidPattern(Exception):
    """`reason` is the sentence with its position, `problem` the sentence alone."""

    def __init__(self, problem: str, location: Location | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.location = location

    @property
    def reason(self) -> str:
        return f"{self.problem}\n at {self.location}" if self.location else self.problem

    @property
    def message(self) -> str:
        """As EventBridge answers it."""
        return f"Event pattern is not valid. Reason: {self.reason}"

    def __str__(self) -> str:
        return self.message


class MalformedJson(InvalidPattern):
    """The text is no JSON."""


class TooComplex(InvalidPattern):
    """The pattern could take more work than is allowed."""
