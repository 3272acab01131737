"""Document paths: `a.b[1].#c`, read, bound to names, and followed into items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.languages.item_expressions import errors
from pileus.languages.item_expressions.reserved_words import RESERVED_WORDS
from pileus.languages.item_expressions.values import Item, Value

if TYPE_CHECKING:
    from pileus.languages.item_expressions.placeholders import Placeholders
    from pileus.languages.item_expressions.tokens import Tokens

# A name, a placeholder for one (`#n`) or an index; the first is never an index.
Path = tuple[str | int, ...]

_STEPS_MAX = 64
_INDEX_DIGITS_MAX = 9


def read(tokens: Tokens) -> Path:
    """A path as it is written; reserved words are refused."""
    steps: list[str | int] = [_name(tokens)]
    while True:
        if tokens.accept("."):
            steps.append(_name(tokens))
        elif tokens.follows("["):
            tokens.take()
            number = tokens.next
            if number.kind != "number" or len(number.text) > _INDEX_DIGITS_MAX:
                raise tokens.error()
            tokens.take()
            tokens.expect("]")
            steps.append(int(number.text))
        else:
            return tuple(steps)
        if len(steps) > _STEPS_MAX:
            raise errors.is_too_deep()


def _name(tokens: Tokens) -> str:
    token = tokens.next
    if token.kind not in ("word", "name"):
        raise tokens.error()
    if token.kind == "word" and token.text.upper() in RESERVED_WORDS:
        raise errors.is_reserved(token.text)
    tokens.take()
    return token.text


def bind(path: Path, placeholders: Placeholders) -> Path:
    """The path with the names that its placeholders stand for."""
    return tuple(
        placeholders.name(step) if isinstance(step, str) and step[0] == "#" else step
        for step in path
    )


def find(item: Item, path: Path) -> Value | None:
    """What lies at a path, or None."""
    found = item.get(path[0])  # type: ignore[arg-type]
    for step in path[1:]:
        if found is None:
            return None
        if isinstance(step, int):
            inside = found.get("L")
            if inside is None or step >= len(inside):
                return None
            found = inside[step]
        else:
            inside = found.get("M")
            if inside is None:
                return None
            found = inside.get(step)
    return found


def check_apart(bound: list[Path]) -> None:
    """No path may lead to or through another: their order would matter."""
    for number, one in enumerate(bound):
        for other in bound[:number]:
            for mine, its in zip(one, other, strict=False):
                if mine == its and type(mine) is type(its):
                    continue
                if type(mine) is not type(its):
                    raise errors.paths_conflict(shown(other), shown(one))
                break
            else:
                raise errors.paths_overlap(shown(other), shown(one))


def shown(path: Path) -> str:
    """As error messages show it: `[a, b, [1]]`."""
    steps = (f"[{step}]" if isinstance(step, int) else step for step in path)
    return f"[{', '.join(steps)}]"
