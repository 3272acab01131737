"""Pileus's own control plane: `/_pileus/...`, and the paths that users of LocalStack know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from pileus import __version__
from pileus.kernel import outbox
from pileus.kernel.request import Request, Response
from pileus.languages import durations

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

_WAIT_SECONDS = 600.0
_ADVANCE_MAX_MS = 100 * 366 * 24 * 3600 * 1000


class Refused(Exception):
    """A request to the control plane that makes no sense; the message is the answer."""


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /_pileus/clock`: exactly one of advance, freeze and resume."""

    advance: int | float | str | None = None
    freeze: bool = False
    resume: bool = False
    wait: bool = True
    timeout_seconds: float = _WAIT_SECONDS


Answer = Callable[["Kernel", Request], Awaitable[Response]]


def find(path: str) -> Answer | None:
    """The control function for a path; None where the path is not ours."""
    if not path.startswith(("/_pileus", "/_localstack")):
        return None
    return _PATHS.get(path.rstrip("/"), _unknown)


def _json(status: int, document: Any) -> Response:
    body = msgspec.json.encode(document) + b"\n"
    return Response(status, {"content-type": "application/json"}, body)


async def _unknown(kernel: Kernel, request: Request) -> Response:
    name = request.path.rstrip("/").removeprefix("/_pileus/")
    page = kernel.pages.get(name)
    if page is not None:
        if request.method != "GET":
            return _json(405, {"error": f"{request.path} takes GET."})
        return _json(200, page(kernel.call_for(kernel.own_context, name, "Show")))
    return _json(404, {"error": f"There is nothing at {request.path}.", "paths": sorted(_PATHS)})


async def _health(kernel: Kernel, request: Request) -> Response:
    services = dict.fromkeys(sorted(kernel.registry.services), "running")
    return _json(200, {"services": services, "edition": "pileus", "version": __version__})


async def _info(kernel: Kernel, request: Request) -> Response:
    return _json(
        200,
        {
            "version": __version__,
            "edition": "pileus",
            "is_license_activated": True,
            "session_id": kernel.own_context.service,
            "system": "linux",
            "isolation": kernel.fleet.describe(),
            "store": kernel.settings.store.split(":", 1)[0],
        },
    )


async def _init(kernel: Kernel, request: Request) -> Response:
    return _json(200, kernel.init_hooks.report())


async def _clock(kernel: Kernel, request: Request) -> Response:
    if request.method == "GET":
        return _json(200, await _clock_state(kernel))
    if request.method != "POST":
        return _json(405, {"error": "The clock takes GET and POST."})
    try:
        return await _set_clock(kernel, request)
    except (
        Refused, durations.InvalidDuration, msgspec.MsgspecError, UnicodeError, RecursionError,
    ) as refusal:  # fmt: skip
        return _json(400, {"error": str(refusal)})


async def _set_clock(kernel: Kernel, request: Request) -> Response:
    wanted = msgspec.json.decode(request.body or b"{}", type=ClockRequest)
    chosen = [wanted.advance is not None, wanted.freeze, wanted.resume]
    if sum(chosen) != 1:
        raise Refused('Send one of {"advance": ...}, {"freeze": true} and {"resume": true}.')
    if wanted.freeze:
        await kernel.time_travel.freeze()
    elif wanted.resume:
        await kernel.time_travel.resume()
    else:
        return await _advance(kernel, request, wanted)
    return _json(200, await _clock_state(kernel))


async def _advance(kernel: Kernel, request: Request, wanted: ClockRequest) -> Response:
    milliseconds = _milliseconds(wanted.advance, kernel.clock.now())
    if not 0 <= milliseconds <= _ADVANCE_MAX_MS:
        raise Refused("The clock goes forward only, at most 100 years at a time.")
    travel = kernel.time_travel
    advance = travel.begin(milliseconds, is_from_inside=bool(request.environment_id))
    seconds = wanted.timeout_seconds if wanted.wait else 0.0
    await kernel.clock.wait(advance.finished, real_seconds=max(0.0, seconds))
    progress = travel.progress(advance)
    return _json(
        200 if progress.is_done else 202,
        {
            **await _clock_state(kernel),
            "target": _iso(progress.target),
            "steps": progress.steps,
            "done": progress.is_done,
            **({"waits_for": progress.running} if progress.running else {}),
        },
    )


def _milliseconds(amount: int | float | str | None, now: int) -> int:
    if isinstance(amount, str):
        return durations.parse(amount).after(now) - now
    assert amount is not None
    if not -1e12 < amount < 1e12:
        raise Refused("The clock goes forward only, at most 100 years at a time.")
    return round(amount * 1000)


async def _clock_state(kernel: Kernel) -> dict[str, Any]:
    clock = kernel.clock
    next_due = await kernel.due.next_due()
    return {
        "now": _iso(clock.now()),
        "epoch_ms": clock.now(),
        "frozen": clock.is_frozen,
        "offset_seconds": round(clock.offset_ms / 1000, 3),
        "next_due": None if next_due is None else _iso(next_due),
    }


def _iso(instant: int) -> str:
    seconds, milliseconds = divmod(instant, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


async def _traces(kernel: Kernel, request: Request) -> Response:
    trace_id = request.query.removeprefix("trace_id=") if request.query else ""
    return _json(200, {"spans": await kernel.traces.read(trace_id)})


async def _usage(kernel: Kernel, request: Request) -> Response:
    rows = await kernel.metering.usage(0, kernel.clock.now())
    names = ("account", "region", "service", "operation", "unit", "quantity")
    return _json(200, {"usage": [dict(zip(names, row, strict=True)) for row in rows]})


async def _outbox(kernel: Kernel, request: Request) -> Response:
    if request.method != "GET":
        return _json(405, {"error": "The outbox takes GET."})
    asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
    limit = asked.pop("limit", str(outbox.PAGE_MAX))
    unknown = asked.keys() - {"account", "channel", "to"}
    if unknown or not limit.isdecimal() or not 1 <= int(limit) <= outbox.PAGE_MAX:
        return _json(
            400, {"error": f"account, channel, to, and limit (1 to {outbox.PAGE_MAX}) are known."}
        )
    found = await outbox.read(kernel, **asked, limit=int(limit))
    return _json(200, {"messages": found})


_PATHS: dict[str, Answer] = {
    "/_localstack/health": _health,
    "/_localstack/info": _info,
    "/_localstack/init": _init,
    "/_pileus/clock": _clock,
    "/_pileus/health": _health,
    "/_pileus/info": _info,
    "/_pileus/outbox": _outbox,
    "/_pileus/traces": _traces,
    "/_pileus/usage": _usage,
}
