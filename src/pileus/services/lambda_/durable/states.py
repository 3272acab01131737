"""The state that a function is given to replay: pages of operations in order of their start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pileus.kernel import pagination
from pileus.services.lambda_ import errors
from pileus.services.lambda_.durable import store
from pileus.services.lambda_.durable.executions import Operation, show
from pileus.services.lambda_.durable.journal import Journal

# Of one page; there is always at least one operation.
OPERATIONS_AT_ONCE = 300
BYTES_AT_ONCE = 4_000_000
_ANCESTORS_MAX = 300
_STARTS, _CHANGES = "starts", "changes"


class Page(NamedTuple):
    """Operations as they are shown; the marker is empty where there are no more."""

    operations: list[dict[str, Any]]
    marker: str


class _Ancestors:
    """Says which operations stand in a context that is complete and not to be replayed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, bool] = {"": False}
        self.reads = 0

    def hide(self, operation: Operation) -> bool:
        return self._hides(operation.parent)

    def _hides(self, context: str) -> bool:
        chain: list[str] = []
        while context not in self._known:
            chain.append(context)
            self.reads += 1
            found = self._journal.operation(context)
            if found is None:
                self._known[context] = False
            elif found.is_complete and not found.replays_children:
                self._known[context] = True
            else:
                context = found.parent
                continue
            break
        hides = self._known[context]
        for each in chain:
            self._known.setdefault(each, hides)
        return hides


def by_start(journal: Journal, after: int, limit: int) -> Page:
    """Without the children of contexts that are complete, unless these ask for them."""
    count = max(1, min(limit, OPERATIONS_AT_ONCE))
    found = store.operations(journal.tx, journal.execution.id, after, count + 1)
    ancestors = _Ancestors(journal)
    shown: list[dict[str, Any]] = []
    size = 0
    for index, operation in enumerate(found[:count]):
        if size > BYTES_AT_ONCE or ancestors.reads > _ANCESTORS_MAX:
            return Page(shown, _marker(_STARTS, found[index - 1].number))
        if not ancestors.hide(operation):
            shown.append(show(operation))
            size += _size(operation)
    is_more = len(found) > count
    return Page(shown, _marker(_STARTS, found[count - 1].number) if is_more else "")


def by_change(journal: Journal, since: int, mine: Sequence[Operation] = ()) -> Page:
    """What has changed since the function was told last; `mine` is what it has changed itself."""
    until = min((each.change for each in mine), default=2**53) - 1
    limit = OPERATIONS_AT_ONCE
    found = store.changed(journal.tx, journal.execution.id, since, limit + 1, until)
    is_more = len(found) > limit
    shown: list[dict[str, Any]] = []
    size, last = 0, since
    for operation in [*found[:limit], *(() if is_more else mine)]:
        if size > BYTES_AT_ONCE:
            return Page(shown, _marker(_CHANGES, last))
        shown.append(show(operation))
        size += _size(operation)
        last = operation.change
    return Page(shown, _marker(_CHANGES, last) if is_more else "")


def at(journal: Journal, marker: str, limit: int) -> Page:
    """The page that a marker means."""
    if not marker:
        return by_start(journal, 0, limit)
    try:
        kind, number = pagination.decode(marker, str, int)
    except pagination.InvalidToken as problem:
        raise errors.marker_invalid() from problem
    if kind == _CHANGES:
        return by_change(journal, _bounded(number))
    return by_start(journal, _bounded(number), limit)


def _bounded(number: int) -> int:
    return max(0, min(number, 2**53))


def _marker(kind: str, number: int) -> str:
    return pagination.encode(kind, number)


def _size(operation: Operation) -> int:
    texts: Sequence[str | None] = (operation.result, (operation.error or {}).get("ErrorMessage"))
    return 500 + sum(len(text or "") for text in texts)
