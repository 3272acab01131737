"""Goes the way of a first event with a stand-in, so that it finds its memory in place.

After a fork each page that is written for the first time is copied by the kernel, and a start
writes hundreds. None of what happens here is seen by the function.
"""

from __future__ import annotations

import os
import socket
from importlib.machinery import PathFinder, SourceFileLoader
from typing import Any

from . import context, python_runtime, stand_in
from .runtime_client import RuntimeClient

_STAND_IN = stand_in.__name__.rpartition(".")[2]
_EVENT = b'{"Records": [{"body": "rehearsed", "number": 1}]}'
_HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    "Lambda-Runtime-Aws-Request-Id: rehearsed\r\nLambda-Runtime-Deadline-Ms: 1\r\n"
    f"Content-Length: {len(_EVENT)}\r\n\r\n"
).encode()


def rehearse() -> None:
    """Load a handler from its source, and answer an event."""
    place = os.path.dirname(__file__)  # noqa: PTH120
    spec = PathFinder.find_spec(_STAND_IN, [place])
    assert spec and isinstance(spec.loader, SourceFileLoader) and spec.origin
    members: dict[str, Any] = {"__name__": _STAND_IN}
    # Not what somebody has compiled before: functions are compiled.
    exec(spec.loader.source_to_code(spec.loader.get_data(spec.origin), spec.origin), members)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = RuntimeClient(ours)
        theirs.sendall(_HEAD + _EVENT)
        headers, event = client.first()
        python_runtime.invoke(members["handler"], headers, event)
    context.forget_environment()
