"""Finds the operation that a REST request means, the most specific route first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's place: what the query and the headers must have besides the path."""

    operation: str
    label_names: tuple[str, ...]
    query_literals: tuple[tuple[str, str | None], ...] = ()
    query_names: tuple[str, ...] = ()
    header_names: tuple[str, ...] = ()
    is_deprecated: bool = False
    has_final_slash: bool = False

    @property
    def asks_query(self) -> bool:
        return bool(self.query_literals or self.query_names)

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Sorts routes of one path: the most demanding first, deprecated twins last."""
        asked = len(self.query_literals) + len(self.query_names) + len(self.header_names)
        return (-asked, -len(self.query_literals), self.is_deprecated)

    def fits(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        for name, value in self.query_literals:
            if name not in query or (value is not None and query[name] != value):
                return False
        for name in self.query_names:
            if name not in query:
                return False
        for name in self.header_names:  # noqa: SIM110 - each request comes here
            if name not in headers:
                return False
        return True


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    label: _Node | None = None
    # What may follow a label that takes any number of segments: the longest first.
    greedy: list[tuple[tuple[str, ...], _Node]] = field(default_factory=list)
    routes: dict[str, list[Route]] = field(default_factory=dict)
    # Those of the routes that ask nothing of the query: all that a request without one can mean.
    plain_routes: dict[str, list[Route]] = field(default_factory=dict)


class Router:
    """The routes of one service as a tree of path segments."""

    def __init__(self, routes: Iterable[tuple[str, str, Route]]) -> None:
        self._root = _Node()
        for method, uri, route in routes:
            path = uri.partition("?")[0]
            node = self._node([part for part in path.split("/") if part])
            found = node.routes.setdefault(method, [])
            found.append(route)
            found.sort(key=lambda each: each.rank)
            node.plain_routes[method] = [each for each in found if not each.asks_query]

    @property
    def takes_any_path(self) -> bool:
        return self._root.label is not None or bool(self._root.greedy)

    def match(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        is_strict: bool = False,
    ) -> tuple[str, Labels] | None:
        """The operation and its labels, still percent-encoded as in `path`; None if none fits.

        A slash at the end makes no difference, unless `is_strict`.
        """
        wanted = _Wanted(method, query, headers, path.endswith("/") if is_strict else None)
        segments = path.split("/")[1:]
        values: list[str] = []
        route = self._search(self._root, segments, 0, values, wanted)
        if route is None:
            return None
        return route.operation, dict(zip(route.label_names, values, strict=True))

    def _node(self, parts: list[str]) -> _Node:
        node = self._root
        for index, part in enumerate(parts):
            if part.startswith("{") and part.endswith("+}"):
                return self._greedy_node(node, tuple(parts[index + 1 :]))
            if part.startswith("{"):
                if node.label is None:
                    node.label = _Node()
                node = node.label
            else:
                node = node.literals.setdefault(part, _Node())
        return node

    @staticmethod
    def _greedy_node(node: _Node, suffix: tuple[str, ...]) -> _Node:
        for known, end in node.greedy:
            if known == suffix:
                return end
        end = _Node()
        node.greedy.append((suffix, end))
        node.greedy.sort(key=lambda each: -len(each[0]))
        return end

    def _search(
        self, node: _Node, segments: list[str], index: int, values: list[str], wanted: _Wanted
    ) -> Route | None:
        rest = len(segments) - index
        # A slash at the end means the same as none, except in a greedy label.
        if rest == 0 or (rest == 1 and not segments[index]):
            return wanted.choose(node)
        segment = segments[index]
        literal = node.literals.get(segment)
        if literal is not None:
            route = self._search(literal, segments, index + 1, values, wanted)
            if route is not None:
                return route
        if node.label is not None and segment:
            values.append(segment)
            route = self._search(node.label, segments, index + 1, values, wanted)
            if route is not None:
                return route
            values.pop()
        for suffix, end in node.greedy:
            stop = len(segments) - len(suffix)
            if stop <= index or tuple(segments[stop:]) != suffix:
                continue
            route = wanted.choose(end)
            if route is not None:
                values.append("/".join(segments[index:stop]))
                return route
        return None


class _Wanted:
    """What a request asks for; its query is read only where a route depends on it."""

    def __init__(
        self, method: str, query: str, headers: Mapping[str, str], has_final_slash: bool | None
    ) -> None:
        self._method = method
        self._has_final_slash = has_final_slash
        self._query_text = query
        self._query: dict[str, str] | None = None
        self._headers = headers

    def choose(self, node: _Node) -> Route | None:
        has_query = bool(self._query_text)
        routes = (node.routes if has_query else node.plain_routes).get(self._method)
        if not routes:
            return None
        if self._has_final_slash is not None:
            routes = [route for route in routes if route.has_final_slash == self._has_final_slash]
            if not routes:
                return None
        if self._query is None:
            self._query = _query_values(self._query_text) if has_query else {}
        for route in routes:
            if route.fits(self._query, self._headers):
                return route
        return None


def route_of(
    operation: str,
    uri: str,
    query_names: Iterable[str] = (),
    header_names: Iterable[str] = (),
    is_deprecated: bool = False,
) -> Route:
    """A route from a model's `requestUri` and the members without which it is another's."""
    path, _, query = uri.partition("?")
    literals = []
    for part in filter(None, query.split("&")):
        name, has_value, value = part.partition("=")
        literals.append((name, value if has_value else None))
    labels = [part.strip("{}+") for part in path.split("/") if part.startswith("{")]
    return Route(
        operation=operation,
        label_names=tuple(labels),
        query_literals=tuple(literals),
        query_names=tuple(query_names),
        header_names=tuple(header_names),
        is_deprecated=is_deprecated,
        has_final_slash=path.endswith("/"),
    )


def form_of(method: str, uri: str) -> tuple[str, str]:
    """Two operations with the same form differ only in what they require."""
    return method, re.sub(r"\{[^}+]*", "{", uri)


def _query_values(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            values.setdefault(unquote_plus(name), unquote_plus(value))
    return values
