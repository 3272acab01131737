"""Updates: SET, REMOVE, ADD and DELETE, read once for each text and applied to items."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from pileus.languages.item_expressions import errors, numbers, paths, values
from pileus.languages.item_expressions.paths import Path
from pileus.languages.item_expressions.placeholders import Placeholders
from pileus.languages.item_expressions.tokens import Tokens
from pileus.languages.item_expressions.values import LONG_NAMES, SETS, Item, Value

_SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
_IF_NOT_EXISTS, _LIST_APPEND = "if_not_exists", "list_append"
_CONDITION_FUNCTIONS = frozenset(
    {
        "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains",
        "size",
    }
)  # fmt: skip
_DEPTH_MAX = 50
OPERATORS_MAX = 300


class Operation(NamedTuple):
    """`+`, `-`, or a function, of operands."""

    name: str
    operands: tuple[Operand, ...]


class ValueName(NamedTuple):
    name: str


class Reference(NamedTuple):
    path: Path


Operand = Operation | ValueName | Reference


class Action(NamedTuple):
    """One clause; REMOVE has no operand."""

    section: str
    path: Path
    operand: Operand | None


@lru_cache(maxsize=2048)
def parse(expression: str) -> tuple[Action, ...]:
    """Raises ExpressionError."""
    return tuple(_Reader(Tokens(expression)).actions())


class _Reader:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._operators = 0

    def actions(self) -> list[Action]:
        tokens = self._tokens
        found: list[Action] = []
        seen: set[str] = set()
        while tokens.next.kind != "end":
            section = next((word for word in _SECTIONS if tokens.accept_word(word)), "")
            if not section:
                raise tokens.error()
            if section in seen:
                raise errors.section_twice(section)
            seen.add(section)
            found.append(self._action(section))
            while tokens.accept(","):
                found.append(self._action(section))
        return found

    def _action(self, section: str) -> Action:
        self._count()
        path = paths.read(self._tokens)
        if section == "REMOVE":
            return Action(section, path, None)
        if section == "SET":
            self._tokens.expect("=")
            return Action(section, path, self._sum())
        if self._tokens.next.kind != "value":
            raise self._tokens.error()
        return Action(section, path, ValueName(self._tokens.take().text))

    def _count(self) -> None:
        self._operators += 1
        if self._operators > OPERATORS_MAX:
            raise errors.has_too_many_operators(self._operators, OPERATORS_MAX)

    def _sum(self) -> Operand:
        first = self._operand(0)
        for sign in "+-":
            if self._tokens.accept(sign):
                self._count()
                return Operation(sign, (first, self._operand(0)))
        return first

    def _operand(self, depth: int) -> Operand:
        tokens = self._tokens
        if depth > _DEPTH_MAX:
            raise errors.is_too_deep()
        if tokens.accept("("):
            inside = self._operand(depth + 1)
            tokens.expect(")")
            return inside
        token = tokens.next
        if token.kind == "value":
            return ValueName(tokens.take().text)
        if token.kind == "word" and tokens.follows("(", ahead=1):
            return self._function(depth)
        return Reference(paths.read(tokens))

    def _function(self, depth: int) -> Operation:
        tokens = self._tokens
        name = tokens.take().text
        if name not in (_IF_NOT_EXISTS, _LIST_APPEND):
            if name in _CONDITION_FUNCTIONS:
                raise errors.misplaced_function(name)
            raise errors.unknown_function(name)
        self._count()
        tokens.expect("(")
        operands = [self._operand(depth + 1)]
        while tokens.accept(","):
            operands.append(self._operand(depth + 1))
        tokens.expect(")")
        if len(operands) != 2:
            raise errors.operand_count(name, len(operands))
        if name == _IF_NOT_EXISTS and not isinstance(operands[0], Reference):
            raise errors.path_needed(name)
        return Operation(name, tuple(operands))


# Binding.

# Computes a value from the item as it was; raises UpdateInvalid.
_Compute = Callable[[Item], Value]


class BoundAction(NamedTuple):
    section: str
    path: Path
    compute: _Compute | None


class Update(NamedTuple):
    """An update that can be applied to items."""

    actions: list[BoundAction]

    @property
    def paths(self) -> list[Path]:
        """All that it may change."""
        return [action.path for action in self.actions]

    def apply(self, item: Item) -> Item:
        """The item after it; the one given is left alone. Raises UpdateInvalid, ValueInvalid."""
        changes = [
            (action, action.compute(item) if action.compute is not None else None)
            for action in self.actions
        ]
        changed: Item = dict(item)
        # Indexes are those of the item as it was: what is appended comes in their order, and what
        # is removed goes from the end.
        if len(changes) > 1:
            changes.sort(key=lambda change: _indexes(change[0].path))
        for action, value in changes:
            if action.section == "SET":
                assert value is not None
                _put(changed, action.path, value)
            elif action.section == "ADD":
                assert value is not None
                _add(changed, action.path, value)
            elif action.section == "DELETE":
                assert value is not None
                _take_out(changed, action.path, value)
        removals = [action.path for action, _ in changes if action.section == "REMOVE"]
        for path in sorted(removals, key=_indexes, reverse=True):
            _remove(changed, path)
        return changed


def _indexes(path: Path) -> tuple[int, ...]:
    return tuple(step for step in path if isinstance(step, int))


def bind(actions: tuple[Action, ...], placeholders: Placeholders) -> Update:
    """Raises ExpressionError for placeholders, paths and types that do not fit."""
    bound: list[BoundAction] = []
    for section, path, operand in actions:
        compute = None if operand is None else _bind_operand(operand, placeholders)[0]
        bound.append(BoundAction(section, paths.bind(path, placeholders), compute))
        if section in ("ADD", "DELETE"):
            assert isinstance(operand, ValueName)
            _check_section(section, placeholders.value(operand.name))
    paths.check_apart([action.path for action in bound])
    return Update(bound)


def _check_section(section: str, value: Value) -> None:
    kind = values.type_of(value)
    if kind not in SETS and not (section == "ADD" and kind == "N"):
        raise errors.section_operand(
            section, f"{LONG_NAMES[kind]}, typeSet: ALLOWED_FOR_{section}_OPERAND"
        )


def _bind_operand(operand: Operand, placeholders: Placeholders) -> tuple[_Compute, Value | None]:
    """How it is computed; its value where that is the same for all items."""
    if isinstance(operand, ValueName):
        value = placeholders.value(operand.name)
        return (lambda item: value), value
    if isinstance(operand, Reference):
        path = paths.bind(operand.path, placeholders)
        return (lambda item: _existing(item, path)), None
    return _bind_operation(operand, placeholders), None


def _existing(item: Item, path: Path) -> Value:
    found = paths.find(item, path)
    if found is None:
        raise errors.attribute_missing()
    return found


def _bind_operation(operation: Operation, placeholders: Placeholders) -> _Compute:
    name, operands = operation
    if name == _IF_NOT_EXISTS:
        reference, other = operands
        assert isinstance(reference, Reference)
        path = paths.bind(reference.path, placeholders)
        default, _ = _bind_operand(other, placeholders)

        def existing_or(item: Item) -> Value:
            found = paths.find(item, path)
            return default(item) if found is None else found

        return existing_or
    wanted = "L" if name == _LIST_APPEND else "N"
    bound = [_bind_operand(each, placeholders) for each in operands]
    for _, constant in bound:
        if constant is not None and wanted not in constant:
            raise errors.operand_type(name, values.type_of(constant))
    (one, _), (two, _) = bound
    if name == _LIST_APPEND:
        return lambda item: {"L": [*_content(one(item), "L"), *_content(two(item), "L")]}
    compute = numbers.plus if name == "+" else numbers.minus
    return lambda item: {"N": compute(_content(one(item), "N"), _content(two(item), "N"))}


def _content(value: Value, wanted: str) -> Any:
    if wanted not in value:
        raise errors.operand_unsuitable()
    return value[wanted]


# Changes of an item. Containers on the way are copied, since others may hold the same ones.


def _parent(item: Item, path: Path) -> Any:
    """The map's members or the list's elements that hold the last step of a path."""
    holder: Any = item
    for step in path[:-1]:
        if isinstance(holder, list):
            if not isinstance(step, int) or step >= len(holder):
                raise errors.path_unsuitable()
        elif isinstance(step, int) or step not in holder:
            raise errors.path_unsuitable()
        value = holder[step]
        kind = values.type_of(value)
        if kind not in ("M", "L"):
            raise errors.path_unsuitable()
        inside = dict(value["M"]) if kind == "M" else list(value["L"])
        holder[step] = {kind: inside}
        holder = inside
    if isinstance(holder, list) != isinstance(path[-1], int):
        raise errors.path_unsuitable()
    return holder


def _put(item: Item, path: Path, value: Value) -> None:
    holder, last = _parent(item, path), path[-1]
    if isinstance(holder, list) and isinstance(last, int) and last >= len(holder):
        holder.append(value)
    else:
        holder[last] = value


def _remove(item: Item, path: Path) -> None:
    holder, last = _parent(item, path), path[-1]
    if isinstance(holder, list):
        if isinstance(last, int) and last < len(holder):
            del holder[last]
    else:
        holder.pop(last, None)


def _add(item: Item, path: Path, value: Value) -> None:
    """Add to a number or a set; what is not there counts as nothing."""
    old = paths.find(item, path)
    if old is None:
        _put(item, path, value)
        return
    kind = values.type_of(value)
    mine = _content(old, kind)
    if kind == "N":
        _put(item, path, {"N": numbers.plus(mine, value["N"])})
    else:
        known = set(mine)
        _put(item, path, {kind: [*mine, *(each for each in value[kind] if each not in known)]})


def _take_out(item: Item, path: Path, value: Value) -> None:
    """Take members out of a set; a set without members goes."""
    old = paths.find(item, path)
    if old is None:
        return
    kind = values.type_of(value)
    gone = set(value[kind])
    left = [each for each in _content(old, kind) if each not in gone]
    if left:
        _put(item, path, {kind: left})
    else:
        _remove(item, path)
