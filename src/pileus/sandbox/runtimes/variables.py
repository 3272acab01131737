"""The variables of an environment: AWS's documented ones, and over them the function's."""

from __future__ import annotations

import re

from pileus.kernel.fleet import EnvironmentSpec
from pileus.sandbox.runtimes import dotnet_runtime
from pileus.sandbox.runtimes.interpreters import Interpreter
from pileus.sandbox.runtimes.programs import Places

# docs: runtimes-extensions-api, "Environment variables": these belong to the runtime alone.
_OF_THE_RUNTIME = (
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_AWS_XRAY_DAEMON_ADDRESS",
    "_AWS_XRAY_DAEMON_PORT",
    "_HANDLER",
)
_RUBY = re.compile(r"ruby(\d+)\.(\d+)")


def variables(spec: EnvironmentSpec, interpreter: Interpreter, places: Places) -> dict[str, str]:
    """docs: configuration-envvars, defined runtime environment variables."""
    if spec.image:
        # An image says itself where its parts are.
        own = {"PATH": places.search_path, **spec.variables}
        return {**own, "AWS_LAMBDA_RUNTIME_API": places.api}
    open_to_change = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": places.search_path,
        "LD_LIBRARY_PATH": places.library_path,
        **_of_language(spec, interpreter, places),
    }
    fixed = {
        "AWS_LAMBDA_RUNTIME_API": places.api,
        "LAMBDA_TASK_ROOT": places.task,
        "LAMBDA_RUNTIME_DIR": places.runtime,
        "_HANDLER": spec.handler,
    }
    return {**open_to_change, **spec.variables, **fixed}


def of_extensions(variables: dict[str, str]) -> dict[str, str]:
    """What an extension's process gets of a function's variables."""
    return {name: value for name, value in variables.items() if name not in _OF_THE_RUNTIME}


def _of_language(spec: EnvironmentSpec, interpreter: Interpreter, places: Places) -> dict[str, str]:
    """docs: packaging-layers, "Layer paths for each Lambda runtime"."""
    task, opt, runtime = places.task, places.opt, places.runtime
    if interpreter.language == "python":
        return {"PYTHONPATH": runtime}
    if interpreter.language == "node":
        of_version = f"{opt}/nodejs/{interpreter.name}/node_modules"
        own = f"{runtime}/node_modules:{runtime}:{task}"
        return {"NODE_PATH": f"{of_version}:{opt}/nodejs/node_modules:{own}"}
    if interpreter.language == "java":
        return {"CLASSPATH": f"{task}:{task}/lib/*:{opt}/java/lib/*"}
    if interpreter.language == "ruby":
        gems = [
            directory
            for abi in _ruby_abis(spec.runtime, interpreter)
            for directory in (f"{task}/vendor/bundle/ruby/{abi}", f"{opt}/ruby/gems/{abi}")
        ]
        return {"GEM_PATH": ":".join(gems), "RUBYLIB": f"{task}:{runtime}/lib:{opt}/ruby/lib"}
    if interpreter.language == "dotnet":
        return dotnet_runtime.variables(spec, places.interpreter)
    return {}


def _ruby_abis(runtime: str, interpreter: Interpreter) -> list[str]:
    """Gems lie under the version that they were packed for, which may not be the one here."""
    installed = f"{interpreter.version[0]}.{interpreter.version[1]}.0"
    match = _RUBY.fullmatch(runtime)
    wanted = f"{match[1]}.{match[2]}.0" if match else installed
    return list(dict.fromkeys((installed, wanted)))
