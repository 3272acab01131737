"""Reads what stands on either side of a comparison: paths and values."""

from __future__ import annotations

from pileus.languages.item_expressions.paths import Path
from pileus.languages.partiql import errors
from pileus.languages.partiql.constants import Constant, Elements, Literal, Members, Parameter
from pileus.languages.partiql.tokens import Tokens

DEPTH_MAX = 50
_STEPS_MAX = 64
_INDEX_DIGITS_MAX = 9
_WORDS: dict[str, Literal] = {
    "TRUE": Literal({"BOOL": True}),
    "FALSE": Literal({"BOOL": False}),
    "NULL": Literal({"NULL": True}),
}


class Operands:
    """Paths and values of one statement; values are known by their numbers."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.constants: list[Constant] = []
        self.parameters = 0

    def path(self) -> Path:
        """`a.b[0]."c d"`, or `a['b']`."""
        tokens = self.tokens
        steps: list[str | int] = [tokens.name()]
        while True:
            if tokens.accept("."):
                steps.append(tokens.name())
            elif tokens.accept("["):
                token = tokens.take()
                if token.kind == "string" and token.text:
                    steps.append(token.text)
                elif token.kind == "number" and token.text.isdecimal():
                    if len(token.text) > _INDEX_DIGITS_MAX:
                        raise errors.unexpected_term()
                    steps.append(int(token.text))
                else:
                    raise errors.malformed("Unexpected path component")
                tokens.expect("]", "RIGHT_BRACKET")
            else:
                return tuple(steps)
            if len(steps) > _STEPS_MAX:
                raise errors.is_too_deep()

    def begins_value(self) -> bool:
        token = self.tokens.next
        if token.kind in ("number", "string"):
            return True
        if token.kind == "sign":
            return token.text in ("?", "[", "{", "<<", "-", "+")
        return self.tokens.is_word(*_WORDS)

    def value(self) -> str:
        """The number of a value, as text."""
        return self.keep(self.constant(0))

    def keep(self, constant: Constant) -> str:
        self.constants.append(constant)
        return str(len(self.constants) - 1)

    def constant(self, depth: int) -> Constant:
        if depth > DEPTH_MAX:
            raise errors.is_too_deep()
        tokens = self.tokens
        token = tokens.take()
        if token.kind == "string":
            return Literal({"S": token.text})
        if token.kind == "number":
            return Literal({"N": token.text})
        if token.kind == "word" and token.text.upper() in _WORDS:
            return _WORDS[token.text.upper()]
        if token.kind == "sign":
            match token.text:
                case "?":
                    self.parameters += 1
                    return Parameter(self.parameters - 1)
                case "-" | "+":
                    number = tokens.take()
                    if number.kind != "number":
                        raise errors.unexpected_term()
                    return Literal({"N": ("-" if token.text == "-" else "") + number.text})
                case "[":
                    return Elements(False, self._elements("]", "RIGHT_BRACKET", depth))
                case "<<":
                    return Elements(True, self._elements(">>", "RIGHT_DOUBLE_ANGLE_BRACKET", depth))
                case "{":
                    return self._members(depth)
        raise errors.unexpected_term()

    def _elements(self, end: str, name: str, depth: int) -> tuple[Constant, ...]:
        tokens = self.tokens
        if tokens.accept(end):
            return ()
        found = [self.constant(depth + 1)]
        while tokens.accept(","):
            found.append(self.constant(depth + 1))
        tokens.expect(end, name)
        return tuple(found)

    def _members(self, depth: int) -> Members:
        tokens = self.tokens
        found: list[tuple[str, Constant]] = []
        while not tokens.accept("}"):
            if found:
                tokens.expect(",", "RIGHT_CURLY")
            name = tokens.take()
            if name.kind not in ("string", "quoted"):
                raise errors.unexpected_term()
            tokens.expect(":", "COLON")
            found.append((name.text, self.constant(depth + 1)))
        return Members(tuple(found))
