"""Finds which of many patterns match an event without trying them all."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Generic, TypeVar

from pileus.languages.event_patterns import values
from pileus.languages.event_patterns.grammar import Alternative, Path
from pileus.languages.event_patterns.pattern import (
    Event,
    Judgement,
    Pattern,
    elements,
    shared_fields,
)

Key = TypeVar("Key", bound=Hashable)
_Posting = dict[Any, None]


class _Node:
    """A field by which patterns are found: by a value that they ask for, or by its being there."""

    __slots__ = ("by_value", "children", "of_any_value")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.by_value: dict[Hashable, _Posting] = {}
        self.of_any_value: _Posting = {}

    @property
    def is_empty(self) -> bool:
        return not (self.children or self.by_value or self.of_any_value)


class PatternIndex(Generic[Key]):
    """Each alternative of a pattern is filed under the values of one field that it needs: of the
    fields with exact values the one that has the fewest neighbours, else any field that must be
    there. What needs nothing is always tried.
    """

    def __init__(self) -> None:
        self._patterns: dict[Key, Pattern] = {}
        self._root = _Node()
        self._unfiled: _Posting = {}
        self._places: dict[Key, list[tuple[Path, frozenset[Hashable]]]] = {}

    def __len__(self) -> int:
        return len(self._patterns)

    def add(self, key: Key, pattern: Pattern) -> None:
        """File a pattern; one of the same key is replaced."""
        self.remove(key)
        self._patterns[key] = pattern
        places = [self._best_place(alternative) for alternative in pattern.alternatives]
        self._places[key] = places
        for place in places:
            for posting in self._postings(*place):
                posting[key] = None

    def remove(self, key: Key) -> None:
        if self._patterns.pop(key, None) is None:
            return
        for place in self._places.pop(key):
            for posting in self._postings(*place):
                posting.pop(key, None)
            self._prune(*place)

    def candidates(self, event: Event) -> Iterable[Key]:
        """The keys of patterns that may match an event that `split_names` has seen."""
        candidates = dict(self._unfiled)
        # What long arrays name many times is taken once.
        taken: set[int] = set()
        waiting: list[tuple[_Node, Any]] = [(self._root, event)]
        while waiting:
            node, value = waiting.pop()
            if isinstance(value, dict):
                waiting += shared_fields(node.children, value)
                continue
            for each in elements(value) if isinstance(value, list | tuple) else (value,):
                if isinstance(each, dict):
                    waiting += shared_fields(node.children, each)
                    continue
                found = node.by_value.get(values.exact_key(each)) if node.by_value else None
                for posting in (node.of_any_value, found):
                    if posting and id(posting) not in taken:
                        taken.add(id(posting))
                        candidates.update(posting)
        return candidates

    def judge(self, key: Key, event: Event) -> Judgement:
        """Hold one pattern against an event that `split_names` has seen."""
        return self._patterns[key].judge(event)

    # Places.

    def _best_place(self, alternative: Alternative) -> tuple[Path, frozenset[Hashable]]:
        best: tuple[Path, frozenset[Hashable]] = ((), frozenset())
        best_rank: tuple[int, int] | None = None
        for path, condition in alternative.items():
            if condition.may_be_absent:
                continue
            keys = frozenset() if condition.tests else condition.exact
            neighbours = sum(len(posting) for posting in self._found(path, keys))
            # A value tells more than the presence of a field.
            rank = (0 if keys else 1, neighbours + len(keys))
            if best_rank is None or rank < best_rank:
                best, best_rank = (path, keys), rank
        return best

    def _found(self, path: Path, keys: frozenset[Hashable]) -> Iterable[_Posting]:
        node: _Node | None = self._root
        for name in path:
            node = node.children.get(name) if node else None
        if node is None:
            return ()
        if not keys:
            return (node.of_any_value,)
        return [node.by_value[key] for key in keys if key in node.by_value]

    def _postings(self, path: Path, keys: frozenset[Hashable]) -> Iterable[_Posting]:
        if not path:
            return (self._unfiled,)
        node = self._root
        for name in path:
            node = node.children.setdefault(name, _Node())
        return [node.by_value.setdefault(key, {}) for key in keys] or (node.of_any_value,)

    def _prune(self, path: Path, keys: frozenset[Hashable]) -> None:
        if not path:
            return
        way = [self._root]
        for name in path:
            inner = way[-1].children.get(name)
            if inner is None:
                return
            way.append(inner)
        for key in keys:
            if not way[-1].by_value.get(key, True):
                del way[-1].by_value[key]
        while len(way) > 1 and way[-1].is_empty:
            del way[-2].children[path[len(way) - 2]]
            way.pop()
