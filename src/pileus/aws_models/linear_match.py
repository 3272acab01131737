"""Matches regular expressions in time linear in the text, for patterns that could take forever.

Python's `re` tries one way after the other; this follows all ways at once. It knows what the
models' patterns use: no groups to refer back to, no case folding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

INSTRUCTIONS_MAX = 20_000
# Letters times instructions: beyond this a text is taken as it is.
WORK_MAX = 500_000
# A repeat up to more times than this is taken as one without end: lengths have limits of their own.
REPEATS_MAX = 255

Test = Callable[[str], bool]
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_CATEGORIES: dict[Any, Test] = {
    _constants.CATEGORY_DIGIT: lambda letter: "0" <= letter <= "9",
    _constants.CATEGORY_NOT_DIGIT: lambda letter: not "0" <= letter <= "9",
    _constants.CATEGORY_SPACE: lambda letter: letter in " \t\n\r\f\v",
    _constants.CATEGORY_NOT_SPACE: lambda letter: letter not in " \t\n\r\f\v",
    _constants.CATEGORY_WORD: lambda letter: (
        letter.isascii() and (letter.isalnum() or letter == "_")
    ),
    _constants.CATEGORY_NOT_WORD: lambda letter: (
        not (letter.isascii() and (letter.isalnum() or letter == "_"))
    ),
}


class Unsupported(ValueError):
    """The pattern uses what this matcher does not have."""


def parsed(pattern: str) -> Any:
    """The syntax tree of a pattern. Raises re.error."""
    return _parser.parse(pattern, _constants.SRE_FLAG_ASCII)


def compile_linear(tree: Any) -> Callable[[str], bool]:
    """Whether a whole text matches. Raises Unsupported."""
    if tree.state.flags & ~_constants.SRE_FLAG_ASCII:
        raise Unsupported("flags")
    program = _Program()
    program.sequence(tree)
    program.add("match")
    return program.matches_whole


class _Program:
    """Instructions: a letter to test, places to go on at, a condition on the place, or the end."""

    def __init__(self) -> None:
        self._code: list[tuple[Any, ...]] = []

    def add(self, *instruction: Any) -> int:
        if len(self._code) >= INSTRUCTIONS_MAX:
            raise Unsupported("the pattern is too large")
        self._code.append(instruction)
        return len(self._code) - 1

    def sequence(self, tree: Any) -> None:
        for operation, argument in tree:
            self._node(operation, argument)

    def _node(self, operation: Any, argument: Any) -> None:
        if operation in _REPEATS:
            self._repeat(*argument)
        elif operation is _constants.SUBPATTERN:
            _, added_flags, _, inner = argument
            if added_flags:
                raise Unsupported("flags within a pattern")
            self.sequence(inner)
        elif operation is _constants.ATOMIC_GROUP:
            self.sequence(argument)
        elif operation is _constants.BRANCH:
            self._branch(argument[1])
        elif operation is _constants.AT:
            self.add("at", argument)
        elif operation in (_constants.ASSERT, _constants.ASSERT_NOT):
            self._look(operation is _constants.ASSERT, *argument)
        else:
            self.add("letter", _letter_test(operation, argument))

    def _repeat(self, low: int, high: int, inner: Any) -> None:
        for _ in range(low):
            self.sequence(inner)
        if high is _constants.MAXREPEAT or high > REPEATS_MAX:
            start = self.add("split")
            self.sequence(inner)
            self.add("jump", start)
            self._code[start] = ("split", start + 1, len(self._code))
            return
        starts = []
        for _ in range(high - low):
            starts.append(self.add("split"))
            self.sequence(inner)
        for start in starts:
            self._code[start] = ("split", start + 1, len(self._code))

    def _branch(self, branches: list[Any]) -> None:
        split = self.add("split")
        starts, jumps = [], []
        for branch in branches:
            starts.append(len(self._code))
            self.sequence(branch)
            jumps.append(self.add("jump"))
        self._code[split] = ("split", *starts)
        for jump in jumps:
            self._code[jump] = ("jump", len(self._code))

    def _look(self, is_wanted: bool, direction: int, inner: Any) -> None:
        program = _Program()
        program.sequence(inner)
        program.add("match")
        width = 0
        if direction < 0:
            width, most = inner.getwidth()
            if width != most:
                raise Unsupported("a look behind of any width")
        self.add("look", is_wanted, width, program)

    def matches_whole(self, text: str) -> bool:
        """Whether the whole text matches; true also of texts that would take too long."""
        if len(text) * len(self._code) > WORK_MAX:
            return True
        states = self._closure({0: None}, text, 0)
        for position, letter in enumerate(text):
            if not states:
                return False
            ahead = {state + 1: None for state in states if self._takes(state, letter)}
            states = self._closure(ahead, text, position + 1)
        return self._has_matched(states)

    def _matches_here(self, text: str, position: int) -> bool:
        """Whether some text from a position on matches."""
        states = self._closure({0: None}, text, position)
        while not self._has_matched(states):
            if not states or position == len(text):
                return False
            letter = text[position]
            position += 1
            ahead = {state + 1: None for state in states if self._takes(state, letter)}
            states = self._closure(ahead, text, position)
        return True

    def _takes(self, state: int, letter: str) -> bool:
        instruction = self._code[state]
        return bool(instruction[0] == "letter" and instruction[1](letter))

    def _has_matched(self, states: dict[int, None]) -> bool:
        return len(self._code) - 1 in states

    def _closure(self, states: dict[int, None], text: str, position: int) -> dict[int, None]:
        """The states that can be reached without taking a letter."""
        reached: dict[int, None] = {}
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            reached[state] = None
            kind, *arguments = self._code[state]
            if kind in ("split", "jump"):
                waiting.extend(arguments)
            elif (kind == "at" and _is_at(arguments[0], text, position)) or (
                kind == "look" and _looks(arguments[0], arguments[1], arguments[2], text, position)
            ):
                waiting.append(state + 1)
        return reached


def _looks(is_wanted: bool, width: int, program: _Program, text: str, position: int) -> bool:
    if width > position:
        return not is_wanted
    # A look behind has a fixed width, so that what matches from there ends here.
    seen = text[:position] if width else text
    return program._matches_here(seen, position - width) == is_wanted


def _is_at(place: Any, text: str, position: int) -> bool:
    if place in (_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING):
        return position == 0
    if place is _constants.AT_END_STRING:
        return position == len(text)
    if place is _constants.AT_END:
        return position == len(text) or (position == len(text) - 1 and text[position] == "\n")
    if place in (_constants.AT_BOUNDARY, _constants.AT_NON_BOUNDARY):
        is_word = _CATEGORIES[_constants.CATEGORY_WORD]
        before = position > 0 and is_word(text[position - 1])
        after = position < len(text) and is_word(text[position])
        return (before != after) == (place is _constants.AT_BOUNDARY)
    raise Unsupported(f"{place}")


def _letter_test(operation: Any, argument: Any) -> Test:
    if operation is _constants.LITERAL:
        wanted = chr(argument)
        return lambda letter: letter == wanted
    if operation is _constants.NOT_LITERAL:
        unwanted = chr(argument)
        return lambda letter: letter != unwanted
    if operation is _constants.ANY:
        return lambda letter: letter != "\n"
    if operation is _constants.IN:
        return _set_test(argument)
    raise Unsupported(f"{operation}")


def _set_test(items: list[Any]) -> Test:
    is_negated = items[0][0] is _constants.NEGATE
    letters: set[str] = set()
    ranges: list[tuple[str, str]] = []
    categories: list[Test] = []
    for operation, argument in items[is_negated:]:
        if operation is _constants.LITERAL:
            letters.add(chr(argument))
        elif operation is _constants.RANGE:
            ranges.append((chr(argument[0]), chr(argument[1])))
        elif operation is _constants.CATEGORY:
            categories.append(_CATEGORIES[argument])
        else:
            raise Unsupported(f"{operation}")

    # Sets of whole alphabets have hundreds of ranges, and texts few different letters.
    @lru_cache(maxsize=512)
    def test(letter: str) -> bool:
        found = (
            letter in letters
            or any(low <= letter <= high for low, high in ranges)
            or any(is_of(letter) for is_of in categories)
        )
        return found != is_negated

    return test
