"""The values of a statement: literals, with parameters where it has question marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pileus.languages.item_expressions import values
from pileus.languages.item_expressions.placeholders import Placeholders
from pileus.languages.item_expressions.values import Value
from pileus.languages.partiql import errors

_SETS = {"S": "SS", "N": "NS", "B": "BS"}


class Parameter(NamedTuple):
    """A question mark, counted from 0."""

    place: int


class Literal(NamedTuple):
    value: Value


class Elements(NamedTuple):
    """A list, or a set where `is_set`."""

    is_set: bool
    of: tuple[Constant, ...]


class Members(NamedTuple):
    of: tuple[tuple[str, Constant], ...]


Constant = Parameter | Literal | Elements | Members


class Constants(Placeholders):
    """The values of one request's statement, by the numbers that the parser gave them.

    Raises StatementInvalid and ValueInvalid.
    """

    def __init__(
        self,
        written: Sequence[Constant],
        count: int,
        parameters: Sequence[Mapping[str, Any]] | None,
    ) -> None:
        super().__init__(None, None)
        given = parameters or ()
        # More of them than question marks are let pass, as AWS does.
        if len(given) < count:
            raise errors.parameters_differ()
        self._resolved = [values.checked(_resolved(each, given)) for each in written]

    def name(self, placeholder: str) -> str:
        """Names in statements are never placeholders."""
        return placeholder

    def value(self, placeholder: str) -> Value:
        return self._resolved[int(placeholder)]


def _resolved(written: Constant, parameters: Sequence[Mapping[str, Any]]) -> Value:
    if isinstance(written, Parameter):
        return dict(parameters[written.place])
    if isinstance(written, Literal):
        return written.value
    if isinstance(written, Members):
        return {"M": {name: _resolved(each, parameters) for name, each in written.of}}
    elements = [_resolved(each, parameters) for each in written.of]
    return _set_of(elements) if written.is_set else {"L": elements}


def _set_of(elements: Sequence[Value]) -> Value:
    kinds = {values.type_of(each) for each in elements if each} or {"S"}
    kind = kinds.pop()
    if kinds or kind not in _SETS or not all(elements):
        raise errors.mixed_set()
    return {_SETS[kind]: [each[kind] for each in elements]}
