"""The requests that API destinations and authorisation endpoints get; pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

# docs: eb-api-destinations, headers included in requests
_HEADERS = {
    "User-Agent": "Amazon/EventBridge/ApiDestinations",
    "Content-Type": "application/json; charset=utf-8",
    "Range": "bytes=0-1048575",
}
_WITHOUT_BODY = ("GET", "HEAD")

Members = Mapping[str, Any]


class HttpRequest(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def invocation(
    destination: Members, credentials: Members, target: Members, payload: str, token: str
) -> HttpRequest:
    """The request for one event. Where both name a parameter the connection's value holds."""
    http = credentials.get("InvocationHttpParameters") or {}
    url = _with_query(
        _with_path(destination["InvocationEndpoint"], target.get("PathParameterValues") or ()),
        {**(target.get("QueryStringParameters") or {}), **_pairs(http, "QueryStringParameters")},
    )
    headers = {
        **_HEADERS,
        **(target.get("HeaderParameters") or {}),
        **_pairs(http, "HeaderParameters"),
        **_authorization(credentials, token),
    }
    body = _with_body(payload, _pairs(http, "BodyParameters"))
    method: str = destination["HttpMethod"]
    return HttpRequest(method, url, headers, b"" if method in _WITHOUT_BODY else body)


def token_request(oauth: Members) -> HttpRequest:
    """The client credentials grant of OAuth 2 (RFC 6749, 4.4)."""
    http = oauth.get("OAuthHttpParameters") or {}
    client = oauth["ClientParameters"]
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientID"],
        "client_secret": client["ClientSecret"],
        **_pairs(http, "BodyParameters"),
    }
    headers = {
        "User-Agent": _HEADERS["User-Agent"],
        "Content-Type": "application/x-www-form-urlencoded",
        **_pairs(http, "HeaderParameters"),
    }
    query = _pairs(http, "QueryStringParameters")
    url: str = oauth["AuthorizationEndpoint"]
    if oauth["HttpMethod"] == "GET":
        return HttpRequest("GET", _with_query(url, {**query, **form}), headers, b"")
    body = urlencode(form).encode()
    return HttpRequest(oauth["HttpMethod"], _with_query(url, query), headers, body)


def _authorization(credentials: Members, token: str) -> dict[str, str]:
    if token:
        return {"Authorization": f"Bearer {token}"}
    basic = credentials.get("BasicAuthParameters")
    if basic is not None:
        pair = f"{basic['Username']}:{basic['Password']}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    key = credentials.get("ApiKeyAuthParameters")
    return {} if key is None else {key["ApiKeyName"]: key["ApiKeyValue"]}


def _pairs(http: Members, name: str) -> dict[str, str]:
    return {each["Key"]: each.get("Value") or "" for each in http.get(name) or ()}


def _with_path(url: str, values: Sequence[str]) -> str:
    """The URL with its wildcards replaced, in their order."""
    for value in values:
        url = url.replace("*", quote(value, safe=""), 1)
    return url


def _with_query(url: str, added: Mapping[str, str]) -> str:
    if not added:
        return url
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **added}
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def _with_body(payload: str, added: Mapping[str, str]) -> bytes:
    """Body parameters are added to a JSON object; other payloads stay as they are."""
    if not added:
        return payload.encode()
    try:
        fields = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, RecursionError):
        fields = None
    return (
        msgspec.json.encode({**fields, **added}) if isinstance(fields, dict) else payload.encode()
    )
