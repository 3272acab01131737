"""Keeps browser pages of strangers out: foreign hosts (DNS rebinding) and foreign origins.

With IAM off any signature of an unknown key is let in, so a page needs no secret to call us; what
it cannot choose is the Host, Origin and Sec-Fetch headers that its browser sends.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from pileus.gateway.host_names import (
    AWS_NAMES,
    OTHER_DOMAINS,
    is_address,
    is_prefixed_local,
    name_of,
)
from pileus.kernel.local_names import LOCAL_NAMES
from pileus.kernel.request import Request, Response

HOSTS_MAX = 1024
OWN_PATHS = ("/_pileus", "/_localstack")
PREFLIGHT_SECONDS = 600
METHODS = "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Guard:
    """`allowed` are further host names (`*.` in front for all below) or origins; `*` is any."""

    def __init__(self, allowed: tuple[str, ...], listening_host: str) -> None:
        self._allows_all = "*" in allowed
        self._names = {name_of(urlsplit(entry).netloc or entry) for entry in allowed}
        self._own = {*LOCAL_NAMES, *LOOPBACK, name_of(listening_host)}
        # Host headers that were found good, as they came.
        self._good_hosts: set[str] = set()

    def refuse_host(self, request: Request) -> Response | None:
        """The answer to a request for a host that is not ours; None where it may go on."""
        host = request.headers.get("host", "")
        if host in self._good_hosts or request.environment_id:
            return None
        if not self._is_host_allowed(name_of(host)):
            return _refused(
                f"The host {host!r} is not one that Pileus answers for. Start it with "
                f"--allow-host {name_of(host)} to allow it."
            )
        if len(self._good_hosts) >= HOSTS_MAX:
            self._good_hosts.clear()
        self._good_hosts.add(host)
        return None

    def refuse_origin(self, request: Request) -> Response | None:
        """The answer to a request of a foreign page; None where it may go on."""
        headers = request.headers
        origin = headers.get("origin")
        if origin is None:
            if headers.get("sec-fetch-site") != "cross-site" or self._is_navigation(request):
                return None
            # Images, forms and links of a page send no Origin.
            origin = headers.get("referer", "")
        if self._is_origin_allowed(origin, headers.get("host", "")):
            return None
        return _refused(
            f"A page of the origin {origin[:200]!r} may not call Pileus. Start it with "
            "--allow-host and the origin to allow it."
        )

    def preflight(self, request: Request) -> Response | None:
        """The answer to a browser that asks whether an allowed page may send a request."""
        headers = request.headers
        if (
            request.method != "OPTIONS"
            or "origin" not in headers
            or "access-control-request-method" not in headers
        ):
            return None
        answer = cors_headers(headers["origin"])
        answer["access-control-allow-methods"] = METHODS
        answer["access-control-max-age"] = str(PREFLIGHT_SECONDS)
        wanted = headers.get("access-control-request-headers")
        if wanted is not None:
            answer["access-control-allow-headers"] = wanted
        if headers.get("access-control-request-private-network") == "true":
            answer["access-control-allow-private-network"] = "true"
        return Response(204, answer)

    def with_cors(
        self, request: Request, reply: Callable[[Response], None]
    ) -> Callable[[Response], None]:
        """Let an allowed page read the answer. Others get the same `reply` back."""
        origin = request.headers.get("origin")
        if origin is None:
            return reply

        def reply_with_cors(response: Response) -> None:
            for name, value in cors_headers(origin).items():
                response.headers.setdefault(name, value)
            reply(response)

        return reply_with_cors

    def _is_navigation(self, request: Request) -> bool:
        """Whether a user follows a link to our own pages, which a GET cannot change."""
        return (
            request.method in ("GET", "HEAD")
            and request.headers.get("sec-fetch-mode") == "navigate"
            and request.path.startswith(OWN_PATHS)
        )

    def _is_host_allowed(self, name: str) -> bool:
        """Addresses and names without a dot cannot be pointed at us by somebody's DNS."""
        if self._is_listed(name) or is_address(name) or "." not in name:
            return True
        bases = (*LOCAL_NAMES, *AWS_NAMES, *OTHER_DOMAINS)
        return name.endswith(tuple(f".{base}" for base in bases)) or is_prefixed_local(name)

    def _is_origin_allowed(self, origin: str, host: str) -> bool:
        """Origins below amazonaws.com are anybody's: every bucket is one."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return self._allows_all
        name = name_of(parts.netloc)
        if self._is_listed(name) or parts.netloc.lower() == host.lower():
            return True
        return is_loopback(name) or name.endswith(tuple(f".{local}" for local in LOCAL_NAMES))

    def _is_listed(self, name: str) -> bool:
        if self._allows_all or name in self._own or name in self._names:
            return True
        above = name.split(".")[1:]
        return any(f"*.{'.'.join(above[at:])}" in self._names for at in range(len(above)))


def is_from_browser(request: Request) -> bool:
    return "origin" in request.headers or "sec-fetch-site" in request.headers


def is_loopback(name: str) -> bool:
    return name in LOOPBACK or (name.startswith("127.") and is_address(name))


def cors_headers(origin: str) -> dict[str, str]:
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "*",
        "vary": "Origin",
    }


def _refused(message: str) -> Response:
    body = f'{{"__type":"ForbiddenException","message":"{_plain(message)}"}}\n'
    return Response(403, {"content-type": "application/json"}, body.encode())


def _plain(message: str) -> str:
    """Only what is safe inside a JSON string, since a stranger chose a part of it."""
    return "".join(
        [letter if letter.isprintable() and letter not in '"\\' else "?" for letter in message]
    )
