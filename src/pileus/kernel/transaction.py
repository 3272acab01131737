"""A running transaction as operations see it: rows, and what shall follow from its commit.

Effects (wakes, timers, workers) are collected by the attempt and take place only if that attempt
commits: transaction, then announce, then wake, never backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import deliveries, fan_outs, names, tags, work_rows
from pileus.kernel.call import Call, Context
from pileus.kernel.database.batches import Addition
from pileus.kernel.database.statements import Statements
from pileus.kernel.metrics import Series, Stated

if TYPE_CHECKING:
    from pileus.kernel.changes import Fact
    from pileus.kernel.kernel import Kernel

Row = tuple[Any, ...]


class Wake(msgspec.Struct, frozen=True):
    """After the commit, whoever watches the topic is woken."""

    topic: str


class AfterCommit(msgspec.Struct, frozen=True):
    """After the commit, a function brings memory up to date; it cannot fail."""

    run: Callable[[], None]


class Transaction:
    """One attempt at one function's work, about one resource.

    `part` is the virtual partition of `about`; every statement gets it as `:part` and the clock as
    `:now` without being told.
    """

    __slots__ = ("about", "call", "effects", "kernel", "now", "part", "statements")

    def __init__(
        self,
        statements: Statements,
        part: int,
        about: str,
        kernel: Kernel,
        now: int | None = None,
    ) -> None:
        self.statements = statements
        self.part = part
        self.about = about
        self.kernel = kernel
        self.now: int = kernel.clock.now() if now is None else now
        self.effects: list[Any] = []
        self.call: Call | None = None

    # Rows. SQL stands in store.py files; `:part` and `:now` are always bound.

    def one(self, sql: str, **values: Any) -> Row | None:
        """The first row, or None."""
        values["part"] = self.part
        values["now"] = self.now
        return self.statements.one(sql, values)

    def all(self, sql: str, *, at_most: int, **values: Any) -> list[Row]:
        """All rows; more than `at_most` is a programmer's error, so SQL limits itself."""
        values["part"] = self.part
        values["now"] = self.now
        return self.statements.all(sql, values, at_most=at_most)

    def run(self, sql: str, **values: Any) -> int:
        """Run a statement; the number of rows that it changed."""
        values["part"] = self.part
        values["now"] = self.now
        return self.statements.run(sql, values)

    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.statements.run_many(sql, [{"part": self.part, "now": self.now, **row} for row in rows])

    def add_up(self, sql: str, key: str, *, generation: int = 0, **amounts: int) -> None:
        """Add to counters of a row of this partition, together with others of the same batch.

        Who reads them in a transaction does not see what its batch is about to add.
        """
        self.effects.append(Addition(sql, self.part, key, amounts, generation))

    @property
    def known(self) -> dict[str, Any]:
        """What was read before in the same snapshot or batch; see `Statements.known`."""
        return self.statements.known

    # The three ways between services: `call.invoke` asks; these hand over and announce.

    def deliver(
        self,
        *,
        to: str,
        payload: bytes | str,
        because: str,
        attributes: dict[str, Any] | None = None,
        policy: deliveries.RetryPolicy = deliveries.DEFAULT_POLICY,
    ) -> deliveries.Handover:
        """Hand `payload` to the resource `to`, durably, caused by the resource `because`.

        The attributes are the receiver's from now on, and nobody's to change.
        """
        return deliveries.deliver(self, to, payload, because, attributes or {}, policy)

    def deliver_all(
        self, parcels: Sequence[fan_outs.Parcel], because: str
    ) -> list[deliveries.Handover]:
        """As `deliver` for each parcel, which costs less than one by one; how far each has come."""
        return fan_outs.deliver_all(self, parcels, because)

    def announce(self, fact: Fact) -> None:
        """State a fact; its listeners run now, inside this transaction."""
        for listen in self.kernel.listeners.get(type(fact), ()):
            # A step's call has no transaction: several may run on its behalf at once.
            context = self.context()
            call = self.kernel.call_for(context, context.service, "Announce")
            call.tx = self
            listen(call, fact)

    def wake(self, topic: str) -> None:
        """After the commit, wake whoever watches the topic (usually a resource's ARN)."""
        self.effects.append(Wake(topic))

    def note_metric(self, series: Series, value: float) -> None:
        """After the commit, count a sample of a service's own metric."""
        self.effects.append(Stated(series, value))

    def after_commit(self, run: Callable[[], None]) -> None:
        """After the commit, tell memory (a cache) what it has come to; `run` must not fail."""
        self.effects.append(AfterCommit(run))

    def context(self) -> Context:
        """On whose behalf this runs, for rows that outlive it."""
        return self.call.context if self.call is not None else self.kernel.own_context

    # What happens later.

    def set_timer(
        self, kind: str, key: str, at: int, payload: Mapping[str, Any] | None = None
    ) -> None:
        """A row that falls due at `at` (epoch milliseconds); replaces one of the same key."""
        work_rows.set_timer(self, kind, key, at, payload or {})

    def finish_timer(self, kind: str, key: str) -> bool:
        """Remove a timer (cancelled, or its async work is done); False if it was not there."""
        return work_rows.finish_timer(self, kind, key)

    def employ(self, kind: str, key: str) -> None:
        """From the commit on, a worker of this kind runs for the key."""
        work_rows.employ(self, kind, key)

    def dismiss(self, kind: str, key: str) -> None:
        work_rows.dismiss(self, kind, key)

    # Names and tags of resources.

    def enlist(self, kind: str, name: str, arn: str, account: str = "") -> None:
        """Put a resource into its account's list of this kind (readable by `tx.listed`).

        `account` is the account's own resource, where the ARN of this one does not tell it.
        """
        names.enlist(self, kind, name, arn, account)

    def delist(self, kind: str, name: str, account: str = "") -> None:
        names.delist(self, kind, name, account)

    def listed(
        self, kind: str, *, at_most: int, prefix: str = "", after: str = ""
    ) -> list[tuple[str, str]]:
        """(name, arn) pairs of the account in order of name; for transactions about the account."""
        return names.listed(self, kind, prefix, after, at_most)

    def count_listed(self, kind: str, *, at_most: int, ending: str = "") -> int:
        """How many resources of a kind, with names that end so, the account has; for limits.

        Counts no further than `at_most`, and nothing where the list lies in another database.
        """
        return names.count(self, kind, ending, at_most)

    def tags(self, arn: str) -> dict[str, str]:
        return tags.read(self, arn)

    def put_tags(self, arn: str, added: Mapping[str, str]) -> None:
        """Add or replace tags; the caller has checked AWS's limits with `tags.problem`."""
        tags.put(self, arn, added)

    def remove_tags(self, arn: str, keys: Sequence[str]) -> None:
        tags.remove(self, arn, keys)

    # Elsewhere in the same partition set.

    def within(self, about: str) -> Transaction:
        """This attempt, seen from another resource's partition; effects are shared."""
        return self.within_part(self.kernel.store.partition(about), about, self.now)

    def within_part(self, part: int, about: str, now: int) -> Transaction:
        """As `within`, where the partition is known; and at an instant."""
        self.statements.lock(part)
        other = Transaction(self.statements, part, about, self.kernel, now)
        other.effects = self.effects
        other.call = self.call
        return other


Step = Callable[..., Any]
