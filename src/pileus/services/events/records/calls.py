"""API destinations as targets: one HTTP request for each event; and OAuth's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.kernel.egress import Answer, EgressFailed
from pileus.kernel.errors import AwsError
from pileus.kernel.quotas import Quotas
from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, names
from pileus.services.events.records import connections, http_requests, store
from pileus.services.events.records.http_requests import HttpRequest
from pileus.services.events.records.store import API_DESTINATION, CONNECTION, Record

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery

# docs: eb-api-destinations; EventBridge waits five seconds, and tries again after these statuses.
TIMEOUT_SECONDS = 5.0
_RETRIED = (401, 407, 409, 429)
_UNAUTHORIZED = (401, 407)
_TOKEN_MARGIN_MS = 60_000
_TOKEN_SECONDS_DEFAULT = 3600
_TOKENS_MAX = 1_000

# docs: eb-rule-event-delivery, error codes of dead letters
FINAL = "SDK_CLIENT_ERROR"
_FAILED = "ERROR_FROM_TARGET"
_NO_CONNECTION = "CONNECTION_FAILURE"
_UNAUTHORIZED_CODE = "CONNECTION_NOT_AUTHORIZED"


class _Token(NamedTuple):
    text: str
    good_until: int


class _Found(NamedTuple):
    destination: Record
    connection: Record


# Both die with the process: a limit starts afresh, and a token is asked for again.
_rates = Quotas(is_enforced=True)
_tokens: dict[tuple[str, int], _Token] = {}


def is_api_destination(arn: str) -> bool:
    return ":api-destination/" in arn


async def send(call: Call, delivery: Delivery) -> None:
    """Target: call the endpoint; raises AwsError where it has to be tried again or given up."""
    found: _Found | None = await call.read(_load, delivery.to, about=names.account_arn(delivery.to))
    if found is None:
        raise errors.unknown_destination(delivery.to)
    destination, connection = found
    if connection.members["ConnectionState"] != "AUTHORIZED":
        raise AwsError(_UNAUTHORIZED_CODE, f"Connection {connection.name} is not authorized.")
    rate = destination.members["InvocationRateLimitPerSecond"]
    if not _rates.allows(delivery.to, rate, call.now):
        raise AwsError("ThrottlingException", "The rate limit of the API destination is reached.")
    token = await _token(call, connection)
    request = http_requests.invocation(
        destination.members, connection.hidden,
        delivery.attributes.get("HttpParameters") or {}, delivery.payload, token,
    )  # fmt: skip
    answer = await _ask(call, request)
    if answer.status in _UNAUTHORIZED:
        _tokens.pop(_token_key(connection), None)
    if not 200 <= answer.status < 300:
        is_retried = answer.status in _RETRIED or answer.status >= 500
        raise AwsError(
            _FAILED if is_retried else FINAL, f"Request failed with status code {answer.status}"
        )


def _load(tx: Transaction, arn: str) -> _Found | None:
    _, name, record_id = arn.split("/")
    destination = store.seek(tx, API_DESTINATION, name)
    if destination is None or destination.id != record_id:
        return None
    named = destination.members["ConnectionArn"].split("/")[1]
    connection = store.seek(tx, CONNECTION, named)
    return None if connection is None else _Found(destination, connection)


async def _ask(call: Call, request: HttpRequest) -> Answer:
    egress = call.kernel.egress
    try:
        async with egress.place(request.url):
            return await egress.send(
                request.method, request.url, request.headers, request.body,
                real_seconds=TIMEOUT_SECONDS,
            )  # fmt: skip
    except EgressFailed as failure:
        code = FINAL if failure.is_final else _NO_CONNECTION
        raise AwsError(code, failure.reason) from failure


# OAuth.


def _token_key(connection: Record) -> tuple[str, int]:
    return connection.id, connection.modified_at


async def _token(call: Call, connection: Record) -> str:
    oauth = connection.hidden.get("OAuthParameters")
    if oauth is None:
        return ""
    known = _tokens.get(_token_key(connection))
    if known is None or known.good_until <= call.now:
        known = await _new_token(call, oauth)
        if len(_tokens) >= _TOKENS_MAX:
            _tokens.clear()
        _tokens[_token_key(connection)] = known
    return known.text


async def _new_token(call: Call, oauth: Mapping[str, Any]) -> _Token:
    answer = await _ask(call, http_requests.token_request(oauth))
    if not 200 <= answer.status < 300:
        raise AwsError(
            _FAILED, f"The authorization endpoint answered with status code {answer.status}"
        )
    try:
        fields = msgspec.json.decode(answer.body)
        seconds = int(fields.get("expires_in", _TOKEN_SECONDS_DEFAULT))
        return _Token(str(fields["access_token"]), call.now + seconds * 1000 - _TOKEN_MARGIN_MS)
    except (
        msgspec.MsgspecError, RecursionError, AttributeError, KeyError, TypeError, ValueError,
        OverflowError,
    ):  # fmt: skip
        raise AwsError(_FAILED, "The authorization endpoint answered no access token") from None


async def authorize(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: ask for a first token, which tells whether the connection is authorised."""
    record: Record | None = await call.read(_seek, payload["name"], about=call.about)
    if record is None or record.members["ConnectionState"] != "AUTHORIZING":
        return
    reason = ""
    try:
        await _new_token(call, record.hidden["OAuthParameters"])
    except AwsError as refusal:
        reason = refusal.message
    await call.transaction(
        connections.conclude, record.name, record.modified_at, reason, about=call.about
    )


def _seek(tx: Transaction, name: str) -> Record | None:
    return store.seek(tx, CONNECTION, name)
