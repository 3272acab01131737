"""Serves names to one environment: the endpoint's itself, others from the machine's resolver."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from pileus.sandbox import real_time
from pileus.sandbox.networks import names

_DATAGRAM_BYTES_MAX = 4096
_DATAGRAMS_AT_ONCE_MAX = 64
_QUESTIONS_MAX = 64
_ANSWER_SECONDS_MAX = 5.0
_DNS_PORT = 53
_PAUSE_SECONDS = 0.005
_WAY_OUT_SECONDS = 0.005
_WAY_OUT_TRIES_MAX = 200


class NameServer:
    """Answers on a socket that lives in the environment's network namespace."""

    def __init__(self, descriptor: int, domains: tuple[str, ...]) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._domains = domains
        self._upstream: tuple[str, int] | None = None
        self._has_way_out: Callable[[], bool] = lambda: False
        self._questions: set[_Question] = set()
        self._loop.add_reader(self._socket, self._receive)

    def ask_also(self, resolver: str, has_way_out: Callable[[], bool]) -> None:
        """From now on ask the machine's resolver too; answers wait until there is a way out."""
        self._upstream = (resolver, _DNS_PORT)
        self._has_way_out = has_way_out

    def _receive(self) -> None:
        for _ in range(_DATAGRAMS_AT_ONCE_MAX):
            try:
                query, sender = self._socket.recvfrom(_DATAGRAM_BYTES_MAX)
            except OSError:
                return
            is_ours = names.is_endpoint(names.name_asked(query), self._domains)
            if self._upstream is None or is_ours:
                self._answer(names.answer(query, self._domains), sender)
            elif len(self._questions) < _QUESTIONS_MAX:
                self._ask(query, sender, _WAY_OUT_TRIES_MAX)
        # A flood of questions must not keep the host from its other environments.
        self._loop.remove_reader(self._socket)
        real_time.after(_PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._receive)

    def _answer(self, answer: bytes | None, sender: Any) -> None:
        try:
            if answer:
                self._socket.sendto(answer, sender)
        except OSError:
            pass  # The environment is full of datagrams or gone: it asks again.

    def _ask(self, query: bytes, sender: Any, tries: int) -> None:
        if self._socket.fileno() < 0 or self._upstream is None:
            return
        if tries and not self._has_way_out():
            real_time.after(_WAY_OUT_SECONDS, lambda: self._ask(query, sender, tries - 1))
            return
        question = _Question(query, lambda answer: self._finish(question, answer, sender))
        self._questions.add(question)
        self._loop.create_task(question.ask(self._upstream))

    def _finish(self, question: _Question, answer: bytes | None, sender: Any) -> None:
        self._questions.discard(question)
        if self._socket.fileno() >= 0:
            self._answer(answer, sender)

    def close(self) -> None:
        for question in tuple(self._questions):
            question.end(None)
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()


class _Question(asyncio.DatagramProtocol):
    """One query on its way to the machine's resolver."""

    def __init__(self, query: bytes, finish: Callable[[bytes | None], None]) -> None:
        self._query = query
        self._finish = finish
        self._transport: asyncio.DatagramTransport | None = None
        self._is_over = False

    async def ask(self, resolver: tuple[str, int]) -> None:
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, remote_addr=resolver
            )
        except OSError:
            self.end(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        if self._is_over:
            self._transport.close()
            return
        self._transport.sendto(self._query)
        real_time.after(_ANSWER_SECONDS_MAX, lambda: self.end(None))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[:2] == self._query[:2]:
            self.end(data)

    def end(self, answer: bytes | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._transport:
            self._transport.close()
        self._finish(answer)
