"""Projections: the parts of items that a request wants."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pileus.languages.item_expressions import paths
from pileus.languages.item_expressions.paths import Path
from pileus.languages.item_expressions.placeholders import Placeholders
from pileus.languages.item_expressions.tokens import Tokens
from pileus.languages.item_expressions.values import Item, Value

# What is wanted of a value: all of it, or by name or index what is wanted of what lies there.
_Wanted = dict[str | int, Any]
_ALL: None = None


@lru_cache(maxsize=2048)
def parse(expression: str) -> tuple[Path, ...]:
    """Raises ExpressionError."""
    tokens = Tokens(expression)
    found = [paths.read(tokens)]
    while tokens.accept(","):
        found.append(paths.read(tokens))
    tokens.expect_end()
    return tuple(found)


def bind(written: tuple[Path, ...], placeholders: Placeholders) -> list[Path]:
    """Raises ExpressionError where one path leads through another."""
    bound = [paths.bind(path, placeholders) for path in written]
    paths.check_apart(bound)
    return bound


def project(item: Item, wanted: list[Path]) -> Item:
    """The parts of an item at the paths; what is not there is left out."""
    tree: _Wanted = {}
    for path in wanted:
        place = tree
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = _ALL
    found = _members(item, tree)
    return found or {}


def _members(content: dict[str, Value], tree: _Wanted) -> Item | None:
    kept: Item = {}
    for name, below in tree.items():
        if isinstance(name, str) and name in content:
            part = _part(content[name], below)
            if part is not None:
                kept[name] = part
    return kept or None


def _part(value: Value, tree: _Wanted | None) -> Value | None:
    """What is wanted of a value; elements of a list keep their order and close ranks."""
    if tree is _ALL:
        return value
    if "M" in value:
        members = _members(value["M"], tree)
        return None if members is None else {"M": members}
    if "L" not in value:
        return None
    elements = value["L"]
    indexes = sorted(step for step in tree if isinstance(step, int) and step < len(elements))
    parts = [_part(elements[index], tree[index]) for index in indexes]
    kept = [part for part in parts if part is not None]
    return {"L": kept} if kept else None
