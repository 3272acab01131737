"""Statements: read once for each text."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from pileus.languages.item_expressions import updates
from pileus.languages.item_expressions.conditions import Node
from pileus.languages.item_expressions.paths import Path
from pileus.languages.partiql import errors
from pileus.languages.partiql.conditions import Conditions
from pileus.languages.partiql.constants import Constant
from pileus.languages.partiql.operands import DEPTH_MAX, Operands
from pileus.languages.partiql.tokens import Tokens

_REMEMBERED_MAX = 1024
_UNSUPPORTED = ("LIMIT", "OFFSET", "GROUP", "HAVING", "UNION", "INTERSECT", "EXCEPT", "JOIN")


class Source(NamedTuple):
    """What is read or written: a table, or one of its indexes."""

    table: str
    index_name: str | None


class Order(NamedTuple):
    name: str
    is_forward: bool


class Select(NamedTuple):
    source: Source
    # None for all.
    projection: tuple[Path, ...] | None
    where: Node | None
    order: tuple[Order, ...]


class Exists(NamedTuple):
    """A condition that a transaction depends on."""

    select: Select


class Insert(NamedTuple):
    source: Source
    # The number of the item.
    item: str


class Update(NamedTuple):
    source: Source
    actions: tuple[updates.Action, ...]
    where: Node | None
    # As ReturnValues of UpdateItem says it; empty for none.
    returning: str


class Delete(NamedTuple):
    source: Source
    where: Node | None
    returning: str


Body = Select | Exists | Insert | Update | Delete


class Statement(NamedTuple):
    body: Body
    constants: tuple[Constant, ...]
    # How many question marks it has.
    parameters: int

    @property
    def source(self) -> Source:
        return self.body.select.source if isinstance(self.body, Exists) else self.body.source

    @property
    def reads(self) -> bool:
        return isinstance(self.body, Select)


def parse(text: str) -> Statement:
    """Raises StatementInvalid."""
    # Long ones hold their values, and seldom come again.
    return _remembered(text) if len(text) <= _REMEMBERED_MAX else _parse(text)


def _parse(text: str) -> Statement:
    operands = Operands(Tokens(text))
    body = _Reader(operands).body()
    operands.tokens.accept(";")
    if operands.tokens.is_word(*_UNSUPPORTED):
        raise errors.unsupported_clause(operands.tokens.next.text.upper())
    if operands.tokens.next.kind != "end":
        raise errors.malformed("Unexpected token after expression")
    return Statement(body, tuple(operands.constants), operands.parameters)


_remembered = lru_cache(maxsize=1024)(_parse)


class _Reader:
    def __init__(self, operands: Operands) -> None:
        self._operands = operands
        self._tokens = operands.tokens

    def body(self) -> Body:
        tokens = self._tokens
        if tokens.is_word("SELECT"):
            return self._select()
        if tokens.accept_word("INSERT"):
            return self._insert()
        if tokens.accept_word("UPDATE"):
            return self._update()
        if tokens.accept_word("DELETE"):
            return self._delete()
        if tokens.accept_word("EXISTS"):
            tokens.expect("(", "LEFT_PAREN")
            select = self._select()
            tokens.expect(")", "RIGHT_PAREN")
            return Exists(select)
        raise errors.expected("data manipulation")

    def _source(self) -> Source:
        """A table, or an index; a table may be named by its ARN."""
        table = self._tokens.name()
        return Source(table, self._tokens.name() if self._tokens.accept(".") else None)

    def _where(self) -> Node | None:
        return Conditions(self._operands).condition() if self._tokens.accept_word("WHERE") else None

    def _select(self) -> Select:
        tokens = self._tokens
        if not tokens.accept_word("SELECT"):
            raise errors.expected("SELECT")
        projection = self._projection()
        if not tokens.accept_word("FROM"):
            raise errors.expected("FROM")
        source = self._source()
        where = self._where()
        order: list[Order] = []
        if tokens.accept_word("ORDER", "BY"):
            order.append(self._order())
            while tokens.accept(","):
                order.append(self._order())
        return Select(source, projection, where, tuple(order))

    def _projection(self) -> tuple[Path, ...] | None:
        tokens = self._tokens
        found: list[Path] = []
        has_star = False
        while True:
            if tokens.accept("*"):
                has_star = True
            else:
                if tokens.next.kind == "word" and tokens.follows("(", ahead=1):
                    raise errors.unsupported_function(tokens.next.text)
                found.append(self._operands.path())
            if not tokens.accept(","):
                break
        if has_star and found:
            raise errors.star_and_others()
        return None if has_star else tuple(found)

    def _order(self) -> Order:
        name = self._tokens.name()
        if self._tokens.accept_word("DESC"):
            return Order(name, False)
        self._tokens.accept_word("ASC")
        return Order(name, True)

    def _insert(self) -> Insert:
        tokens = self._tokens
        if not tokens.accept_word("INTO"):
            raise errors.expected("INTO")
        source = self._source()
        if not tokens.accept_word("VALUE"):
            raise (
                errors.unexpected_keyword()
                if tokens.next.kind == "word"
                else errors.expected("VALUE")
            )
        return Insert(source, self._operands.value())

    def _delete(self) -> Delete:
        if not self._tokens.accept_word("FROM"):
            raise errors.expected("FROM")
        source, where = self._source(), self._where()
        return Delete(source, where, self._returning(("ALL_OLD",)))

    def _update(self) -> Update:
        source = self._source()
        actions: list[updates.Action] = []
        while True:
            if self._tokens.accept_word("SET"):
                actions.append(self._set())
                while self._tokens.accept(","):
                    actions.append(self._set())
            elif self._tokens.accept_word("REMOVE"):
                actions.append(updates.Action("REMOVE", self._operands.path(), None))
            else:
                break
        if not actions:
            raise errors.expected("data manipulation")
        where = self._where()
        kinds = ("ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")
        return Update(source, tuple(actions), where, self._returning(kinds))

    def _returning(self, kinds: tuple[str, ...]) -> str:
        tokens = self._tokens
        if not tokens.accept_word("RETURNING"):
            return ""
        for kind in kinds:
            amount, _, when = kind.partition("_")
            word = "MODIFIED" if amount == "UPDATED" else amount
            if tokens.accept_word(word, when):
                tokens.expect("*", "STAR")
                return kind
        raise errors.unexpected_term()

    # What SET assigns.

    def _set(self) -> updates.Action:
        path = self._operands.path()
        self._tokens.expect("=", "EQ")
        token = self._tokens.next
        section = {"set_add": "ADD", "set_delete": "DELETE"}.get(token.text.lower(), "")
        if section and token.kind == "word" and self._tokens.follows("(", ahead=1):
            return updates.Action(section, path, self._changed_set(path))
        return updates.Action("SET", path, self._sum())

    def _changed_set(self, path: Path) -> updates.ValueName:
        tokens = self._tokens
        name = tokens.take().text
        tokens.expect("(", "LEFT_PAREN")
        if self._operands.path() != path:
            raise errors.set_of_another_path(name)
        tokens.expect(",", "COMMA")
        value = updates.ValueName(self._operands.value())
        tokens.expect(")", "RIGHT_PAREN")
        return value

    def _sum(self, depth: int = 0) -> updates.Operand:
        found = self._operand(depth)
        operations = 0
        while sign := next((each for each in "+-" if self._tokens.accept(each)), ""):
            operations += 1
            if operations > DEPTH_MAX:
                raise errors.is_too_deep()
            found = updates.Operation(sign, (found, self._operand(depth)))
        return found

    def _operand(self, depth: int) -> updates.Operand:
        if depth > DEPTH_MAX:
            raise errors.is_too_deep()
        tokens = self._tokens
        if self._operands.begins_value():
            return updates.ValueName(self._operands.value())
        if tokens.accept("("):
            inside = self._sum(depth + 1)
            tokens.expect(")", "RIGHT_PAREN")
            return inside
        if tokens.next.kind != "word" or not tokens.follows("(", ahead=1):
            return updates.Reference(self._operands.path())
        name = tokens.take().text
        if name.lower() != "list_append":
            raise errors.unsupported_function(name)
        tokens.expect("(", "LEFT_PAREN")
        first = self._sum(depth + 1)
        tokens.expect(",", "COMMA")
        second = self._sum(depth + 1)
        tokens.expect(")", "RIGHT_PAREN")
        return updates.Operation("list_append", (first, second))
