"""A statement with its parameters, as one request has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from pileus.kernel.errors import AwsError
from pileus.languages.item_expressions import conditions
from pileus.languages.item_expressions.conditions import Condition, Node
from pileus.languages.item_expressions.errors import ExpressionError, ValueInvalid
from pileus.languages.item_expressions.values import Item
from pileus.languages.partiql import errors as partiql_errors
from pileus.languages.partiql import key_tests, statements
from pileus.languages.partiql.constants import Constants
from pileus.languages.partiql.errors import StatementInvalid
from pileus.languages.partiql.statements import Statement
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.table_names import arn_of

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.dynamodb.tables.settings import Table


@contextmanager
def in_aws_words() -> Iterator[None]:
    """What is wrong with a statement becomes a ValidationException."""
    try:
        yield
    except (StatementInvalid, ExpressionError, ValueInvalid) as problem:
        raise errors.invalid(str(problem)) from None


def parsed(text: str) -> Statement:
    with in_aws_words():
        return statements.parse(text)


class Bound(NamedTuple):
    statement: Statement
    constants: Constants


def bind(text: str, parameters: Sequence[Mapping[str, Any]] | None) -> Bound:
    with in_aws_words():
        statement = statements.parse(text)
        return Bound(statement, Constants(statement.constants, statement.parameters, parameters))


def condition_of(node: Node | None, constants: Constants) -> Condition | None:
    with in_aws_words():
        return None if node is None else conditions.bind(node, constants)


class OneItem(NamedTuple):
    """The item that a statement is about, and what else it asks of it."""

    key: Item
    rest: Condition | None


def one_item(
    table: Table, node: Node | None, constants: Constants, missing: Callable[[], StatementInvalid]
) -> OneItem:
    """Raises ValidationException where a clause does not name a whole key."""
    with in_aws_words():
        if node is not None:
            # What is wrong with any part of it is told before anything of the keys.
            conditions.bind(node, constants)
        found = key_tests.of_item(node, table.keys, constants)
        if found is None:
            raise missing()
    return OneItem(found.key, condition_of(found.rest, constants))


def needs_keys() -> StatementInvalid:
    return partiql_errors.key_condition_missing()


# What requests are about.


def the_statements_table(call: Call, params: Mapping[str, Any]) -> str:
    return arn_of(call, parsed(params["Statement"]).source.table)


def the_first_statements_table(call: Call, params: Mapping[str, Any]) -> str:
    """A transaction is about the table of its first statement."""
    text = params["TransactStatements"][0]["Statement"]
    with in_transaction(0):
        return arn_of(call, parsed(text).source.table)


@contextmanager
def in_transaction(place: int) -> Iterator[None]:
    """Say which statement of a transaction it is that cannot be run."""
    try:
        yield
    except AwsError as error:
        if error.code != "ValidationException":
            raise
        raise errors.invalid(
            f"Validation failed in TransactStatements[{place}]: {error.message}"
        ) from None
