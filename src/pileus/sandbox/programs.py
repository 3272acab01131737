"""What an environment runs, and with which variables: AWS's documented ones and the function's."""

from __future__ import annotations

from pileus.kernel.fleet import EnvironmentSpec
from pileus.sandbox.isolation import root_tree
from pileus.sandbox.runtimes import Interpreter

SEARCH_PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
# docs: configuration-envvars, LD_LIBRARY_PATH.
LIBRARY_PATH = (
    "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
)
_NODE_RUNTIME = f"/{root_tree.SOURCE}/bootstrap/node_runtime.mjs"
# What an interpreter reads once, when it starts: a fork of a running one would not see it.
_READ_AT_START = ("LD_PRELOAD", "LD_LIBRARY_PATH")
_OLD_SPACE_PERCENT, _SEMI_SPACE_PERCENT = 90, 5


def variables(spec: EnvironmentSpec, interpreter: Interpreter) -> dict[str, str]:
    """docs: configuration-envvars, defined runtime environment variables."""
    found = {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": SEARCH_PATH,
        "LD_LIBRARY_PATH": LIBRARY_PATH,
    }
    if interpreter.language == "python":
        found["PYTHONPATH"] = "/var/runtime"
    else:
        found["NODE_PATH"] = (
            f"/opt/nodejs/{interpreter.name}/node_modules:/opt/nodejs/node_modules"
            ":/var/runtime/node_modules:/var/runtime:/var/task"
        )
    return {**found, **spec.variables, "_HANDLER": spec.handler}


def program(spec: EnvironmentSpec, interpreter: Interpreter) -> list[str] | None:
    """The command to exec; None where a fork of the zygote serves as it is."""
    wrapper = spec.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if interpreter.language == "node":
        command = [interpreter.path_inside, *_node_options(spec.memory_mb), _NODE_RUNTIME]
    elif wrapper or any(map(_is_read_at_start, spec.variables)):
        command = [interpreter.path_inside, f"/{root_tree.BOOTSTRAP}"]
    else:
        return None
    return [wrapper, *command] if wrapper else command


def _is_read_at_start(name: str) -> bool:
    return name in _READ_AT_START or (name.startswith("PYTHON") and name != "PYTHONPATH")


def _node_options(memory_mb: int) -> list[str]:
    return [
        "--expose-gc",
        f"--max-semi-space-size={memory_mb * _SEMI_SPACE_PERCENT // 100}",
        f"--max-old-space-size={memory_mb * _OLD_SPACE_PERCENT // 100}",
    ]
