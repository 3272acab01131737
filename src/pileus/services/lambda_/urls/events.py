"""From a request to the event that a function gets: AWS's payload format 2.0.

docs: lambda/latest/dg/urls-invocation, "Request payload format"
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from pileus.kernel.request import Request

STAGE = "$default"
ANONYMOUS = "anonymous"
# What API Gateway's format 2.0 takes for text; everything else comes in base64.
_TEXT = re.compile(r"text/.*|application/(?:json|javascript|xml|.*\+json|.*\+xml)", re.IGNORECASE)
# They are about the connection that ends here.
_HOP_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "expect"})
_LOCAL = "127.0.0.1"


class Caller(NamedTuple):
    """Who signed a request to a URL that asks for it."""

    account: str
    arn: str
    user_id: str
    access_key_id: str


class Arrival(NamedTuple):
    """What is known of a request beside the request itself."""

    url_id: str
    request_id: str
    at: int
    trace_id: str
    caller: Caller | None


def build(request: Request, arrival: Arrival) -> dict[str, Any]:
    headers = _headers(request, arrival)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": STAGE,
        "rawPath": request.path,
        "rawQueryString": request.query,
    }
    cookies = [part.strip() for part in request.headers.get("cookie", "").split(";")]
    if any(cookies):
        event["cookies"] = [cookie for cookie in cookies if cookie]
    event["headers"] = headers
    if parameters := _parameters(request.query):
        event["queryStringParameters"] = parameters
    event["requestContext"] = _context(request, arrival)
    text = _text(request)
    if request.body:
        event["body"] = base64.b64encode(request.body).decode() if text is None else text
    event["isBase64Encoded"] = text is None
    return event


def _headers(request: Request, arrival: Arrival) -> dict[str, str]:
    """Names are in lower case and repeated ones joined already; cookies have a place of their own.

    AWS's front end adds how the request came to it.
    """
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in _HOP_HEADERS and name != "cookie"
    }
    _, _, port = headers.get("host", "").rpartition(":")
    before = headers.get("x-forwarded-for")
    source = request.client_address or _LOCAL
    headers["x-forwarded-for"] = f"{before}, {source}" if before else source
    headers["x-forwarded-port"] = port if port.isdecimal() else "80"
    headers["x-forwarded-proto"] = "http"
    headers["x-amzn-trace-id"] = arrival.trace_id
    return headers


def _parameters(query: str) -> dict[str, str]:
    """Decoded; the values of a parameter that is repeated are joined by commas."""
    joined: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined.setdefault(name, []).append(value)
    return {name: ",".join(values) for name, values in joined.items()}


def _context(request: Request, arrival: Arrival) -> dict[str, Any]:
    caller = arrival.caller
    moment = datetime.fromtimestamp(arrival.at / 1000, UTC)
    context: dict[str, Any] = {
        "accountId": caller.account if caller else ANONYMOUS,
        "apiId": arrival.url_id,
    }
    if caller:
        context["authorizer"] = {"iam": _signer(caller)}
    return context | {
        "domainName": request.headers.get("host", "").partition(":")[0],
        "domainPrefix": arrival.url_id,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.client_address or _LOCAL,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": arrival.request_id,
        "routeKey": STAGE,
        "stage": STAGE,
        "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": arrival.at,
    }


def _signer(caller: Caller) -> dict[str, Any]:
    return {
        "accessKey": caller.access_key_id,
        "accountId": caller.account,
        "callerId": caller.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.arn,
        "userId": caller.user_id,
    }


def _text(request: Request) -> str | None:
    """The body as text; None where it has to be encoded."""
    if not request.body:
        return ""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if not _TEXT.fullmatch(content_type) or "content-encoding" in request.headers:
        return None
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError:
        return None
