"""Many wildcards held against one text, in time that their number hardly adds to.

Few short wildcards, or a long text, are searched piece by piece. Many of them on a short text are
followed all at once: a number's bits are the places that are reached in all wildcards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Pieces = tuple[str, ...]

# Searching may compare each letter of a piece with each of the text: long wildcards are followed.
_SEARCHED_LETTERS_MAX = 1_000
# So few wildcards are always searched.
_SEARCHED_EFFORT_MAX = 2
# A search for a piece takes about this part of the time of looking at a wildcard.
_PIECE_SHARE = 0.25
# Looking at one end that is reached takes about as long as passing so many masks by.
_FEW_SHARE = 3


class _Searched(NamedTuple):
    first: str
    middle: Pieces
    last: str
    length_min: int
    mask: int

    def matches(self, text: str) -> bool:
        if not (text.startswith(self.first) and text.endswith(self.last)):
            return False
        # The first place of each piece leaves most for the next, so nothing is tried twice.
        at, end = len(self.first), len(text) - len(self.last)
        for piece in self.middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return at <= end


class Wildcards:
    """Wildcards as pieces between asterisks; each has a mask, which is found where it matches."""

    def __init__(self, masks: Mapping[Pieces, int]) -> None:
        self._searched = [
            _Searched(pieces[0], pieces[1:-1], pieces[-1], sum(map(len, pieces)), mask)
            for pieces, mask in masks.items()
        ]
        pieces_count = sum(len(each.middle) for each in self._searched)
        self._effort = len(masks) + pieces_count * _PIECE_SHARE
        self._letters = sum(each.length_min for each in self._searched)
        self._masks = masks
        self._followed: _Followed | None = None
        # What a letter costs, in units of a look at one small value. A few searches cost nothing.
        is_searched = (
            self._effort <= _SEARCHED_EFFORT_MAX and self._letters <= _SEARCHED_LETTERS_MAX
        )
        self.letter_effort = 0 if is_searched else 1 + self._letters // _SEARCHED_LETTERS_MAX

    def found(self, text: str, wanted: int) -> int:
        """The masks of those that match, as far as they are wanted."""
        if self._effort > _SEARCHED_EFFORT_MAX and (
            len(text) < self._effort or self._letters > _SEARCHED_LETTERS_MAX
        ):
            if self._followed is None:
                self._followed = _Followed(self._masks)
            return self._followed.found(text, wanted)
        found = 0
        length = len(text)
        for each in self._searched:
            if each.length_min <= length and each.mask & wanted & ~found and each.matches(text):
                found |= each.mask
        return found


class _Followed:
    """An automaton whose states are the places in front of, within and behind each wildcard."""

    def __init__(self, masks: Mapping[Pieces, int]) -> None:
        self._start = 0
        self._stays = 0
        self._steps: dict[str, int] = {}
        # Which ends each mask has, and the mask of each end.
        self._ends: dict[int, int] = {}
        self._masks: dict[int, int] = {}
        self._any_end = 0
        at = 0
        for pieces, mask in masks.items():
            self._start |= 1 << at
            for number, piece in enumerate(pieces):
                if number:
                    self._stays |= 1 << at
                for letter in piece:
                    self._steps[letter] = self._steps.get(letter, 0) | 1 << at
                    at += 1
            self._ends[mask] = self._ends.get(mask, 0) | 1 << at
            self._masks[at + 1] = mask
            self._any_end |= 1 << at
            at += 1

    def found(self, text: str, wanted: int) -> int:
        steps, stays = self._steps, self._stays
        reached = self._start
        for letter in text:
            reached = (reached & steps.get(letter, 0)) << 1 | reached & stays
            if not reached:
                return 0
        reached &= self._any_end
        if not reached:
            return 0
        found = 0
        if reached.bit_count() * _FEW_SHARE < len(self._ends):
            while reached:
                found |= self._masks[reached.bit_length()]
                reached ^= 1 << (reached.bit_length() - 1)
            return found
        for mask, ends in self._ends.items():
            if mask & wanted & ~found and reached & ends:
                found |= mask
        return found
