"""Which of the services' endpoints a request is for, if it is no API call."""

from __future__ import annotations

from collections.abc import Iterable

from pileus.kernel.request import Request
from pileus.kernel.service import Endpoint

_HOSTS_MAX = 1024


class Endpoints:
    """Looks at the host and the beginning of the path before it asks an endpoint itself."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        known = list(endpoints)
        self._of_hosts = [(each.host_part, each) for each in known if each.host_part]
        of_paths = [(path, each) for each in known for path in each.paths]
        self._of_root = [each for path, each in of_paths if path == "/"]
        self._of_paths = [(path, each) for path, each in of_paths if path != "/"]
        self._streaming = [(path, each) for path, each in self._of_paths if each.streams]
        # By Host headers as they came.
        self._at_host: dict[str, list[Endpoint]] = {}

    def find(self, request: Request) -> Endpoint | None:
        headers = request.headers
        host = headers.get("host", "")
        at_host = self._at_host.get(host)
        if at_host is None:
            at_host = self._look_at_host(host)
        for endpoint in at_host:
            if endpoint.matches(request):
                return endpoint
        path = request.path
        if path == "/":
            for endpoint in self._of_root:
                if endpoint.matches(request):
                    return endpoint
            return None
        for beginning, endpoint in self._of_paths:
            if path.startswith(beginning) and endpoint.matches(request):
                return endpoint
        return None

    def streams(self, method: str, path: str, headers: dict[str, str]) -> bool:
        """Whether an endpoint takes this request's body in pieces."""
        for beginning, endpoint in self._streaming:
            if path.startswith(beginning):
                streams = endpoint.streams
                return streams is not None and streams(method, path, headers)
        return False

    def _look_at_host(self, host: str) -> list[Endpoint]:
        if len(self._at_host) >= _HOSTS_MAX:
            self._at_host.clear()
        name = host.lower()
        found = self._at_host[host] = [each for part, each in self._of_hosts if part in name]
        return found
