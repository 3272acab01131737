"""A compiled pattern, and how it is held against an event.

A pattern is a tree of field names; it and the event are walked together, so that the work grows
with the event and never with the ways in which array elements could be combined. Several
alternatives share one tree and one walk, as the bits of a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pileus.languages.event_patterns import values
from pileus.languages.event_patterns.grammar import Alternative, Condition, Path

Event = dict[str, Any]


class _Node:
    """A field: its condition, if it has one, and the fields within it."""

    __slots__ = ("children", "condition", "has_addresses", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.condition: Condition | None = None
        self.has_addresses = False
        self.children: dict[str, _Node] = {}

    def set(self, condition: Condition) -> None:
        self.condition = condition
        self.has_addresses = any(
            isinstance(key, tuple) and len(key) == 2 for key in condition.exact
        )


class Pattern:
    """Alternatives of which one must hold."""

    def __init__(self, alternatives: Sequence[Alternative]) -> None:
        self.alternatives = alternatives
        self._tree = _tree(alternatives[0]) if len(alternatives) == 1 else None
        self._shared = _shared_tree(alternatives) if len(alternatives) > 1 else None

    def matches(self, event: Event) -> bool:
        return self.matches_split(split_names(event))

    def matches_split(self, event: Event) -> bool:
        """As `matches`, for an event that `split_names` has seen."""
        if self._shared is not None:
            return _SharedWalk(event).satisfied(self._shared, event) != 0
        return self._tree is not None and _Walk(event).holds_within(self._tree, event)


class _Walk:
    """One event's way through the tree of one alternative."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._absent: dict[Path, bool] = {}

    def holds_within(self, node: _Node, value: Any) -> bool:
        """Whether one object, of those that the value is or holds, satisfies all fields."""
        if isinstance(value, dict):
            return self._satisfied_by(node, value)
        objects = [each for each in elements(value) if isinstance(each, dict)]
        return any(self._satisfied_by(node, each) for each in objects or ({},))

    def _satisfied_by(self, node: _Node, fields: Event) -> bool:
        # Loops rather than generators: this runs for each event and each rule that may match.
        for name, child in node.children.items():
            if not self._holds(child, fields.get(name, ())):
                return False
        return True

    def _holds(self, node: _Node, value: Any) -> bool:
        condition = node.condition
        if condition is not None:
            if isinstance(value, (list, tuple)):
                is_met = any(_satisfies(node, condition, each) for each in elements(value))
            else:
                is_met = _satisfies(node, condition, value)
            if not is_met and not (condition.may_be_absent and self._is_absent(node.path)):
                return False
        return not node.children or self.holds_within(node, value)

    def _is_absent(self, path: Path) -> bool:
        """Whether the field is nowhere in the event; asked for each element, found out once."""
        if path not in self._absent:
            self._absent[path] = next(leaves_at(self._event, path), self._event) is self._event
        return self._absent[path]


class _SharedNode:
    """A field of several alternatives; a number's bits say which."""

    __slots__ = ("children", "conditions", "inner", "users")

    def __init__(self) -> None:
        # Who asks for the field, and who for fields within it.
        self.users = 0
        self.inner = 0
        # Each condition once, with those that have it.
        self.conditions: dict[int, tuple[_Node, int]] = {}
        self.children: dict[str, _SharedNode] = {}


class _SharedWalk(_Walk):
    """One event's way through the tree of all alternatives, of which each step tells who is left.

    Whether an element satisfies a condition is found out once, however many alternatives ask.
    """

    def satisfied(self, node: _SharedNode, fields: Event) -> int:
        """Those whose fields within the node one object satisfies, of those that have some."""
        left = node.inner
        for name, child in node.children.items():
            asking = left & child.users
            if asking:
                left &= self._met(child, fields.get(name, ()), asking) | ~child.users
                if not left:
                    return 0
        return left

    def _met(self, node: _SharedNode, value: Any, asking: int) -> int:
        left = asking
        for field, users in node.conditions.values():
            if left & users and not self._holds(field, value):
                left &= ~users
        within = left & node.inner
        if not within:
            return left
        found = 0
        objects = [each for each in elements(value) if isinstance(each, dict)]
        for each in objects or ({},):
            found |= self.satisfied(node, each)
            if not within & ~found:
                break
        return left & (found | ~node.inner)


def _shared_tree(alternatives: Sequence[Alternative]) -> _SharedNode:
    root = _SharedNode()
    for number, alternative in enumerate(alternatives):
        bit = 1 << number
        root.users |= bit
        for path, condition in alternative.items():
            node = root
            for name in path:
                node.inner |= bit
                node = node.children.setdefault(name, _SharedNode())
                node.users |= bit
            field, users = node.conditions.get(id(condition), (None, 0))
            if field is None:
                field = _Node(path)
                field.set(condition)
            node.conditions[id(condition)] = (field, users | bit)
    return root


def _tree(alternative: Alternative) -> _Node:
    root = _Node(())
    for path, condition in alternative.items():
        node = root
        for depth, name in enumerate(path, 1):
            node = node.children.setdefault(name, _Node(path[:depth]))
        node.set(condition)
    return root


def _satisfies(node: _Node, condition: Condition, value: Any) -> bool:
    if isinstance(value, dict):
        return False
    if isinstance(value, bool):
        if (value,) in condition.exact:
            return True
    elif value in condition.exact or (
        node.has_addresses and values.exact_key(value) in condition.exact
    ):
        return True
    return bool(condition.tests) and any(test(value) for test in condition.tests)


def elements(value: Any) -> Iterator[Any]:
    """The value, or what an array holds at any depth."""
    if not isinstance(value, (list, tuple)):
        yield value
        return
    waiting = [iter(value)]
    while waiting:
        for each in waiting[-1]:
            if isinstance(each, list | tuple):
                waiting.append(iter(each))
                break
            yield each
        else:
            waiting.pop()


def leaves_at(event: Event, path: Path) -> Iterator[Any]:
    """All values of a field that are no objects."""
    found: list[Any] = [event]
    for name in path:
        found = [
            each[name]
            for value in found
            for each in elements(value)
            if isinstance(each, dict) and name in each
        ]
    for value in found:
        for each in elements(value):
            if not isinstance(each, dict):
                yield each


def split_names(event: Event) -> Event:
    """The event with dotted names taken apart: to AWS, {"a.b": 1} and {"a": {"b": 1}} are one."""
    return _split(event) if _has_dots(event) else event


def _has_dots(event: Event) -> bool:
    waiting: list[Any] = [event]
    for value in waiting:
        if isinstance(value, dict):
            for name, each in value.items():
                if "." in name:
                    return True
                if isinstance(each, (dict, list)):
                    waiting.append(each)
        else:
            waiting += [each for each in value if isinstance(each, (dict, list))]
    return False


def _split(event: Event) -> Event:
    made: Event = {}
    # What is to be copied, and where to.
    waiting: list[tuple[Event, Event]] = [(event, made)]
    while waiting:
        source, target = waiting.pop()
        for name, value in source.items():
            place = target
            *outer, last = name.split(".")
            for part in outer:
                place = _object_at(place, part)
            if isinstance(value, dict):
                waiting.append((value, _object_at(place, last)))
            else:
                _put(place, last, _copied(value, waiting))
    return made


def _object_at(target: Event, name: str) -> Event:
    found = target.get(name)
    if isinstance(found, dict):
        return found
    made: Event = {}
    _put(target, name, made)
    return made


def _put(target: Event, name: str, value: Any) -> None:
    """Add a value; one that is there already stands beside it."""
    target[name] = [target[name], value] if name in target else value


def _copied(value: Any, waiting: list[tuple[Event, Event]]) -> Any:
    if not isinstance(value, list):
        return value
    copies: list[Any] = []
    for each in elements(value):
        if isinstance(each, dict):
            copy: Event = {}
            waiting.append((each, copy))
            copies.append(copy)
        else:
            copies.append(each)
    return copies
