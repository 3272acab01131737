"""What an environment runs, and with which variables: AWS's documented ones and the function's."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.fleet import EnvironmentSpec
from pileus.sandbox.isolation import root_tree
from pileus.sandbox.runtimes import Interpreter

# docs: configuration-envvars, LD_LIBRARY_PATH.
LIBRARY_PATH = (
    "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
)
_SEARCH_PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
# What an interpreter reads once, when it starts: a fork of a running one would not see it.
_READ_AT_START = ("LD_PRELOAD", "LD_LIBRARY_PATH")
_OLD_SPACE_PERCENT, _SEMI_SPACE_PERCENT = 90, 5


class Places(NamedTuple):
    """Where an environment finds its parts."""

    interpreter: str
    task: str
    opt: str
    # Libraries of the runtime; our own part of it, which is found in a sandbox without help.
    runtime: str
    source: str
    api: str
    search_path: str = _SEARCH_PATH
    library_path: str = LIBRARY_PATH


def inside(interpreter: Interpreter) -> Places:
    """The same for every sandbox, and AWS's."""
    return Places(
        interpreter=interpreter.path_inside,
        task="/var/task",
        opt="/opt",
        runtime="/var/runtime",
        source=f"/{root_tree.SOURCE}",
        api="127.0.0.1:9001",
    )


def variables(spec: EnvironmentSpec, interpreter: Interpreter, places: Places) -> dict[str, str]:
    """docs: configuration-envvars, defined runtime environment variables."""
    open_to_change = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": places.search_path,
        "LD_LIBRARY_PATH": places.library_path,
    }
    if interpreter.language == "python":
        open_to_change["PYTHONPATH"] = places.runtime
    else:
        open_to_change["NODE_PATH"] = (
            f"{places.opt}/nodejs/{interpreter.name}/node_modules:{places.opt}/nodejs/node_modules"
            f":{places.runtime}/node_modules:{places.runtime}:{places.task}"
        )
    fixed = {
        "AWS_LAMBDA_RUNTIME_API": places.api,
        "LAMBDA_TASK_ROOT": places.task,
        "LAMBDA_RUNTIME_DIR": places.runtime,
        "_HANDLER": spec.handler,
    }
    return {**open_to_change, **spec.variables, **fixed}


def program(spec: EnvironmentSpec, interpreter: Interpreter, places: Places) -> list[str] | None:
    """The command to exec; None where a prepared Python serves as it is."""
    wrapper = spec.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if interpreter.language == "node":
        runtime = f"{places.source}/bootstrap/node_runtime.mjs"
        command = [places.interpreter, *_node_options(spec), runtime]
    elif wrapper or any(map(_is_read_at_start, spec.variables)):
        command = [places.interpreter, _python_runtime(places)]
    else:
        return None
    return [wrapper, *command] if wrapper else command


def _python_runtime(places: Places) -> str:
    if places.source == f"/{root_tree.SOURCE}":
        return f"/{root_tree.BOOTSTRAP}"
    return f"{places.source}/bootstrap/start.py"


def _is_read_at_start(name: str) -> bool:
    return name in _READ_AT_START or (name.startswith("PYTHON") and name != "PYTHONPATH")


def _node_options(spec: EnvironmentSpec) -> list[str]:
    """AWS's sizes of the heap, unless the function has sizes of its own."""
    wanted = spec.variables.get("NODE_OPTIONS", "").replace("_", "-")
    if "space-size" in wanted:
        return ["--expose-gc"]
    return [
        "--expose-gc",
        f"--max-semi-space-size={spec.memory_mb * _SEMI_SPACE_PERCENT // 100}",
        f"--max-old-space-size={spec.memory_mb * _OLD_SPACE_PERCENT // 100}",
    ]
