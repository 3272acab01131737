"""All that services stand on, put together: one object for each running Pileus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel import blobs, deliveries, mail, names, outbox, structures
from pileus.kernel.access import Identify, IssuedKeys, VerifyText
from pileus.kernel.call import Call, Context
from pileus.kernel.clock import Clock
from pileus.kernel.database.jobs import Job
from pileus.kernel.database.statements import Statements
from pileus.kernel.database.store import Store, settling
from pileus.kernel.dispatch import Dispatch
from pileus.kernel.egress import Egress
from pileus.kernel.egress_addresses import Rules
from pileus.kernel.ids import Ids
from pileus.kernel.metering import Metering
from pileus.kernel.metrics import Metrics, Stated
from pileus.kernel.quotas import Quotas
from pileus.kernel.registry import Registry
from pileus.kernel.service import Service, Target, Timer
from pileus.kernel.shards import progress
from pileus.kernel.time_travel import TimeTravel
from pileus.kernel.timers import Timers
from pileus.kernel.traces import Traces
from pileus.kernel.transaction import AfterCommit, Transaction, Wake
from pileus.kernel.waiting import Waiting
from pileus.kernel.work import Work
from pileus.kernel.work_rows import Dismissed, Employed, TimerSet
from pileus.kernel.workers import Tasks, Workers, supervised
from pileus.settings import Settings

if TYPE_CHECKING:
    from pileus.kernel.fleet import Fleet
    from pileus.kernel.reports import InitReport

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"

_OWN_TIMERS = (
    Timer(deliveries.TIMER, deliveries.attempt),
    Timer(deliveries.FORGET_TIMER, deliveries.forget),
    Timer(blobs.TIMER, blobs.sweep),
    Timer(outbox.TIMER, outbox.drop),
    Timer(progress.TIMER, progress.forget_more),
)
_OWN_TARGETS = (
    Target(deliveries.KERNEL, accept=names.accept),
    Target(mail.SERVICE, send=outbox.carry),
)


class Kernel:
    """Owns what lives as long as the process. `open()` is given the parts that do I/O."""

    store: Store
    fleet: Fleet
    init_hooks: InitReport
    # The gateway's, for endpoints whose requests are signed.
    identify: Identify
    verify_text: VerifyText

    def __init__(self, settings: Settings, services: Sequence[Service], clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.services = services
        self.ids = Ids(settings.seed)
        self.host_url = f"http://localhost:{settings.port}"
        self.own_context = Context(DEFAULT_ACCOUNT, DEFAULT_REGION, "pileus")
        # What services keep that dies with the process (pools, caches), by the service's name.
        self.memory: dict[str, Any] = {}
        self.directory = IssuedKeys()
        self.work = Work()
        self.tasks = Tasks()
        self.waiting = Waiting(clock)
        self.metering = Metering(self)
        self.metrics = Metrics(self)
        self.traces = Traces(self)
        self.quotas = Quotas(settings.enforces_rates)
        self.supervised = supervised
        self.egress = Egress(clock, Rules(settings.host, settings.allowed_egress))
        self.mail = mail.Mail(clock, settings.smtp)
        self.targets = {
            target.service: target
            for target in (*_OWN_TARGETS, *(t for s in services for t in s.targets))
        }
        self.routes: dict[str, deliveries.Route] = {}
        self.timers = {
            timer.kind: timer for timer in (*_OWN_TIMERS, *(t for s in services for t in s.timers))
        }
        self.workers = {worker.kind: worker for s in services for worker in s.workers}
        self.listeners: dict[type, list[Callable[[Any, Any], None]]] = {}
        for service in services:
            for listener in service.listeners:
                self.listeners.setdefault(listener.fact, []).append(listener.run)
        # What services show of themselves below /_pileus, by the last part of the path.
        self.pages = {name: page for s in services for name, page in s.pages.items()}
        self.registry = Registry(services)
        self.dispatch = Dispatch(self, self.registry)
        self.due = Timers(self, self.timers)
        self.staff = Workers(self, self.workers)
        self.time_travel = TimeTravel(self)
        self.blobs = blobs.Blobs(
            settings.data / "blobs",
            lambda part, digest: self.store_read(blobs.find, digest, part=part),
            lambda: self.ids.hexadecimal(16),
            clock.monotonic_ms,
        )

    async def start(self) -> None:
        """Open the store, take up the clock, and set going what was going on before."""
        structures.settle()
        await self.store.start()
        await self.blobs.start()
        await self.time_travel.restore()
        for service in self.services:
            if service.start is not None:
                await service.start(self.call_for(self.own_context, service.name, "Start"))
        await self.due.start()
        await self.staff.start()

    async def stop(self) -> None:
        """End waiting, finish what runs, write the last counts, close the store."""
        for service in self.services:
            if service.stop is not None:
                await service.stop(self.call_for(self.own_context, service.name, "Stop"))
        await self.tasks.close()
        await self.metering.write()
        await self.metrics.write()
        await self.traces.write()
        await self.time_travel.save()
        await self.store.stop()

    # For the store.

    def make_transaction(self, statements: Statements, part: int, about: str) -> Transaction:
        return Transaction(statements, part, about, self)

    def on_commit(self, effects: list[Any]) -> None:
        """What follows from a commit, on the event loop's thread."""
        for effect in effects:
            if type(effect) is Wake:
                self.waiting.wake(effect.topic)
            elif type(effect) is TimerSet:
                self.due.note(effect.at)
            elif type(effect) is Employed:
                self.staff.employed(effect)
            elif type(effect) is Dismissed:
                self.staff.dismissed(effect)
            elif type(effect) is Stated:
                self.metrics.note(effect.series, effect.value)
            elif type(effect) is AfterCommit:
                effect.run()

    # For calls.

    def call_for(
        self, context: Context, service: str, operation: str, about: str = "", request_id: str = ""
    ) -> Call:
        """A call that no request caused: a timer, a worker, a delivery, the start."""
        request_id = request_id or self.ids.uuid()
        return Call(self, context.within(service), operation, request_id, about=about)

    async def transact(
        self, call: Call, step: Callable[..., Any], *args: Any, about: str, is_durable: bool
    ) -> Any:
        number = self.work.begin(step.__qualname__)
        try:
            return await self.store.transact(
                _on_behalf, call, step, args, about=about, is_durable=is_durable
            )
        finally:
            self.work.end(number)

    async def read(self, call: Call, step: Callable[..., Any], *args: Any, about: str) -> Any:
        # Reading is work too: what a woken task reads decides what it begins.
        with self.work.running(step.__qualname__):
            return await self.store.read(_on_behalf, call, step, args, about=about)

    # For the kernel's own parts, which know partitions rather than resources.

    async def store_step(
        self, step: Callable[..., Any], *args: Any, part: int, is_durable: bool = False
    ) -> Any:
        with self.work.running(step.__qualname__):
            return await _job(self.store.submit, step, args, part, is_durable)

    async def store_read(self, step: Callable[..., Any], *args: Any, part: int) -> Any:
        with self.work.running(step.__qualname__):
            return await _job(self.store.submit_read, step, args, part)


def _on_behalf(tx: Transaction, call: Call, step: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    tx.call = call
    return step(tx, *args)


async def _job(
    submit: Callable[[Job], None], step: Callable[..., Any], args: tuple[Any, ...], part: int,
    is_durable: bool = True,
) -> Any:  # fmt: skip
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    submit(Job(step, args, part, f"pileus:{part}", settling(answer), is_durable))
    return await answer
