"""The listeners that live inside sandboxes: each leads to the server and says who came."""

from __future__ import annotations

import socket

from pileus.gateway.server import Listener, Server
from pileus.kernel.workers import Tasks


class Doors:
    """One listener for each environment, opened with it and closed with it."""

    def __init__(self, server: Server, tasks: Tasks) -> None:
        self._server = server
        self._tasks = tasks
        self._open: dict[str, Listener] = {}
        # Environments whose listener is about to open: False once they have ended meanwhile.
        self._wanted: dict[str, bool] = {}

    def open(self, environment_id: str, listening: socket.socket) -> None:
        """Serve a socket that was made inside the environment's network."""
        self._wanted[environment_id] = True
        self._tasks.start("open door", self._serve(environment_id, listening))

    async def _serve(self, environment_id: str, listening: socket.socket) -> None:
        listener = await self._server.start_on(listening, environment_id)
        if self._wanted.pop(environment_id):
            self._open[environment_id] = listener
        else:
            listener.close()

    def close(self, environment_id: str) -> None:
        """End the listener and its connections."""
        if environment_id in self._wanted:
            self._wanted[environment_id] = False
        elif (listener := self._open.pop(environment_id, None)) is not None:
            listener.close()
