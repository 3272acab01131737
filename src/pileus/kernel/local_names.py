"""Names that stand for the whole of Pileus, and the one to put into addresses of resources."""

from __future__ import annotations

# Longer ones first.
LOCAL_NAMES = (
    "localhost.localstack.cloud",
    "localhost.pileus",
    "host.docker.internal",
    "localstack",
    "pileus",
    "localhost",
)
# All names below it lead to 127.0.0.1 in the public DNS; names below `localhost` do not everywhere.
_RESOLVED = LOCAL_NAMES[0]
_WITH_NAMES_BELOW = tuple(name for name in LOCAL_NAMES if name != "localhost")


def address_of(host_url: str) -> tuple[str, str, str]:
    """Scheme, name and port (`:4566`, or nothing) of addresses whose host has labels in front.

    The name is the one by which the caller reached us, where names below it can be reached, too.
    """
    scheme, _, rest = host_url.partition("://")
    host, colon, port = rest.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = rest, ""
    host = host.lower()
    found = (name for name in _WITH_NAMES_BELOW if host == name or host.endswith(f".{name}"))
    return scheme, next(found, _RESOLVED), f":{port}" if port else ""
