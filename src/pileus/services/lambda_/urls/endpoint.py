"""Requests to function URLs: from host to function, and from its answer to the response."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec

from pileus.kernel.call import Call, Context
from pileus.kernel.errors import AwsError
from pileus.kernel.request import CutShort, Request, Response
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.running import payloads
from pileus.services.lambda_.running.answers import Answer
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.platform import platform_of
from pileus.services.lambda_.running.tracing import trace_id
from pileus.services.lambda_.urls import (
    callers,
    events,
    origins,
    results,
    store,
    url_errors,
    url_ids,
)
from pileus.services.lambda_.urls.configurations import BUFFERED, UrlConfig
from pileus.services.lambda_.urls.events import Arrival
from pileus.services.lambda_.urls.results import Head, Malformed
from pileus.services.lambda_.urls.url_ids import HOST_PART

OPERATION = "InvokeFunctionUrl"
_BAD_GATEWAY = b"Internal Server Error"
# What a streamed answer is where its runtime did not say, as the Runtime API has it.
_WHOLE_TYPE = "application/json"


def matches(request: Request) -> bool:
    return HOST_PART in request.headers.get("host", "")


async def answer(call: Call, request: Request) -> Response:
    headers = {"x-amzn-RequestId": call.request_id}
    began_ms = call.kernel.clock.monotonic_ms()
    url_id, _, rest = request.headers["host"].lower().partition(HOST_PART)
    try:
        owned = _owned(call, request, url_id, rest.partition(".")[0])
        config = await _find(owned, url_id)
    except AwsError as error:
        return _refusal(error, headers)
    try:
        response = await _answer(owned, request, config, headers)
    except AwsError as error:
        response = _refusal(error, headers)
    except Malformed:
        response = Response(502, {**headers, "Content-Type": results.JSON}, _BAD_GATEWAY)
    _note(owned, config, response.status, owned.kernel.clock.monotonic_ms() - began_ms)
    return response


async def _answer(
    call: Call, request: Request, config: UrlConfig, headers: dict[str, str]
) -> Response:
    if config.cors is not None and origins.is_preflight(request):
        return Response(200, headers | origins.preflight_headers(config.cors, request))
    caller = await callers.admit(call, request, config)
    trace = trace_id(call)
    headers["X-Amzn-Trace-Id"] = trace
    arrival = Arrival(config.id, call.request_id, call.now, trace, caller)
    event = msgspec.json.encode(events.build(request, arrival))
    if len(event) > payloads.SYNCHRONOUS_BYTES_MAX:
        raise url_errors.request_too_large()
    function = await platform_of(call).runnable(call, function_names.split(config.target_arn))
    invocation = Invocation(call.request_id, event, trace, config.target_arn)
    if config.invoke_mode == BUFFERED:
        outcome = await platform_of(call).run(call, function, invocation)
        if outcome.function_error:
            raise Malformed("The function has failed.")
        head, body = results.infer(outcome.payload)
        return _response(config, request, headers, head, body)
    head, pieces = await _stream(Answer(call, function, invocation))
    return _response(config, request, headers, head, pieces)


def _note(call: Call, config: UrlConfig, status: int, latency_ms: float) -> None:
    """docs: lambda/latest/dg/urls-monitoring"""
    figures = platform_of(call).figures
    for name, unit, value in (
        ("UrlRequestCount", "Count", 1),
        ("Url4xxCount", "Count", int(400 <= status < 500)),
        ("Url5xxCount", "Count", int(status >= 500)),
        ("UrlRequestLatency", "Milliseconds", latency_ms),
    ):
        figures.note(config.target_arn, "", name, unit, value)


def _owned(call: Call, request: Request, url_id: str, region: str) -> Call:
    """The call on behalf of the account that has the URL, which the URL's id tells."""
    account = url_ids.account_of(url_id)
    if account is None:
        raise url_errors.unknown_url()
    trace = request.headers.get("x-amzn-trace-id", "")
    return Call(
        call.kernel,
        Context(account, region, callers.SERVICE, trace_id=trace),
        OPERATION,
        call.request_id,
        call.host_url,
        request.is_connected,
        request.environment_id,
        when_lost=request.when_lost,
    )


async def _find(call: Call, url_id: str) -> UrlConfig:
    arn: str | None = await call.read(_target, url_id, about=the_account(call, {}))
    if arn is not None:
        named = function_names.split(arn)
        config: UrlConfig | None = await call.read(_load, named, about=named.arn)
        if config is not None and config.id == url_id:
            return config
    raise url_errors.unknown_url()


def _target(tx: Transaction, url_id: str) -> str | None:
    found = tx.listed(store.URLS, at_most=1, prefix=url_id)
    return found[0][1] if found else None


def _load(tx: Transaction, named: function_names.Named) -> UrlConfig | None:
    function = functions_store.load_function(tx, named.arn)
    return None if function is None else store.load(tx, function.id, named.qualifier)


class _Streamed(NamedTuple):
    head: Head
    pieces: AsyncIterator[bytes]


async def _stream(answer: Answer) -> _Streamed:
    """The beginning of an answer that is sent while it comes."""
    content_type = await answer.begin()
    if content_type is None and answer.outcome.function_error:
        raise Malformed("The function has failed.")
    if content_type != results.PRELUDE_TYPE:
        head = Head(200, {"Content-Type": content_type or _WHOLE_TYPE})
        return _Streamed(head, _pieces(answer, b""))
    data, end = bytearray(), -1
    while end < 0:
        piece = await answer.read()
        if not piece or len(data) > results.PRELUDE_BYTES_MAX:
            raise Malformed("The metadata do not end.")
        # The mark may begin in the piece before.
        looked_at = max(0, len(data) - len(results.PRELUDE_END))
        data += piece
        end = data.find(results.PRELUDE_END, looked_at)
    head = results.read_prelude(bytes(data[:end]))
    return _Streamed(head, _pieces(answer, bytes(data[end + len(results.PRELUDE_END) :])))


async def _pieces(answer: Answer, first: bytes) -> AsyncIterator[bytes]:
    """The body. Where the function fails within it, the client sees that the end is missing."""
    if first:
        yield first
    while piece := await answer.read():
        yield piece
    try:
        has_failed = bool(answer.outcome.function_error)
    except AwsError as ended:
        raise CutShort from ended
    if has_failed:
        raise CutShort


def _response(
    config: UrlConfig,
    request: Request,
    headers: dict[str, str],
    head: Head,
    body: bytes | AsyncIterator[bytes],
) -> Response:
    return Response(
        head.status,
        origins.apply(config.cors, request, headers | head.headers),
        body,
        [("Set-Cookie", cookie) for cookie in head.cookies],
    )


def _refusal(error: AwsError, headers: dict[str, str]) -> Response:
    """AWS's errors as Lambda's front end words them; refusals have a form of their own."""
    name = "Message" if error.code in url_errors.REFUSALS else "message"
    document = {**error.members, name: error.message}
    headers = {**headers, "Content-Type": results.JSON, "x-amzn-ErrorType": error.code}
    return Response(error.status or 400, headers, msgspec.json.encode(document))
