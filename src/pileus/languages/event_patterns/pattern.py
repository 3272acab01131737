"""A compiled pattern, and how it is held against an event.

A pattern is a tree of field names; it and the event are walked together, so that the work grows
with the event and never with the ways in which array elements could be combined. Several
alternatives share one tree and one walk, as the bits of a number.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pileus.languages.event_patterns.field_tests import FieldTests
from pileus.languages.event_patterns.grammar import Alternative, Condition, Path

Event = dict[str, Any]
# So few fields are asked for one by one.
_FEW = 8
# What an object in an array costs beside its fields, in units of a look at one small value.
_OBJECT_EFFORT = 8


class _Node:
    """A field of some alternatives; a number's bits say which."""

    __slots__ = ("children", "conditions", "inner", "tests", "users")

    def __init__(self) -> None:
        # Who asks for the field, and who for fields within it.
        self.users = 0
        self.inner = 0
        # Each condition once, with those that have it; then all of them as one.
        self.conditions: dict[int, tuple[Condition, int]] = {}
        self.tests: FieldTests | None = None
        self.children: dict[str, _Node] = {}

    def compile(self) -> None:
        if self.conditions:
            self.tests = FieldTests(list(self.conditions.values()))
        for child in self.children.values():
            child.compile()


class Judgement(NamedTuple):
    """Whether a pattern holds, and what it took to find out beside the looks at single values."""

    matches: bool
    effort: int


class Pattern:
    """Alternatives of which one must hold."""

    def __init__(self, alternatives: Sequence[Alternative]) -> None:
        self.alternatives = alternatives
        self._root = _tree(alternatives)
        # What an event must say to satisfy the pattern at a glance, where a glance can do.
        self._plain: list[tuple[Path, frozenset[Hashable]]] = []
        if len(alternatives) == 1 and all(each.exact for each in alternatives[0].values()):
            self._plain = [(path, each.exact) for path, each in alternatives[0].items()]

    def matches(self, event: Event) -> bool:
        return self.matches_split(split_names(event))

    def matches_split(self, event: Event) -> bool:
        """As `matches`, for an event that `split_names` has seen."""
        return self.judge(event).matches

    def judge(self, event: Event) -> Judgement:
        """As `matches_split`, with the effort that long arrays and texts took."""
        if self._plain and _says_all(self._plain, event):
            return _AT_A_GLANCE
        root = self._root
        walk = _Walk(root, event)
        return Judgement(walk.satisfied(root, event, root.inner) != 0, walk.effort)


_AT_A_GLANCE = Judgement(True, 0)


def _says_all(wanted: Sequence[tuple[Path, frozenset[Hashable]]], event: Event) -> bool:
    """Whether each field has one of the texts that are wanted of it, and lies in no array."""
    for path, texts in wanted:
        value: Any = event
        for name in path:
            if type(value) is not dict:
                return False
            value = value.get(name)
        if type(value) is not str or value not in texts:
            return False
    return True


class _Needed:
    """The fields that an object must have: for whom by field, and which by who needs them."""

    __slots__ = ("_names", "fields", "users")

    def __init__(self) -> None:
        self.users = 0
        self.fields: dict[str, int] = {}
        self._names: dict[int, list[str]] = {}

    def add(self, name: str, users: int) -> None:
        self.users |= users
        self.fields[name] = users
        while users:
            bit = users & -users
            self._names.setdefault(bit, []).append(name)
            users ^= bit

    def unmet(self, users: int, fields: Event) -> int:
        """Those of the users who need a field that an object lacks."""
        found = 0
        if users.bit_count() > _FEW:
            for name, those in self.fields.items():
                if name not in fields:
                    found |= those
            return found & users
        while users:
            bit = users & -users
            names = self._names[bit]
            if len(names) > len(fields) or any(name not in fields for name in names):
                found |= bit
            users ^= bit
        return found


class _Walk:
    """One event's way through the tree, of which each step tells who is left.

    The work grows with the event and with the pattern, and hardly with their product: an object
    is asked for the fields that it has, and fields that it lacks are judged once for all objects.
    """

    def __init__(self, root: _Node, event: Event) -> None:
        self._root = root
        self._event = event
        self._present: set[int] | None = None
        self._needed: dict[int, _Needed] = {}
        self.effort = 0

    def satisfied(self, node: _Node, fields: Event, left: int) -> int:
        """Those left whose fields within the node an object satisfies, of those that have some."""
        children = node.children
        if len(children) <= _FEW:
            # Loops rather than generators: this runs for each event and each rule that may match.
            for name, child in children.items():
                asking = left & child.users
                if asking:
                    left &= self._met(child, fields.get(name, ()), asking) | ~child.users
                    if not left:
                        return 0
            return left
        needed = self._needed.get(id(node))
        if needed is None:
            needed = self._needed[id(node)] = self._find_needed(node)
        # Who needs a field, and then whether the object has one that they need.
        choosy = left & needed.users
        left ^= choosy
        for name in fields if len(fields) < len(needed.fields) else needed.fields:
            if name in fields and name in needed.fields:
                left |= choosy & needed.fields[name]
        for child, value in shared_fields(children, fields):
            asking = left & child.users
            if asking:
                left &= self._met(child, value, asking) | ~child.users
                if not left:
                    return 0
        return left & ~needed.unmet(left & choosy, fields)

    def _met(self, node: _Node, value: Any, asking: int) -> int:
        left = asking
        tests = node.tests
        if tests is not None:
            unmet = left & tests.users
            if unmet:
                is_plain = isinstance(value, str) and not tests.letter_effort
                met = tests.met(value, unmet) if is_plain else self._found(tests, value, unmet)
                unmet &= ~met
            if unmet & tests.absent and not self._is_present(node):
                unmet &= ~tests.absent
            left &= ~unmet
        within = left & node.inner
        if not within:
            return left
        if isinstance(value, dict):
            return left & (self.satisfied(node, value, within) | ~node.inner)
        found = 0
        has_objects = False
        for each in elements(value):
            if isinstance(each, dict):
                has_objects = True
                self.effort += _OBJECT_EFFORT
                found |= self.satisfied(node, each, within & ~found)
                if not within & ~found:
                    break
        if not has_objects:
            found = self.satisfied(node, {}, within)
        return left & (found | ~node.inner)

    def _found(self, tests: FieldTests, value: Any, wanted: int) -> int:
        """Whose conditions one of the values satisfies."""
        if isinstance(value, dict):
            return 0
        if not isinstance(value, list | tuple):
            if tests.letter_effort and isinstance(value, str):
                self.effort += len(value) * tests.letter_effort
            return tests.met(value, wanted)
        found = 0
        for each in elements(value):
            self.effort += tests.value_effort
            if not isinstance(each, dict):
                if tests.letter_effort and isinstance(each, str):
                    self.effort += len(each) * tests.letter_effort
                found |= tests.met(each, wanted & ~found)
                if not wanted & ~found:
                    break
        return found

    def _find_needed(self, node: _Node) -> _Needed:
        found = _Needed()
        for name, child in node.children.items():
            refused = child.users & ~self._met(child, (), child.users)
            if refused:
                found.add(name, refused)
        return found

    def _is_present(self, node: _Node) -> bool:
        """Whether the event has a value for the field anywhere; found out once for all fields."""
        if self._present is None:
            self._present = set()
            waiting: list[tuple[_Node, Any]] = [(self._root, self._event)]
            while waiting:
                field, value = waiting.pop()
                for each in elements(value):
                    if isinstance(each, dict):
                        waiting += shared_fields(field.children, each)
                    else:
                        self._present.add(id(field))
        return id(node) in self._present


def _tree(alternatives: Sequence[Alternative]) -> _Node:
    root = _Node()
    for number, alternative in enumerate(alternatives):
        bit = 1 << number
        root.users |= bit
        for path, condition in alternative.items():
            node = root
            for name in path:
                node.inner |= bit
                node = node.children.setdefault(name, _Node())
                node.users |= bit
            _, users = node.conditions.get(id(condition), (None, 0))
            node.conditions[id(condition)] = (condition, users | bit)
    root.compile()
    return root


Field = TypeVar("Field")


def shared_fields(children: Mapping[str, Field], fields: Event) -> list[tuple[Field, Any]]:
    """The fields that both a tree and an object have, by way of the smaller of them."""
    if len(children) < len(fields):
        return [(inner, fields[name]) for name, inner in children.items() if name in fields]
    return [(children[name], each) for name, each in fields.items() if name in children]


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


def split_names(event: Event) -> Event:
    """The event with dotted names taken apart: to AWS, {"a.b": 1} and {"a": {"b": 1}} are one."""
    return _split(event) if _has_dots(event) else event


def _has_dots(event: Event) -> bool:
    waiting: list[Any] = [event]
    for value in waiting:
        if isinstance(value, dict):
            # One look at all names, since this is asked of each event.
            if "." in "\n".join(value):
                return True
            value = value.values()
        for each in value:
            if isinstance(each, (dict, list)):
                waiting.append(each)
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
