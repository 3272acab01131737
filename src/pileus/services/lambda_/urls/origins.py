"""Cross-origin requests: what a URL's settings answer to browsers.

docs: lambda/latest/dg/urls-configuration, "Cross-origin resource sharing (CORS)"
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pileus.kernel.request import Request

if TYPE_CHECKING:
    from pileus.services.lambda_.urls.configurations import Cors

_PREFIX = "access-control-"


def is_preflight(request: Request) -> bool:
    """A browser asks what it may do. With settings for it, the function is not."""
    headers = request.headers
    return (
        request.method == "OPTIONS"
        and "origin" in headers
        and "access-control-request-method" in headers
    )


def preflight_headers(cors: Cors, request: Request) -> dict[str, str]:
    headers = _allowed(cors, request)
    if headers:
        _add_list(headers, "Access-Control-Allow-Methods", cors.allow_methods)
        _add_list(headers, "Access-Control-Allow-Headers", cors.allow_headers)
        if cors.max_age:
            headers["Access-Control-Max-Age"] = str(cors.max_age)
    return headers


def apply(cors: Cors | None, request: Request, headers: dict[str, str]) -> dict[str, str]:
    """The headers of an answer. Where the URL has settings, those of the function do not count."""
    if cors is None:
        return headers
    kept = {name: value for name, value in headers.items() if not _is_ours(name)}
    added = _allowed(cors, request)
    if added:
        _add_list(added, "Access-Control-Expose-Headers", cors.expose_headers)
    if "Vary" in added:
        given = [value for name, value in kept.items() if name.lower() == "vary"]
        kept = {name: value for name, value in kept.items() if name.lower() != "vary"}
        added["Vary"] = ", ".join([*given, added["Vary"]])
    return kept | added


def _is_ours(name: str) -> bool:
    return name.lower().startswith(_PREFIX)


def _allowed(cors: Cors, request: Request) -> dict[str, str]:
    """Nothing for a page of an origin that may not call."""
    origin = request.headers.get("origin")
    allowed = cors.allow_origins or ()
    if origin is None or not any(_matches(each, origin) for each in allowed):
        return {}
    if "*" in allowed and not cors.allow_credentials:
        return {"Access-Control-Allow-Origin": "*"}
    headers = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    if cors.allow_credentials:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def _matches(allowed: str, origin: str) -> bool:
    if allowed.endswith("://*"):
        return origin.startswith(allowed[:-1])
    return allowed == "*" or allowed.rstrip("/").lower() == origin.lower()


def _add_list(headers: dict[str, str], name: str, values: Iterable[str] | None) -> None:
    if values:
        headers[name] = ",".join(values)
