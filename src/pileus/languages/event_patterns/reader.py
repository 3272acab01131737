"""Reads JSON one token at a time, with the positions and error sentences of AWS's reader.

AWS reports where its reader (Jackson) stood. That one skips a string only when it must, and has
seen the start of a member's value when it gives the member's name; so does this.
"""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]

from pileus.languages.event_patterns.errors import Location, MalformedJson

# Both bound the recursion of whoever reads and matches.
DEPTH_MAX = 100
NUMBER_LENGTH_MAX = 1000

END = ""
NAME = "name"
STRING = "string"
NUMBER = "number"

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_LONE_POINT = re.compile(r"\.(?!\d)|(?:\.\d+)?[eE](?![+-]?\d)", re.ASCII)
# All up to the closing quote, with escapes passed over.
_STRING_BODY = re.compile(r'[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*', re.DOTALL)
_LITERALS = ("true", "false", "null")
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_CLOSING = {"{": "}", "[": "]"}
_KINDS = {"{": "Object", "[": "Array"}
_SHOWN_WORD_MAX = 256


class Reader:
    """Gives the kinds of tokens: a bracket, NAME, STRING, NUMBER, a literal, or END."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.kind = END
        self.name = ""
        self._at = 0
        self._start = 0
        self._waiting = END
        self._is_unread = False
        self._open: list[tuple[str, int]] = []
        self._is_first = True

    def location(self, offset: int | None = None) -> Location:
        return Location(self.source, self._at if offset is None else offset)

    @property
    def depth(self) -> int:
        return len(self._open)

    def next(self) -> str:
        if self.kind == NAME:
            self._enter(self._waiting)
            return self.kind
        if self._is_unread:
            self._skip_string()
        if not self._skip_space():
            if self._open:
                self._fail_open()
            self.kind = END
            return END
        letter = self.source[self._at]
        if letter in "]}":
            self._close(letter)
            return letter
        if self._open and not self._is_first:
            self._expect(",", f"was expecting comma to separate {self._within()} entries")
            if not self._skip_space():
                self._fail_open()
        self._is_first = False
        if self._open and self._open[-1][0] == "{":
            self._read_name()
            self.kind = NAME
        else:
            self._enter(self._value())
        return self.kind

    def text(self) -> str:
        """The token as text; of a string, its value."""
        if self.kind == NAME:
            return self.name
        if self.kind == STRING:
            if self._is_unread:
                self._skip_string()
            value: str = scanstring(self.source, self._start, True)[0]
            return value
        if self.kind == NUMBER:
            return self.source[self._start : self._at]
        return self.kind or "null"

    # Steps.

    def _enter(self, kind: str) -> None:
        self.kind = kind
        if kind in _CLOSING:
            self._open.append((kind, self._at - 1))
            self._is_first = True
            if len(self._open) > DEPTH_MAX:
                raise self._failure(
                    f"Document nesting depth ({len(self._open)}) exceeds the maximum allowed "
                    f"({DEPTH_MAX}, from `StreamReadConstraints.getMaxNestingDepth()`)",
                )

    def _close(self, letter: str) -> None:
        if not self._open or _CLOSING[self._open[-1][0]] != letter:
            self._fail_close(letter)
        self._open.pop()
        self._at += 1
        self._is_first = False
        self.kind = letter

    def _read_name(self) -> None:
        self._expect('"', "was expecting double-quote to start field name")
        self._start = self._at
        self._skip_string(" in field name")
        self.name = scanstring(self.source, self._start, True)[0]
        self._skip_space_within()
        self._expect(":", "was expecting a colon to separate field name and value")
        self._skip_space_within()
        self._waiting = self._value()

    def _value(self) -> str:
        letter = self.source[self._at]
        self._start = self._at
        if letter == '"':
            self._at += 1
            self._start = self._at
            self._is_unread = True
            return STRING
        if letter in _CLOSING:
            self._at += 1
            return letter
        if letter == "-" or ("0" <= letter <= "9"):
            self._skip_number()
            return NUMBER
        for literal in _LITERALS:
            after = self._at + len(literal)
            if self.source.startswith(literal, self._at) and not _is_part(self.source[after:][:1]):
                self._at = after
                return literal
        if _is_part(letter) and not letter.isdigit():
            self._fail_word()
        self._fail_letter(f"expected a valid value {_VALUES}")
        raise AssertionError("a failure is raised above")

    def _skip_number(self) -> None:
        found = _NUMBER.match(self.source, self._at)
        if found is None:
            self._at += 1
            self._fail_letter(
                "expected digit (0-9) to follow minus sign, for valid numeric value",
                " in numeric value",
            )
            return
        digits = found[0].lstrip("-")
        if digits[0] == "0" and digits[1:2].isdigit():
            raise self._failure("Invalid numeric value: Leading zeroes not allowed")
        self._at = found.end()
        broken = _LONE_POINT.match(self.source, self._at)
        if broken is not None:
            self._at = broken.end()
            what = "Decimal point" if broken[0] == "." else "Exponent indicator"
            self._fail_letter(f"{what} not followed by a digit", " in numeric value")
        if len(found[0]) > NUMBER_LENGTH_MAX:
            raise self._failure(
                f"Number value length ({len(found[0])}) exceeds the maximum allowed "
                f"({NUMBER_LENGTH_MAX}, from `StreamReadConstraints.getMaxNumberLength()`)",
            )

    def _skip_string(
        self, missing: str = ": was expecting closing quote for a string value"
    ) -> None:
        self._is_unread = False
        found = _STRING_BODY.match(self.source, self._at)
        assert found is not None, "the expression matches the empty text"
        self._at = found.end()
        if self._at >= len(self.source) or self.source[self._at] == "\\":
            self._at = len(self.source)
            raise self._failure(f"Unexpected end-of-input{missing}")
        if self.source[self._at] != '"':
            raise self._failure(
                f"Illegal unquoted character ({_described(self.source[self._at])}): has to be "
                "escaped using backslash to be included in string value",
            )
        try:
            scanstring(self.source, self._start, True)
        except JSONDecodeError as problem:
            self._at = problem.pos + 1
            shown = _described(self.source[self._at : self._at + 1] or " ")
            raise self._failure(f"Unrecognized character escape {shown}") from problem
        self._at += 1

    def _skip_space(self) -> bool:
        """Go on to the next letter; False where there is none."""
        found = _SPACE.match(self.source, self._at)
        assert found is not None, "the expression matches the empty text"
        self._at = found.end()
        return self._at < len(self.source)

    def _skip_space_within(self) -> None:
        if not self._skip_space():
            raise self._failure(f"Unexpected end-of-input within/between {self._within()} entries")

    def _expect(self, letter: str, otherwise: str) -> None:
        if self.source[self._at] != letter:
            self._fail_letter(otherwise)
        self._at += 1

    def _within(self) -> str:
        return _KINDS[self._open[-1][0]]

    # Failures.

    def _failure(self, problem: str) -> MalformedJson:
        return MalformedJson(problem, self.location())

    def _fail_letter(self, expected: str, where: str = "") -> None:
        if self._at >= len(self.source):
            raise self._failure(f"Unexpected end-of-input{where}: {expected}")
        shown = _described(self.source[self._at])
        raise self._failure(f"Unexpected character ({shown}){where}: {expected}")

    def _fail_word(self) -> None:
        start = self._at
        while self._at < len(self.source) and _is_part(self.source[self._at]):
            self._at += 1
        word = self.source[start : self._at]
        if len(word) > _SHOWN_WORD_MAX:
            word = word[:_SHOWN_WORD_MAX] + "..."
        raise self._failure(f"Unrecognized token '{word}': was expecting {_VALUES}")

    def _fail_open(self) -> None:
        _, start = self._open[-1]
        raise self._failure(
            f"Unexpected end-of-input: expected close marker for {self._within()} "
            f"(start marker at {self.location(start)})"
        )

    def _fail_close(self, letter: str) -> None:
        if not self._open:
            self._fail_letter(f"expected a valid value {_VALUES}")
        kind, start = self._open[-1]
        raise self._failure(
            f"Unexpected close marker '{letter}': expected '{_CLOSING[kind]}' (for "
            f"{self._within()} starting at {self.location(start)})"
        )


def _is_part(letter: str) -> bool:
    return letter.isalnum() or letter in ("_", "$")


def _described(letter: str) -> str:
    code = ord(letter)
    if code < 32 or 127 <= code <= 159:
        return f"(CTRL-CHAR, code {code})"
    if code > 255:
        return f"'{letter}' (code {code} / 0x{code:x})"
    return f"'{letter}' (code {code})"
