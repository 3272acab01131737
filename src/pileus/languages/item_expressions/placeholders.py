"""The names and values that a request defines for its expressions, and which were used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pileus.languages.item_expressions import errors, values
from pileus.languages.item_expressions.errors import ValueInvalid
from pileus.languages.item_expressions.values import Value

_NAME = re.compile(r"#[A-Za-z0-9_]+", re.ASCII)
_VALUE = re.compile(r":[A-Za-z0-9_]+", re.ASCII)


class Placeholders:
    """Raises ValueInvalid for what is malformed, whether it is used or not."""

    def __init__(
        self, names: Mapping[str, str] | None, given: Mapping[str, Mapping[str, Any]] | None
    ) -> None:
        self._names = names or {}
        self._unused_names = set(self._names)
        self._unused_values = set(given or ())
        if names is not None:
            _check_keys("ExpressionAttributeNames", names, _NAME)
        if given is not None:
            _check_keys("ExpressionAttributeValues", given, _VALUE)
        self._values: dict[str, Value] = {}
        for key, value in (given or {}).items():
            try:
                self._values[key] = values.checked(value)
            except ValueInvalid as problem:
                raise ValueInvalid(
                    f"ExpressionAttributeValues contains invalid value: {problem} for key {key}"
                ) from None

    def name(self, placeholder: str) -> str:
        found = self._names.get(placeholder)
        if found is None:
            raise errors.name_undefined(placeholder)
        self._unused_names.discard(placeholder)
        return found

    def value(self, placeholder: str) -> Value:
        found = self._values.get(placeholder)
        if found is None:
            raise errors.value_undefined(placeholder)
        self._unused_values.discard(placeholder)
        return found

    def check_used(self) -> None:
        """To be called when all expressions are bound."""
        for member, unused in (
            ("ExpressionAttributeNames", self._unused_names),
            ("ExpressionAttributeValues", self._unused_values),
        ):
            if unused:
                keys = ", ".join(sorted(unused))
                raise ValueInvalid(
                    f"Value provided in {member} unused in expressions: keys: {{{keys}}}"
                )


def _check_keys(member: str, given: Mapping[str, Any], form: re.Pattern[str]) -> None:
    if not given:
        raise ValueInvalid(f"{member} must not be empty")
    for key in given:
        if not form.fullmatch(key):
            raise ValueInvalid(f'{member} contains invalid key: Syntax error; key: "{key}"')
