"""Reads WHERE clauses, into the conditions of `item_expressions`."""

from __future__ import annotations

from collections.abc import Callable

from pileus.languages.item_expressions.conditions import (
    Combined,
    Node,
    Operand,
    PathOperand,
    SizeOperand,
    Test,
    ValueOperand,
)
from pileus.languages.partiql import errors
from pileus.languages.partiql.constants import Literal
from pileus.languages.partiql.operands import DEPTH_MAX, Operands

_COMPARATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
# With the number of their operands.
_FUNCTIONS = {"attribute_type": 2, "begins_with": 2, "contains": 2}
# docs: ql-operators
IN_MAX = 100


class Conditions:
    """Recursive descent; OR binds least, then AND, then NOT."""

    def __init__(self, operands: Operands) -> None:
        self._operands = operands
        self._tokens = operands.tokens

    def condition(self, depth: int = 0) -> Node:
        return self._chain("OR", lambda: self._chain("AND", lambda: self._not(depth)))

    def _chain(self, word: str, read: Callable[[], Node]) -> Node:
        parts = [read()]
        while self._tokens.accept_word(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else Combined(word, tuple(parts))

    def _not(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise errors.is_too_deep()
        if self._tokens.accept_word("NOT"):
            return _negated(self._not(depth + 1))
        if not self._tokens.accept("("):
            return self._test()
        inside = self.condition(depth + 1)
        self._tokens.expect(")", "RIGHT_PAREN")
        return inside

    def _test(self) -> Node:
        name = self._function()
        if name in _FUNCTIONS:
            return self._function_test(name)
        first = self._operand()
        tokens = self._tokens
        token = tokens.next
        if token.kind == "sign" and token.text in _COMPARATORS:
            tokens.take()
            return Test(_COMPARATORS[token.text], (first, self._operand()))
        if tokens.accept_word("IS"):
            return self._is(first)
        if tokens.accept_word("NOT"):
            return _negated(self._membership(first))
        return self._membership(first)

    def _membership(self, first: Operand) -> Node:
        tokens = self._tokens
        if tokens.accept_word("BETWEEN"):
            lower = self._operand()
            if not tokens.accept_word("AND"):
                raise errors.expected("AND")
            return Test("BETWEEN", (first, lower, self._operand()))
        if tokens.accept_word("IN"):
            return Test("IN", (first, *self._choices()))
        if tokens.is_word("LIKE"):
            raise errors.unsupported_clause("LIKE")
        raise errors.unexpected_term()

    def _choices(self) -> list[Operand]:
        tokens = self._tokens
        end = ")" if tokens.follows("(") else "]"
        tokens.expect("(" if end == ")" else "[", "LEFT_PAREN")
        found = [self._operand()]
        while tokens.accept(","):
            found.append(self._operand())
        tokens.expect(end, "RIGHT_PAREN" if end == ")" else "RIGHT_BRACKET")
        if len(found) > IN_MAX:
            raise errors.StatementInvalid(
                f"Too many values in an IN operator: {len(found)}, at most {IN_MAX}"
            )
        return found

    def _is(self, first: Operand) -> Node:
        tokens = self._tokens
        is_negated = tokens.accept_word("NOT")
        if not isinstance(first, PathOperand):
            raise errors.unexpected_term()
        found: Node
        if tokens.accept_word("MISSING"):
            return Test("attribute_exists" if is_negated else "attribute_not_exists", (first,))
        if not tokens.accept_word("NULL"):
            raise errors.unexpected_term()
        null = ValueOperand(self._operands.keep(Literal({"S": "NULL"})))
        found = Test("attribute_type", (first, null))
        return _negated(found) if is_negated else found

    def _function(self) -> str:
        """The name of the function that begins here, or nothing."""
        token = self._tokens.next
        if token.kind != "word" or not self._tokens.follows("(", ahead=1):
            return ""
        name = token.text.lower()
        if name not in _FUNCTIONS and name != "size":
            raise errors.unsupported_function(token.text)
        return name

    def _function_test(self, name: str) -> Node:
        found = self._arguments()
        if len(found) != _FUNCTIONS[name]:
            raise errors.StatementInvalid(
                f"Incorrect number of arguments for function {name}: {len(found)}"
            )
        return Test(name, tuple(found))

    def _arguments(self) -> list[Operand]:
        tokens = self._tokens
        tokens.take()
        tokens.expect("(", "LEFT_PAREN")
        found = [self._operand()]
        while tokens.accept(","):
            found.append(self._operand())
        tokens.expect(")", "RIGHT_PAREN")
        return found

    def _operand(self) -> Operand:
        if self._operands.begins_value():
            return ValueOperand(self._operands.value())
        name = self._function()
        if name == "size":
            found = self._arguments()
            if len(found) != 1 or isinstance(found[0], SizeOperand):
                raise errors.unexpected_term()
            return SizeOperand(found[0])
        if name:
            raise errors.unsupported_function(name)
        if self._tokens.next.kind not in ("word", "quoted"):
            raise errors.unexpected_term()
        return PathOperand(self._operands.path())


def _negated(node: Node) -> Node:
    return Combined("NOT", (node,))
