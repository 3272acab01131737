"""Requests of pages in browsers for resources that have rules of their own for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from pileus.gateway import host_names, origins
from pileus.gateway.recognise import Recognised, Recogniser
from pileus.kernel.cross_origin import Judge
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request, Response

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

Reply = Callable[[Response], None]


class PageRequest(NamedTuple):
    """Who judges a request, and what it would do."""

    judge: Judge
    recognised: Recognised


class PageRequests:
    """Finds the service of a request that has an origin, or that asks for leave to be sent."""

    def __init__(self, kernel: Kernel, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._judges = {
            service.name: service.judges_origins
            for service in kernel.services
            if service.judges_origins is not None
        }

    def find(self, request: Request, service_hint: str) -> PageRequest | None:
        """None where no service has a say, so that the gateway's own rules hold."""
        is_preflight = request.method == "OPTIONS"
        if not is_preflight and "origin" not in request.headers:
            return None
        if request.path.startswith(origins.OWN_PATHS) or not self._judges:
            return None
        method = request.method
        if is_preflight:
            # A preflight has the path of the request that it asks about, but nothing else of it.
            method = request.headers.get("access-control-request-method", "GET")
        host = host_names.parse(request.headers.get("host", ""))
        for each in (method, "GET"):
            try:
                found = self._recogniser.recognise(request.changed(method=each), service_hint, host)
            except AwsError:
                return None
            judge = self._judges.get(found.service.name)
            if judge is None:
                return None
            if found.labels:
                return PageRequest(judge, found)
        return None


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """Answer with these headers besides."""
    if not headers:
        return reply

    def reply_with_headers(response: Response) -> None:
        response.headers.update(headers)
        reply(response)

    return reply_with_headers
