"""What a runtime brings along for its functions: boto3, AWS's SDK for JavaScript."""

from __future__ import annotations

import importlib.metadata
import re
from functools import cache
from pathlib import Path

from pileus.sandbox.runtimes.interpreters import Interpreter

# AWS's Python runtimes bring it beside boto3.
_SNAPSHOT_HOOKS = "snapshot_restore_py.py"
_SDK_SCOPES = ("@aws-sdk", "@smithy")


@cache
def python_libraries() -> dict[str, str]:
    """boto3 and all it needs, of Pileus's own installation: name inside to path here."""
    own = Path(__file__).parents[1] / "bootstrap" / _SNAPSHOT_HOOKS
    found: dict[str, str] = {_SNAPSHOT_HOOKS: str(own)}
    waiting, seen = ["boto3"], set()
    while waiting:
        distribution = importlib.metadata.distribution(waiting.pop())
        name = distribution.metadata["Name"].lower()
        if name in seen:
            continue
        seen.add(name)
        for file in distribution.files or ():
            top = file.parts[0]
            if top.endswith((".dist-info", ".data")) or top.startswith(("..", "__pycache__")):
                continue
            found[top] = str(distribution.locate_file(top))
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                waiting.append(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0])
    return found


def node_libraries(interpreter: Interpreter, configured: str) -> dict[str, str]:
    """What lies in the runtime's `node_modules`: the configured directory where it is there, else
    AWS's SDK alone.

    An SDK that was installed beside the interpreter (`npm install -g @aws-sdk/client-sqs`) is
    found; the machine's other packages are not shown.
    """
    if configured and Path(configured).is_dir():
        return {"node_modules": configured}
    installed = Path(interpreter.prefix, "lib", "node_modules")
    scopes = [name for name in _SDK_SCOPES if (installed / name).is_dir()]
    return {f"node_modules/{name}": str(installed / name) for name in scopes}
