"""A request's way from bytes to bytes: recognise, authenticate, parse, dispatch, respond."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from pileus.gateway import control, origins
from pileus.gateway.recognise import Recogniser
from pileus.kernel.request import Request, Response

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

log = logging.getLogger(__name__)

Reply = Callable[[Response], None]


class Steps:
    """The pipeline. Plain functions; only what waits gets a task."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._recogniser = Recogniser(kernel.registry)
        self._endpoints = [e for service in kernel.services for e in service.endpoints]
        self._guard = origins.Guard(kernel.settings.allowed_hosts, kernel.settings.host)

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer one request, now or later, exactly once."""
        refusal = self._guard.refusal(request)
        if refusal is not None:
            reply(refusal)
            return
        answer = control.find(request.path)
        if answer is not None:
            self._kernel.tasks.start("control", self._control(answer, request, reply))
            return
        for endpoint in self._endpoints:
            if endpoint.matches(request):
                call = self._call_without_signature(request)
                work = endpoint.answer(call, request)
                self._kernel.tasks.start(endpoint.name, self._answer(work, request, reply))
                return
        self._api(request, reply)

    def wants_stream(self, method: str, path: str, headers: dict[str, str]) -> bool:
        """Bodies are taken whole, up to the limit, until an operation wants them streamed."""
        return False
