"""Regular expressions of filter patterns, matched in time linear in the text whatever the pattern.

AWS's dialect has no groups, so an expression is a choice between sequences of character classes.
Each sequence lies in one integer, a bit for a position, and a step of the automaton is a few
operations on it; the sets that occur are remembered, as a table, up to a bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

POSITIONS_MAX = 1024
_ROWS_MAX = 512
_OTHER = 128  # Stands for every character outside ASCII: no class can tell them apart.
_SYMBOLS = 129
_NON_ASCII = re.compile(r"[^\x00-\x7f]")

# docs: AmazonCloudWatch/latest/logs/regex-expressions.html
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_#=@/;,-")
_OPERATORS = frozenset("^$?[]{}|\\*+.")
_ALL = frozenset(range(_SYMBOLS))
_DIGITS = frozenset(range(ord("0"), ord("9") + 1))
_WORD = _DIGITS | frozenset(range(65, 91)) | frozenset(range(97, 123)) | {ord("_")}
_SPACE = frozenset(map(ord, " \t\n\r\f\v"))
_ESCAPES = {
    "d": _DIGITS,
    "D": _ALL - _DIGITS,
    "w": _WORD,
    "W": _ALL - _WORD,
    "s": _SPACE,
    "S": _ALL - _SPACE,
    "t": frozenset({9}),
    "n": frozenset({10}),
    "r": frozenset({13}),
}

# For each symbol the row that follows, once it is known; last, the positions that are active.
Row = list[Any]


class InvalidRegex(Exception):
    """The expression is not of AWS's dialect, with what is wrong with it."""


class _Position:
    __slots__ = ("is_optional", "is_repeatable", "symbols")

    def __init__(self, symbols: frozenset[int], is_optional: bool, is_repeatable: bool) -> None:
        self.symbols = symbols
        self.is_optional = is_optional
        self.is_repeatable = is_repeatable


class _Sequence:
    """One alternative: positions, and whether it is tied to the text's beginning or end."""

    def __init__(self) -> None:
        self.positions: list[_Position] = []
        self.is_at_start = False
        self.is_at_end = False


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> list[_Sequence]:
        sequences = [self._sequence()]
        while self._at < len(self._text):
            self._at += 1  # the bar
            sequences.append(self._sequence())
        if sum(len(sequence.positions) + 1 for sequence in sequences) > POSITIONS_MAX:
            raise InvalidRegex("the expression is too long")
        return sequences

    def _sequence(self) -> _Sequence:
        sequence = _Sequence()
        while self._at < len(self._text) and self._text[self._at] != "|":
            if sequence.is_at_end:
                raise InvalidRegex("something follows $")
            character = self._text[self._at]
            if character == "^":
                if sequence.positions or sequence.is_at_start:
                    raise InvalidRegex("something precedes ^")
                sequence.is_at_start = True
                self._at += 1
            elif character == "$":
                sequence.is_at_end = True
                self._at += 1
            else:
                self._repeat(sequence, self._class())
        return sequence

    def _class(self) -> frozenset[int]:
        character = self._text[self._at]
        self._at += 1
        if character == ".":
            return _ALL
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._bracket()
        if character not in _PLAIN:
            raise InvalidRegex(character)
        return frozenset({ord(character)})

    def _escape(self) -> frozenset[int]:
        if self._at >= len(self._text):
            raise InvalidRegex("\\")
        character = self._text[self._at]
        self._at += 1
        if character == "x":
            digits = self._text[self._at : self._at + 2]
            if not re.fullmatch("[0-9A-Fa-f]{2}", digits) or int(digits, 16) >= _OTHER:
                raise InvalidRegex(f"\\x{digits}")
            self._at += 2
            return frozenset({int(digits, 16)})
        if character in _ESCAPES:
            return _ESCAPES[character]
        if character.isalnum() or ord(character) >= _OTHER:
            raise InvalidRegex(f"\\{character}")
        return frozenset({ord(character)})

    def _bracket(self) -> frozenset[int]:
        is_negated = self._take("^")
        symbols: set[int] = set()
        is_first = True
        while is_first or not self._take("]"):
            is_first = False
            low = self._bracket_item()
            if self._text[self._at : self._at + 1] == "-" and self._at + 1 < len(self._text):
                if self._text[self._at + 1] == "]" or len(low) != 1:
                    symbols |= low
                    continue
                self._at += 1
                high = self._bracket_item()
                if len(high) != 1 or min(high) < min(low):
                    raise InvalidRegex("a range that ends before it begins")
                symbols |= set(range(min(low), min(high) + 1))
            else:
                symbols |= low
        return _ALL - symbols if is_negated else frozenset(symbols)

    def _bracket_item(self) -> frozenset[int]:
        if self._at >= len(self._text):
            raise InvalidRegex("[")
        character = self._text[self._at]
        self._at += 1
        if character == "\\":
            return self._escape()
        if character not in _PLAIN and character not in _OPERATORS:
            raise InvalidRegex(character)
        return frozenset({ord(character)})

    def _repeat(self, sequence: _Sequence, symbols: frozenset[int]) -> None:
        low, high = self._bounds()
        added = max(low, 1) if high is None else high
        if len(sequence.positions) + added > POSITIONS_MAX:
            raise InvalidRegex("the expression is too long")
        sequence.positions += [
            _Position(symbols, is_optional=index >= low, is_repeatable=False)
            for index in range(added)
        ]
        if high is None:
            sequence.positions[-1].is_repeatable = True
        if self._text.startswith(("?", "*", "+", "{"), self._at):
            raise InvalidRegex("a quantifier of a quantifier")

    def _bounds(self) -> tuple[int, int | None]:
        if self._take("?"):
            return 0, 1
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._text[self._at : self._at + 1] != "{":
            return 1, 1
        found = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}").match(self._text, self._at)
        if found is None:
            raise InvalidRegex("{")
        self._at = found.end()
        low = int(found[1])
        if found[2] is None:
            return low, low
        high = int(found[3]) if found[3] else None
        if high is not None and high < low:
            raise InvalidRegex("a range that ends before it begins")
        return low, high

    def _take(self, character: str) -> bool:
        if self._text[self._at : self._at + 1] != character:
            return False
        self._at += 1
        return True


class _Automaton:
    """All sequences side by side in one integer, each after a bit that stands for its start."""

    def __init__(self, sequences: list[_Sequence]) -> None:
        self._masks = [0] * _SYMBOLS
        self._optional = self._repeatable = 0
        self._always = self._first = self._anywhere = self._at_end = 0
        bit = 1
        for sequence in sequences:
            self._first |= bit
            if not sequence.is_at_start:
                self._always |= bit
            for position in sequence.positions:
                bit <<= 1
                for symbol in position.symbols:
                    self._masks[symbol] |= bit
                self._optional |= bit if position.is_optional else 0
                self._repeatable |= bit if position.is_repeatable else 0
            if sequence.is_at_end:
                self._at_end |= bit
            else:
                self._anywhere |= bit
            bit <<= 1
        self._always |= self._skip(self._always)
        self._rows: dict[int, Row] = {}
        self._start_set = self._first | self._skip(self._first)
        self.is_empty_match = bool(self._start_set & self._anywhere)

    def _skip(self, active: int) -> int:
        """The optional positions that can be passed over from active ones, by carrying bits."""
        seeds = (active << 1) & self._optional
        return seeds | (self._optional & ~(self._optional + seeds))

    def _row(self, active: int) -> Row:
        row = self._rows.get(active)
        if row is None:
            if len(self._rows) >= _ROWS_MAX:
                self._rows = {}
            row = [None] * _SYMBOLS
            row.append(active)
            self._rows[active] = row
        return row

    def _step(self, active: int, symbol: int) -> int:
        mask = self._masks[symbol]
        moved = ((active << 1) & mask) | (active & self._repeatable & mask)
        return moved | self._skip(moved) | self._always

    def search(self, text: str) -> bool:
        """Say whether the expression occurs anywhere in the text."""
        if self.is_empty_match:
            return True
        data = text.encode() if text.isascii() else _NON_ASCII.sub("\x80", text).encode("latin-1")
        row = self._row(self._start_set)
        for symbol in data:
            following = row[symbol]
            if following is None:
                active = self._step(row[-1], symbol)
                if active & self._anywhere:
                    return True
                following = row[symbol] = self._row(active)
            row = following
        return bool(row[-1] & self._at_end)


def compile_regex(text: str) -> Callable[[str], bool]:
    """A function that says whether the expression occurs in a text; raises InvalidRegex."""
    if not text:
        raise InvalidRegex("%%")
    return _Automaton(_Parser(text).parse()).search
