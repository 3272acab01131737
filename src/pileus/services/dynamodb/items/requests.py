"""The expressions of a request, read and bound; or the older parameters that say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pileus.kernel.errors import AwsError
from pileus.languages.item_expressions import (
    conditions,
    key_conditions,
    paths,
    projections,
    updates,
)
from pileus.languages.item_expressions.conditions import Condition, Node
from pileus.languages.item_expressions.errors import ExpressionError, ValueInvalid
from pileus.languages.item_expressions.key_conditions import KeyCondition
from pileus.languages.item_expressions.paths import Path
from pileus.languages.item_expressions.placeholders import Placeholders
from pileus.languages.item_expressions.updates import Update
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import legacy

T = TypeVar("T")

# Members by the keywords that boto3 makes of them; in the order in which AWS names them.
EXPRESSIONS = {
    "projection_expression": "ProjectionExpression",
    "update_expression": "UpdateExpression",
    "condition_expression": "ConditionExpression",
    "filter_expression": "FilterExpression",
    "key_condition_expression": "KeyConditionExpression",
}
_OLDER = {
    "attribute_updates": "AttributeUpdates",
    "attributes_to_get": "AttributesToGet",
    "query_filter": "QueryFilter",
    "scan_filter": "ScanFilter",
    "key_conditions": "KeyConditions",
    "expected": "Expected",
    "conditional_operator": "ConditionalOperator",
}
_OTHERS = {
    "expression_attribute_names": "ExpressionAttributeNames",
    "expression_attribute_values": "ExpressionAttributeValues",
}
_ALL = frozenset(EXPRESSIONS | _OLDER | _OTHERS)
_KEYWORDS = {name: keyword for keyword, name in (EXPRESSIONS | _OLDER | _OTHERS).items()}


def by_keyword(members: Mapping[str, Any]) -> dict[str, Any]:
    """The expressions among members that have AWS's names (actions of a transaction)."""
    return {_KEYWORDS[name]: value for name, value in members.items() if name in _KEYWORDS}


class Expressions:
    """What one request says; `offered` are the expressions that its operation has.

    Raises AWS's errors. `finish` is to be called when all has been asked for.
    """

    __slots__ = ("_members", "_placeholders")

    @staticmethod
    def of(members: Mapping[str, Any], *offered: str) -> Expressions:
        """Most requests for one item say nothing."""
        return NO_EXPRESSIONS if _ALL.isdisjoint(members) else Expressions(members, *offered)

    def __init__(self, members: Mapping[str, Any], *offered: str) -> None:
        self._members = members
        given = [EXPRESSIONS[each] for each in EXPRESSIONS if members.get(each) is not None]
        older: list[str] = []
        if not _OLDER.keys().isdisjoint(members):
            older = [_OLDER[each] for each in _OLDER if members.get(each) is not None]
        if given and older:
            raise errors.invalid(
                "Can not use both expression and non-expression parameters in the same request: "
                f"Non-expression parameters: {{{', '.join(older)}}} "
                f"Expression parameters: {{{', '.join(given)}}}"
            )
        names = members.get("expression_attribute_names")
        values = members.get("expression_attribute_values")
        if not given:
            self._refuse_lone(names, values, bool(older), offered)
        try:
            self._placeholders = Placeholders(names, values)
        except ValueInvalid as problem:
            raise errors.invalid(str(problem)) from None

    def _refuse_lone(
        self, names: Any, values: Any, has_older: bool, offered: tuple[str, ...]
    ) -> None:
        for member, given in (
            ("ExpressionAttributeNames", names),
            ("ExpressionAttributeValues", values),
        ):
            if given is None:
                continue
            if has_older:
                older = ", ".join(n for k, n in _OLDER.items() if self._members.get(k) is not None)
                raise errors.invalid(
                    "Can not use both expression and non-expression parameters in the same "
                    f"request: Non-expression parameters: {{{older}}} "
                    f"Expression parameters: {{{member}}}"
                )
            said = f"{member} can only be specified when using expressions"
            if offered:
                be = "is" if len(offered) == 1 else "are"
                named = " and ".join(EXPRESSIONS[each] for each in offered)
                said = f"{said}: {named} {be} null"
            raise errors.invalid(said)

    def has(self, keyword: str) -> bool:
        return self._members.get(keyword) is not None

    def condition(self) -> Condition | None:
        """What must hold of the item that is there."""
        if not self._members:
            return None
        text = self._members.get("condition_expression")
        if text is not None:
            return self._read("ConditionExpression", lambda: self._condition(text))
        return legacy.expected(
            self._members.get("expected"), self._members.get("conditional_operator")
        )

    def _condition(self, text: str) -> Condition:
        return conditions.bind(conditions.parse(text), self._placeholders)

    def filter(self, key_names: tuple[str, ...]) -> Condition | None:
        """Which items are answered; a query's must not ask for the keys."""
        text = self._members.get("filter_expression")
        if text is None:
            return legacy.filtered(
                self._members.get("query_filter") or self._members.get("scan_filter"),
                self._members.get("conditional_operator"),
                key_names,
            )

        def bind() -> Condition:
            node = conditions.parse(text)
            bound = conditions.bind(node, self._placeholders)
            for path in _paths_of(node):
                name = paths.bind(path, self._placeholders)[0]
                if name in key_names:
                    raise errors.invalid(
                        "Filter Expression can only contain non-primary key attributes: "
                        f"Primary key attribute: {name}"
                    )
            return bound

        return self._read("FilterExpression", bind)

    def projection(self) -> list[Path] | None:
        """The parts of items that are wanted; None for all."""
        if not self._members:
            return None
        text = self._members.get("projection_expression")
        if text is not None:
            return self._read(
                "ProjectionExpression",
                lambda: projections.bind(projections.parse(text), self._placeholders),
            )
        names = self._members.get("attributes_to_get")
        if names is None:
            return None
        for number, name in enumerate(names):
            if name in names[:number]:
                raise errors.invalid_values(f"Duplicate value in attribute name: {name}")
        return [(name,) for name in names]

    def key_condition(
        self, partition_keys: tuple[str, ...], sort_keys: tuple[str, ...]
    ) -> KeyCondition:
        text = self._members.get("key_condition_expression")
        if text is not None:
            return self._read(
                "KeyConditionExpression",
                lambda: key_conditions.bind(
                    conditions.parse(text), self._placeholders, partition_keys, sort_keys
                ),
            )
        older = self._members.get("key_conditions")
        if older is None:
            raise errors.invalid(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified "
                "in the request."
            )
        return legacy.key_condition(older, partition_keys, sort_keys)

    def update(self) -> Update | None:
        text = self._members.get("update_expression")
        if text is not None:
            return self._read(
                "UpdateExpression",
                lambda: updates.bind(updates.parse(text), self._placeholders),
            )
        return legacy.update(self._members.get("attribute_updates"))

    def _read(self, member: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except ExpressionError as problem:
            raise errors.invalid(f"Invalid {member}: {problem}") from None
        except ValueInvalid as problem:
            raise errors.invalid(str(problem)) from None

    def check(self) -> None:
        """All that can be said against it without knowing the table."""
        if self.has("projection_expression") or self.has("attributes_to_get"):
            self.projection()
        if self.has("condition_expression") or self.has("expected"):
            self.condition()
        if self.has("update_expression") or self.has("attribute_updates"):
            self.update()
        if self.has("filter_expression"):
            self.filter(())
        text = self._members.get("key_condition_expression")
        if text is not None:
            self._read("KeyConditionExpression", lambda: self._condition(text))
        self.finish()

    def finish(self) -> None:
        """Refuse names and values that no expression has used."""
        if not self._members:
            return
        try:
            self._placeholders.check_used()
        except ValueInvalid as problem:
            raise errors.invalid(str(problem)) from None


NO_EXPRESSIONS = Expressions({})


def _paths_of(node: Node) -> list[Path]:
    if isinstance(node, conditions.Combined):
        return [path for part in node.parts for path in _paths_of(part)]
    found: list[Path] = []
    for operand in node.operands:
        inner = operand.of if isinstance(operand, conditions.SizeOperand) else operand
        if isinstance(inner, conditions.PathOperand):
            found.append(inner.path)
    return found


def failure_of(problem: Exception) -> AwsError:
    """What an update that does not suit its item answers."""
    return errors.invalid(str(problem))
