"""What a service declares about itself: its table of contents, read by `app.py` and dispatch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.changes import Fact
    from pileus.kernel.cross_origin import Judge
    from pileus.kernel.deliveries import Delivery
    from pileus.kernel.errors import AwsError
    from pileus.kernel.fan_outs import Arrival
    from pileus.kernel.request import Request, Response

# Names the resource a request is about, from who asks and the request's members (AWS's names).
# It chooses the partition and is the resource that authorisation judges. May raise AwsError.
About = Callable[["Call", Mapping[str, Any]], str]
# Has something made elsewhere before the transaction of a `def` operation begins, and leaves it in
# `call.prepared`. Given the operation's keywords, on the event loop; calls the function, at once or
# later but always, to let the transaction begin.
Prepare = Callable[["Call", Mapping[str, Any], Callable[[], None]], None]


def the_account(call: Call, params: Mapping[str, Any]) -> str:
    """The account's own partition for this service: requests that list or create by name."""
    return f"arn:{call.partition}:{call.service}:{call.region}:{call.account}:"


@dataclass(frozen=True)
class Operations:
    """Functions that share what they are about. A function's name is the operation's name.

    `def` functions are one transaction (`call.tx`) and may be run again; `async def` functions
    may wait. `reads` runs a `def` function on a reader connection, where writing is an error. One
    that `is_short` besides reads a row or two by their keys: where no server is asked for them, it
    is run on the event loop, which holds up everybody for as long as it takes.
    """

    functions: Sequence[Callable[..., Any]]
    about: About = the_account
    reads: bool = False
    is_short: bool = False
    # Whether they state how long they took; see `Call.note_metric`.
    is_timed: bool = False
    # What comes before the transaction, and not on the thread that answers: signatures.
    prepare: Prepare | None = None
    # Bodies are handed over while they arrive, once they are too large to be taken whole: the HTTP
    # method of such operations, by which the gateway tells most others at a glance.
    streams: str = ""
    # For `async def` functions that take a body: the `def` that does the same in one transaction
    # with a body that is all there and fits a row, and so costs no task.
    at_once: Mapping[Callable[..., Any], Callable[..., Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """How resources of one kind take what others hand over with `tx.deliver`.

    `service` is the ARN's service field. `accept` runs inside the transaction of the cause when
    both lie in one partition set: a constant number of rows, no waiting; raising AwsError refuses,
    which becomes a retry or a dead letter. `send` is tried when due where there is no `accept`,
    and for the ARNs of which `is_sent` says so. One that `refuses_cleanly` has changed no row, or
    has set it right, when it raises AwsError: it is spared the savepoint that others take.

    `accept_all` does for many at once what `accept` does for one, and returns what it refused in
    the place of each; those have changed no row, and nothing follows from them.
    """

    service: str
    accept: Callable[[Call, Delivery], None] | None = None
    accept_all: Callable[[Call, Sequence[Arrival]], Sequence[AwsError | None]] | None = None
    send: Callable[[Call, Delivery], Awaitable[None]] | None = None
    is_sent: Callable[[str], bool] | None = None
    refuses_cleanly: bool = False

    def accepts(self, to: str) -> bool:
        """Whether a resource takes deliveries inside a transaction."""
        return self.accept is not None and not (self.is_sent is not None and self.is_sent(to))


@dataclass(frozen=True)
class Timer:
    """What happens when a due row of this kind falls due (`tx.set_timer(kind, ...)`).

    `run(call, key, payload)`: a `def` runs in one transaction about the row's resource, in which
    the row is also removed; it may set the timer again. An `async def` runs with the row claimed,
    and the row is removed after it returns; after a crash it is run again, so its steps must be
    safe to repeat. An async timer ends by `await call.transaction(step, ...)`, whose step may call
    `tx.finish_timer(kind, key)` so that outcome and removal are one commit.
    """

    kind: str
    run: Callable[..., Any]


@dataclass(frozen=True)
class Worker:
    """A long-lived task for each row that `tx.employ(kind, key)` made (a poller of a mapping).

    `run(call, key)` is an `async def` that runs until it returns; it is started again after a
    restart or a failure (with a pause by the clock) until `tx.dismiss(kind, key)`, which
    cancels it. It must not do work that cancellation could tear: steps are transactions.
    """

    kind: str
    run: Callable[[Call, str], Awaitable[None]]


@dataclass(frozen=True)
class Listener:
    """A function told of each announced fact of a type, inside the announcing transaction."""

    fact: type[Fact]
    run: Callable[[Call, Any], None]


@dataclass(frozen=True)
class Endpoint:
    """Requests that are no AWS API call: those whose host contains `host_part`, or whose path
    begins as one of `paths` does ("/" is that path alone), and that `matches` then finds right.

    `streams(method, path, headers)` names those whose bodies may be of any size: they are handed
    over while they arrive (`request.stream`), and the connection is read no faster than `answer`
    reads. What streams must match as well.
    """

    name: str
    matches: Callable[[Request], bool]
    answer: Callable[[Call, Request], Awaitable[Response]]
    host_part: str = ""
    paths: Sequence[str] = ()
    streams: Callable[[str, str, Mapping[str, str]], bool] | None = None
    # What users configure may answer pages of any origin, as they say; what stands for an API of
    # AWS's without its signatures must not.
    admits_any_origin: bool = True


@dataclass(frozen=True)
class Service:
    """One AWS service: operations, rows, targets, timers, workers. No logic."""

    name: str  # botocore's name: "sqs", "lambda", "logs"
    package: str  # the Python package that holds schema.sql: __package__
    operations: Sequence[Operations]
    has_schema: bool = True
    targets: Sequence[Target] = ()
    timers: Sequence[Timer] = ()
    workers: Sequence[Worker] = ()
    listeners: Sequence[Listener] = ()
    endpoints: Sequence[Endpoint] = ()
    # CloudFormation types: data over operation names.
    resource_types: Sequence[Any] = ()
    # Where the IAM action is not `signing name:Operation`: {"Invoke": "lambda:InvokeFunction"}.
    iam_actions: Mapping[str, str] = field(default_factory=dict)
    # Requests without a signature are let in; who asks for no service means this one.
    allows_anonymous: bool = False
    # Asked about requests of pages in browsers, and about their preflights, if resources have rules
    # of their own for these.
    judges_origins: Judge | None = None
    # Prefixes of paths below which requests may be larger than others, with their limit in bytes.
    body_limits: Mapping[str, int] = field(default_factory=dict)
    # What it shows at `/_pileus/NAME`, as a document of plain values.
    pages: Mapping[str, Callable[[Call], Mapping[str, Any]]] = field(default_factory=dict)
    # Called once at start with the kernel, for what dies with the process (a pool of environments).
    start: Callable[[Call], Awaitable[None]] | None = None
    stop: Callable[[Call], Awaitable[None]] | None = None
