"""Who is calling, for which account and region, on whose behalf: an operation's first argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.errors import AwsError

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.metrics import Series
    from pileus.kernel.transaction import Transaction
    from pileus.kernel.waiting import Watch

CHAIN_MAX = 16
NO_TRAILERS: Mapping[str, str] = {}


# A metric of a service, and its value; None for the time that an operation took.
Sample = tuple["Series", float | None]
# Never added to: most calls have none.
NO_SAMPLES: list[Sample] = []


class Context(msgspec.Struct, frozen=True):
    """The part of a call that outlives it: carried by timers, workers and deliveries."""

    account: str
    region: str
    service: str
    principal_arn: str = ""
    access_key_id: str = ""
    trace_id: str = ""
    # How many services or deliveries lie between the outside and here.
    hops: int = 0

    def within(self, service: str) -> Context:
        """The same caller, as another service sees it."""
        return self if service == self.service else self._moved(service, self.hops)

    def handed_to(self, service: str) -> Context:
        """The same caller, one hop further on, as a service sees it to which it hands over."""
        return self._moved(service, self.hops + 1)

    def _moved(self, service: str, hops: int) -> Context:
        # Each delivery makes one: by position this takes half the time of a replacement.
        return Context(
            self.account, self.region, service, self.principal_arn, self.access_key_id,
            self.trace_id, hops,
        )  # fmt: skip


class Call:
    """One operation on its way. Immutable but for `tx`, which each attempt of a `def` sets, and
    for the trace that it begins.

    `call.now` is the platform's clock: fixed within a transaction, current outside one.
    """

    __slots__ = (
        "about",
        "account",
        "context",
        "environment_id",
        "host_url",
        "is_connected",
        "kernel",
        "operation",
        "prepared",
        "protocol",
        "region",
        "request_id",
        "samples",
        "service",
        "trailers",
        "tx",
        "when_lost",
    )

    tx: Transaction

    def __init__(
        self,
        kernel: Kernel,
        context: Context,
        operation: str,
        request_id: str,
        host_url: str = "",
        is_connected: Callable[[], bool] | None = None,
        environment_id: str = "",
        about: str = "",
        when_lost: Callable[[Callable[[], None]], None] | None = None,
        protocol: str = "",
    ) -> None:
        self.kernel = kernel
        # The resource (an ARN) that the call is about, once dispatch knows it.
        self.about = about
        self.context = context
        self.account = context.account
        self.region = context.region
        self.service = context.service
        self.operation = operation
        self.request_id = request_id
        # Scheme, host and port by which the caller reached us: "http://localhost:4566".
        self.host_url = host_url or kernel.host_url
        # False once the client has gone: ends waiting, never work.
        self.is_connected = is_connected or _always
        # Registers a call for the moment when the client goes.
        self.when_lost = when_lost
        # How the answer will be written, if it leaves the house: `json` or CBOR's name. A large
        # list may then be a `msgspec.Raw` that is written so already (in JSON also a list of them).
        self.protocol = protocol
        # The sandbox that the request came from, if any.
        self.environment_id = environment_id
        # What came after a body in pieces; of one that is still coming, at its end.
        self.trailers = NO_TRAILERS
        # What was made for the operation before its transaction; see `Operations.prepare`.
        self.prepared: Any = None
        # What the operation has stated about itself; see `note_metric`.
        self.samples = NO_SAMPLES

    @property
    def now(self) -> int:
        """Epoch milliseconds of the platform's clock."""
        tx = getattr(self, "tx", None)
        return tx.now if tx is not None else self.kernel.clock.now()

    def note_metric(self, series: Series, value: float | None) -> None:
        """Count a sample of a service's own metric once the operation has ended, well or badly.

        None stands for the milliseconds that it will have taken (`Operations.is_timed`). What a
        transaction states only if it commits is `tx.note_metric`.
        """
        if self.samples is NO_SAMPLES:
            self.samples = []
        self.samples.append((series, value))

    @property
    def partition(self) -> str:
        return arns.partition_of(self.region)

    def arn(self, resource: str, service: str | None = None) -> str:
        """The ARN of a resource of this account and region (and, unless named, this service)."""
        return arns.build(service or self.service, self.region, self.account, resource)

    async def transaction(
        self, step: Callable[..., Any], *args: Any, about: str, is_durable: bool = True
    ) -> Any:
        """Run `step(tx, *args)` as one transaction about a resource; returns after the commit.

        The step is a named module-level `def` whose arguments and result are plain values. It may
        be run again. Cancelling the caller does not undo it.
        """
        return await self.kernel.transact(self, step, *args, about=about, is_durable=is_durable)

    async def read(self, step: Callable[..., Any], *args: Any, about: str) -> Any:
        """Run `step(tx, *args)` on a reader connection; writing there is an error."""
        return await self.kernel.read(self, step, *args, about=about)

    async def invoke(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Ask another service and wait: AWS's names, the same checks as from outside.

        Raises AwsError as the other service answers it, or when the chain of callers exceeds 16.
        """
        if self.context.hops >= CHAIN_MAX:
            raise AwsError(
                "InvalidParameterValueException",
                f"The chain of calls is longer than {CHAIN_MAX}: it looks like a loop.",
            )
        return await self.kernel.dispatch.invoke(self, service, operation, params)

    def watching(self, *topics: str) -> AbstractAsyncContextManager[Watch]:
        """Subscribe to topics for the length of a `with`: subscribe first, then read, then wait."""
        return self.kernel.waiting.watching(*topics, when_lost=self.when_lost)

    def join_trace(self, header: str) -> None:
        """From now on this call, and what it asks for, belong to a trace (X-Amzn-Trace-Id)."""
        self.context = msgspec.structs.replace(self.context, trace_id=header)

    def child(self, service: str, operation: str) -> Call:
        """The same caller, one step further inside."""
        context = msgspec.structs.replace(self.context, service=service, hops=self.context.hops + 1)
        return Call(
            self.kernel, context, operation, self.request_id, self.host_url, self.is_connected,
            self.environment_id, when_lost=self.when_lost,
        )  # fmt: skip


def _always() -> bool:
    return True
