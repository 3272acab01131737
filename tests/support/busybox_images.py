"""Container images whose functions are shell scripts, out of one static program."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support import skips
from support.oci_images import Image, entry, image, layer

_APPLETS = ("cat", "cut", "echo", "env", "grep", "id", "ls", "mkdir", "pwd", "sh", "touch", "tr",
            "wget")  # fmt: skip
# Answers each event with what `answer`, a script beside it, writes.
BOOTSTRAP = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
    wget -q -S -O /tmp/event "$api/invocation/next" 2>/tmp/head
    id=$(grep -i lambda-runtime-aws-request-id /tmp/head | cut -d: -f2 | tr -d ' \\r')
    /answer "$@" </tmp/event >/tmp/answer 2>&1
    wget -q -O /dev/null --post-file /tmp/answer "$api/invocation/$id/response"
done
"""
ENTRYPOINT = """#!/bin/sh
# As that of AWS's images: the first argument is the handler.
export _HANDLER="$1"
exec /bootstrap "$@"
"""


def system() -> bytes:
    """The lowest layer: the program under all its names."""
    busybox = skips.program("busybox", "busybox-static")
    links = [entry(f"bin/{name}", type=tarfile.SYMTYPE, linkname="busybox") for name in _APPLETS]
    return layer(entry("bin/busybox", Path(busybox).read_bytes()), *links)


def script(answer: str) -> bytes:
    """The layer above it, which answers events by a shell script."""
    return layer(
        entry("bootstrap", BOOTSTRAP.encode()),
        entry("lambda-entrypoint.sh", ENTRYPOINT.encode()),
        entry("answer", f"#!/bin/sh\n{answer}\n".encode()),
    )


def function_image(
    answer: str, *others: bytes, config: Mapping[str, Any] | None = None, **fields: Any
) -> Image:
    """An image that answers as the script does; `others` are layers on top."""
    wanted = {"Entrypoint": ["/lambda-entrypoint.sh"], "Cmd": ["app.handler"], **(config or {})}
    return image(system(), script(answer), *others, config=wanted, **fields)
