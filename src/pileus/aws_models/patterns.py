"""Java's regular expressions, as the models have them, for whole strings and hostile input."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from re import _constants  # type: ignore[attr-defined]
from typing import Any

from pileus.aws_models.linear_match import Unsupported, compile_linear, parsed

# `re` may take about this many steps; with more ways to try, the linear matcher is used.
STEPS_MAX = 1_000_000
# No letter of these general categories stands beyond, save tags and variation selectors.
_LETTERS_END = 0x33500
_SELECTORS = (0xE0001, 0xE01F0)

_POSIX = {
    "ASCII": r"\x00-\x7f",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Cntrl": r"\x00-\x1f\x7f",
    "Digit": "0-9",
    "Graph": r"\x21-\x7e",
    "Lower": "a-z",
    "Print": r"\x20-\x7e",
    "Punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "Space": r"\t\n\r\f\v ",
    "Upper": "A-Z",
    "XDigit": "0-9a-fA-F",
}
_CLASS = re.compile(r"\\p\{(\w+)\}|\\p([LMNPSZC])")
# A pair of UTF-16 ranges stands for all letters beyond the first 65,536.
_SURROGATES = re.compile(r"\\u[dD]800\\u[dD][cC]00-\\u[dD][bB][fF][fF]\\u[dD][fF][fF][fF]")
# Java takes the hyphen after a class of letters as a hyphen.
_HYPHEN_AFTER_CLASS = re.compile(r"(\\[wdsWDS])-(?=[^\]])")


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole string matches; true of every string where Python cannot tell.

    The pattern is compiled when it is first held against something.
    """
    return lambda text: _compiled(pattern)(text)


@cache
def _compiled(pattern: str) -> Callable[[str], bool]:
    try:
        translated = _translated(pattern)
        tree = parsed(translated)
        compiled = re.compile(translated, re.ASCII)
    except (re.error, KeyError):
        return lambda text: True
    repeats, is_nested = _repeats(tree)
    if is_nested or repeats > 1:
        return _bounded(compiled, tree, 0 if is_nested else int(STEPS_MAX ** (1 / repeats)))
    return lambda text: compiled.fullmatch(text) is not None


def _bounded(compiled: re.Pattern[str], tree: Any, quick_length_max: int) -> Callable[[str], bool]:
    """`re` where the text is short enough for it, else the linear matcher."""
    linear: list[Callable[[str], bool]] = []

    def matches(text: str) -> bool:
        if len(text) <= quick_length_max:
            return compiled.fullmatch(text) is not None
        if not linear:
            try:
                linear.append(compile_linear(tree))
            except Unsupported:
                linear.append(lambda text: True)
        return linear[0](text)

    return matches


def _repeats(tree: Any) -> tuple[int, bool]:
    """How many repeats `re` may share a text out among, and whether one lies in another."""
    count, is_nested = 0, False
    for operation, argument in tree:
        inner_trees = []
        high = 1
        if operation in (
            _constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT
        ):  # fmt: skip
            low, high, inner = argument
            inner_trees = [inner]
            count += high != low and high > 20
        elif operation is _constants.SUBPATTERN:
            inner_trees = [argument[3]]
        elif operation is _constants.BRANCH:
            inner_trees = argument[1]
        elif operation in (_constants.ASSERT, _constants.ASSERT_NOT):
            inner_trees = [argument[1]]
        elif operation is _constants.ATOMIC_GROUP:
            inner_trees = [argument]
        for inner in inner_trees:
            inner_count, inner_nested = _repeats(inner)
            count += inner_count
            is_nested |= inner_nested or (high > 1 and inner_count > 0)
            is_nested |= high > 10 and _has_choice(inner)
    return count, is_nested


def _has_choice(tree: Any) -> bool:
    for operation, argument in tree:
        if operation is _constants.BRANCH:
            return True
        if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            if argument[0] != argument[1] or _has_choice(argument[2]):
                return True
        elif operation is _constants.SUBPATTERN and _has_choice(argument[3]):
            return True
    return False


def _translated(pattern: str) -> str:
    pattern = _SURROGATES.sub(r"\\U00010000-\\U0010ffff", pattern)
    pattern = _HYPHEN_AFTER_CLASS.sub(r"\1\\-", pattern)
    parts = []
    position = 0
    is_in_set = False
    for found in _CLASS.finditer(pattern):
        before = pattern[position : found.start()]
        is_in_set = _ends_in_set(before, is_in_set)
        letters = _letters(found[1] or found[2])
        parts += [before, letters if is_in_set else f"[{letters}]"]
        position = found.end()
    parts.append(pattern[position:])
    return "".join(parts)


def _ends_in_set(text: str, is_in_set: bool) -> bool:
    """Whether the end of a piece of pattern lies between the brackets of a set."""
    for bracket in re.findall(r"\\.|[\[\]]", text, re.DOTALL):
        if bracket == "[":
            is_in_set = True
        elif bracket == "]":
            is_in_set = False
    return is_in_set


@cache
def _letters(name: str) -> str:
    """The inside of a set of all letters of a POSIX class or a general category."""
    if name in _POSIX:
        return _POSIX[name]
    if len(name) > 2 or not name[0].isupper():
        raise KeyError(name)
    ranges: list[list[int]] = []
    for code in (*range(_LETTERS_END), *range(*_SELECTORS)):
        if unicodedata.category(chr(code)).startswith(name):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    if name in ("C", "Co", "Cn"):
        ranges.append([_SELECTORS[1], sys.maxunicode])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
