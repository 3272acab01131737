"""What the hot path knows without asking the store: functions, and what the account reserves.

Each entry is forgotten at the commit that changes it, before the change is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from pileus.kernel.call import Call
from pileus.kernel.waiting import Waiting
from pileus.services.lambda_.functions import store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.versions import store as versions_store
from pileus.services.lambda_.versions.routing import Alias

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by topic; a value read before a change and stored after it would be stale.

    While a topic is listened to, a mark stands for what it was since the last change. A value is
    kept only by whoever holds the mark of now: one from before a change, or from before the topic
    was forgotten, tells that changes may have gone unheard.
    """

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._values: dict[str, T] = {}
        self._marks: dict[str, object] = {}
        self._endings: dict[str, Callable[[], None]] = {}

    def get(self, topic: str) -> T | None:
        return self._values.get(topic)

    def begin(self, topic: str, on_change: Callable[[str], None] | None = None) -> object:
        """Listen from now on; the mark tells `keep` whether something changed since."""
        if topic not in self._endings:

            def changed() -> None:
                self._values.pop(topic, None)
                self._marks[topic] = object()
                if on_change is not None:
                    on_change(topic)

            self._marks[topic] = object()
            self._endings[topic] = self._waiting.call_on(topic, changed)
        return self._marks[topic]

    def keep(self, topic: str, value: T, mark: object) -> bool:
        """Remember a value, unless it may be stale already."""
        if self._marks.get(topic) is not mark:
            return False
        self._values[topic] = value
        return True

    def forget(self, topic: str) -> None:
        """Listen no longer."""
        self._values.pop(topic, None)
        self._marks.pop(topic, None)
        end = self._endings.pop(topic, None)
        if end is not None:
            end()


class LiveFunctions:
    """Functions and reservations in memory. Only for the event loop's thread."""

    def __init__(self, waiting: Waiting, on_change: Callable[[str], None]) -> None:
        self._functions: Remembered[Function] = Remembered(waiting)
        # Versions and aliases by qualified ARN, each with the id of the function that it is of.
        self._targets: Remembered[tuple[str, Function | Alias]] = Remembered(waiting)
        self._qualifiers: dict[str, set[str]] = {}
        self._reservations: Remembered[dict[str, int]] = Remembered(waiting)
        self._on_change = on_change

    def known(self, arn: str) -> Function | None:
        return self._functions.get(arn)

    async def load(self, call: Call, arn: str) -> Function | None:
        """The function as it is now; None if there is none."""
        while True:
            found = self._functions.get(arn)
            if found is not None:
                return found
            mark = self._functions.begin(arn, self._on_change)
            function: Function | None = await call.read(store.load_function, arn, about=arn)
            if function is None:
                self._functions.forget(arn)
                for topic in self._qualifiers.pop(arn, ()):
                    self._targets.forget(topic)
                return None
            if self._functions.keep(arn, function, mark):
                return function

    async def target(self, call: Call, latest: Function, named: Named) -> Function | Alias | None:
        """What a qualifier of the function names now, besides $LATEST."""
        topic = named.qualified_arn
        while True:
            found = self._targets.get(topic)
            if found is not None and found[0] == latest.id:
                return found[1]
            mark = self._targets.begin(topic, self._on_change)
            target: Function | Alias | None = await call.read(
                versions_store.load_target, latest.id, named.qualifier, about=named.arn
            )
            if target is None:
                self._targets.forget(topic)
                return None
            if self._targets.keep(topic, (latest.id, target), mark):
                self._qualifiers.setdefault(named.arn, set()).add(topic)
                return target

    def known_reservations(self, account: str) -> dict[str, int] | None:
        return self._reservations.get(account)

    async def reservations(self, call: Call, account: str) -> dict[str, int]:
        """What each function of the account and region (named by its ARN) has reserved."""
        while True:
            found = self._reservations.get(account)
            if found is not None:
                return found
            mark = self._reservations.begin(account)
            reserved: dict[str, int] = await call.read(store.reservations, about=account)
            if self._reservations.keep(account, reserved, mark):
                return reserved
