"""Which program an environment runs: an interpreter with its runtime, or the package's own."""

from __future__ import annotations

import os
from typing import NamedTuple

from pileus.kernel.fleet import EnvironmentSpec
from pileus.sandbox.isolation import root_tree
from pileus.sandbox.runtimes import dotnet_runtime, java_runtime
from pileus.sandbox.runtimes.interpreters import Interpreter

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
    # Our own part of the runtime, where it is compiled.
    compiled: str
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
        compiled=f"/var/runtime/{interpreter.language}",
    )


class Program(NamedTuple):
    """What to exec."""

    # None where a prepared Python serves as it is.
    command: list[str] | None
    # Whether it takes the connection to the Runtime API that was opened for it.
    uses_connection: bool = True
    # What AWS says where there is no program at all.
    missing: str = ""


def program(
    spec: EnvironmentSpec, interpreter: Interpreter, places: Places, opt_path: str
) -> Program:
    """`opt_path` is where the merged layers lie on this machine."""
    if spec.image:
        return Program(list(spec.image.command), uses_connection=False)
    if interpreter.language == "provided":
        return _own_program(spec, places, opt_path)
    wrapper = spec.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if interpreter.language == "node":
        runtime = f"{places.source}/bootstrap/node_runtime.mjs"
        command = [places.interpreter, *_node_options(spec), runtime]
    elif interpreter.language == "java":
        inside = (places.task, places.opt)
        command = java_runtime.command(spec, places.interpreter, places.compiled, inside, opt_path)
    elif interpreter.language == "dotnet":
        command = dotnet_runtime.command(
            spec, interpreter, places.interpreter, places.compiled, places.task
        )
    elif interpreter.language == "ruby":
        command = [places.interpreter, f"{places.source}/bootstrap/ruby_runtime.rb"]
    elif wrapper or any(map(_is_read_at_start, spec.variables)):
        command = [places.interpreter, _python_runtime(places)]
    else:
        return Program(None)
    uses_connection = interpreter.language in ("python", "node")
    return Program([wrapper, *command] if wrapper else command, uses_connection)


def bootstraps(spec: EnvironmentSpec) -> tuple[str, ...]:
    """Where a function that brings its own program may have it.

    docs: runtimes-custom, "Building a custom runtime". Go's old runtime ran the handler itself.
    """
    if spec.runtime == "go1.x":
        return (f"/var/task/{spec.handler}",)
    return ("/var/task/bootstrap", "/opt/bootstrap")


def _own_program(spec: EnvironmentSpec, places: Places, opt_path: str) -> Program:
    """The first that is there; the exec of one that is not there fails, and that is told."""
    wanted = bootstraps(spec)
    found = [each for each in wanted if _lies_there(each, spec.code_path, opt_path)]
    inside = (found or wanted)[0]
    path = inside.replace("/var/task", places.task, 1).replace("/opt", places.opt, 1)
    missing = f"Couldn't find valid bootstrap(s): [{' '.join(wanted)}]"
    if found or len(wanted) == 1:
        missing = ""
    return Program([path], uses_connection=False, missing=missing)


def _lies_there(inside: str, code_path: str, opt_path: str) -> bool:
    if inside.startswith("/var/task"):
        return os.path.lexists(inside.replace("/var/task", code_path, 1))
    return bool(opt_path) and os.path.lexists(inside.replace("/opt", opt_path, 1))


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
