"""All that is asked of one field, by however many alternatives, as one look at each value.

Who asks is a number's bit, so that what a value satisfies is a number too. The time that a value
takes grows with its length, and hardly with how many conditions there are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from pileus.languages.event_patterns import values
from pileus.languages.event_patterns.grammar import Condition
from pileus.languages.event_patterns.values import (
    Like,
    Network,
    Present,
    Range,
    Unequal,
    Unlike,
)
from pileus.languages.event_patterns.wildcards import Pieces, Wildcards

_ADDRESS_EFFORT = 8


class FieldTests:
    """Conditions of one field, each with those who have it."""

    def __init__(self, conditions: Sequence[tuple[Condition, int]]) -> None:
        # Who has a condition here, and whose also holds where the field is nowhere.
        self.users = 0
        self.absent = 0
        self._any = 0
        self._exact: dict[Hashable, int] = {}
        # Who excludes values, and who excludes a value in each of its exclusions.
        self._unequal = 0
        self._equal: dict[Hashable, int] = {}
        self._unlike = 0
        ranges: list[tuple[Range, int]] = []
        networks: dict[int, list[tuple[Range, int]]] = {}
        likes: list[tuple[Like, int]] = []
        unlikes: list[tuple[Unlike, int]] = []
        for condition, users in conditions:
            self.users |= users
            if condition.may_be_absent:
                self.absent |= users
            for key in condition.exact:
                self._exact[key] = self._exact.get(key, 0) | users
            excluded: list[frozenset[Hashable]] = []
            for test in condition.tests:
                if isinstance(test, Range):
                    ranges.append((test, users))
                elif isinstance(test, Network):
                    within = Range(test.low, False, test.high, False)
                    networks.setdefault(test.version, []).append((within, users))
                elif isinstance(test, Like):
                    likes.append((test, users))
                elif isinstance(test, Unlike):
                    unlikes.append((test, users))
                    self._unlike |= users
                elif isinstance(test, Unequal):
                    excluded.append(test.keys)
                else:
                    assert isinstance(test, Present), "there is no other test"
                    self._any |= users
            if excluded:
                self._unequal |= users
                for key in frozenset.intersection(*excluded):
                    self._equal[key] = self._equal.get(key, 0) | users
        self._numbers = _Ranges(ranges) if ranges else None
        self._networks = {version: _Ranges(those) for version, those in networks.items()}
        self._texts = _Texts(likes, unlikes) if likes or unlikes else None
        self._has_addresses = bool(networks) or any(
            isinstance(key, tuple) and len(key) == 2 for key in self._exact
        )
        # What a value costs, and each of its letters: the unit is a look at one exact value.
        self.value_effort = 1 + (_ADDRESS_EFFORT if self._has_addresses else 0)
        self.letter_effort = 0
        if self._texts is not None:
            self.value_effort += self._texts.value_effort
            self.letter_effort = self._texts.letter_effort

    def met(self, value: Any, wanted: int) -> int:
        """Whose conditions a value satisfies that is no object, at least of those wanted."""
        if isinstance(value, str):
            found = self._any | self._exact.get(value, 0)
            if self._unequal:
                found |= self._unequal & ~self._equal.get(value, 0)
            if self._has_addresses and wanted & ~found:
                found |= self._met_by_address(value)
            if self._texts is not None and wanted & ~found:
                found |= self._texts.met(value, wanted & ~found)
            return found
        if isinstance(value, bool):
            return self._any | self._unequal | self._unlike | self._exact.get((value,), 0)
        found = self._any | self._unlike | self._exact.get(value, 0)
        if self._unequal:
            found |= self._unequal & ~self._equal.get(value, 0)
        if self._numbers is not None and isinstance(value, int | float):
            found |= self._numbers.around(value)
        return found

    def _met_by_address(self, text: str) -> int:
        address = values.address(text)
        if address is None:
            return 0
        version, number = address
        networks = self._networks.get(version)
        return self._exact.get(address, 0) | (networks.around(number) if networks else 0)


class _Ranges:
    """The line of numbers, cut at each bound."""

    def __init__(self, ranges: Iterable[tuple[Range, int]]) -> None:
        ranges = list(ranges)
        bounds = {bound for each, _ in ranges for bound in (each.low, each.high)}
        self._bounds = sorted(bounds)
        places = {bound: place for place, bound in enumerate(self._bounds)}
        self._at = [0] * len(places)
        # Before each bound, and behind the last.
        self._before = [0] * (len(places) + 1)
        for each, users in ranges:
            low, high = places[each.low], places[each.high]
            for place in range(low, high + 1):
                if (place > low or not each.is_low_open) and (
                    place < high or not each.is_high_open
                ):
                    self._at[place] |= users
                if place > low:
                    self._before[place] |= users

    def around(self, number: int | float) -> int:
        place = bisect_left(self._bounds, number)
        if place < len(self._bounds) and self._bounds[place] == number:
            return self._at[place]
        return self._before[place]


class _Texts:
    """What texts must, or must not, be like."""

    def __init__(
        self, likes: Sequence[tuple[Like, int]], unlikes: Sequence[tuple[Unlike, int]]
    ) -> None:
        # Exclusions are numbered by bits behind those of the users.
        width = max(users for _, users in (*likes, *unlikes)).bit_length()
        self._users = (1 << width) - 1
        self._exclusions: dict[int, int] = {}
        masks: dict[tuple[bool, Pieces], int] = {}
        for like, users in likes:
            key = like.folds, like.pieces
            masks[key] = masks.get(key, 0) | users
        for number, (unlike, users) in enumerate(unlikes):
            bit = 1 << (width + number)
            self._exclusions[users] = self._exclusions.get(users, 0) | bit
            for like in unlike.likes:
                key = like.folds, like.pieces
                masks[key] = masks.get(key, 0) | bit
        self._all_exclusions = ((1 << len(unlikes)) - 1) << width
        self._as_is = _Likes({pieces: mask for (folds, pieces), mask in masks.items() if not folds})
        self._folded = _Likes({pieces: mask for (folds, pieces), mask in masks.items() if folds})
        self.value_effort = self._as_is.value_effort + self._folded.value_effort
        self.letter_effort = self._as_is.letter_effort + self._folded.letter_effort

    def met(self, text: str, wanted: int) -> int:
        asked = wanted | self._all_exclusions
        found = self._as_is.found(text, asked)
        if not self._folded.is_empty:
            found |= self._folded.found(text.lower(), asked)
        met = found & self._users
        for users, exclusions in self._exclusions.items():
            # One of its exclusions that does not name the text is enough.
            if users & wanted and found & exclusions != exclusions:
                met |= users
        return met


class _Likes:
    """Texts that others are compared with: whole, at the start, at the end, or with wildcards."""

    def __init__(self, masks: dict[Pieces, int]) -> None:
        self.is_empty = not masks
        self._whole: dict[str, int] = {}
        starts: dict[str, int] = {}
        ends: dict[str, int] = {}
        wildcards: dict[Pieces, int] = {}
        for pieces, mask in masks.items():
            if len(pieces) == 1:
                self._whole[pieces[0]] = mask
            elif len(pieces) == 2 and not pieces[1]:
                starts[pieces[0]] = mask
            elif len(pieces) == 2 and not pieces[0]:
                ends[pieces[1]] = mask
            else:
                wildcards[pieces] = mask
        self._starts = _by_length(starts)
        self._ends = _by_length(ends)
        self._wildcards = Wildcards(wildcards) if wildcards else None
        self.value_effort = 1 + len(self._starts) + len(self._ends)
        self.letter_effort = self._wildcards.letter_effort if self._wildcards else 0

    def found(self, text: str, asked: int) -> int:
        found = self._whole.get(text, 0)
        length = len(text)
        for count, masks in self._starts:
            if count > length:
                break
            found |= masks.get(text[:count], 0)
        for count, masks in self._ends:
            if count > length:
                break
            found |= masks.get(text[length - count :], 0)
        if self._wildcards is not None and asked & ~found:
            found |= self._wildcards.found(text, asked & ~found)
        return found


def _by_length(masks: dict[str, int]) -> list[tuple[int, dict[str, int]]]:
    lengths: dict[int, dict[str, int]] = {}
    for text, mask in masks.items():
        lengths.setdefault(len(text), {})[text] = mask
    return sorted(lengths.items())
