"""How .NET functions start: an assembly's method by our runtime, or a program as it is."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from pileus.kernel.fleet import EnvironmentSpec, StartFailure
from pileus.sandbox.runtimes.interpreters import Interpreter, dotnet_frameworks

_ASSEMBLY = "Pileus.Runtime.dll"
# AWS gives the heap this much of the function's memory.
_HEAP_PERCENT = 85
# The compiler does without the rules of cultures, and leaves no sockets in /tmp.
SETTINGS = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_EnableDiagnostics": "0"}
_ICU_PLACES = ("lib*/libicuuc.so.*", "lib/*/libicuuc.so.*")
_NUMBER = re.compile(r"\d+")


def compiler(interpreter: Interpreter) -> list[str]:
    """The newest compiler of the SDK, against the oldest framework that any function may get."""
    root = Path(interpreter.path).parent
    found = sorted(root.glob("sdk/*/Roslyn/bincore/csc.dll"), key=lambda each: _order(each, root))
    if not found:
        return []
    framework = dotnet_frameworks(root)[0]
    references = (f"-r:{each}" for each in sorted(framework.glob("*.dll")))
    options = ["-nologo", "-nostdlib", "-deterministic", "-optimize", "-langversion:7.3"]
    # A compiler runs on a newer framework where its own is not there.
    own = [interpreter.path, "exec", "--roll-forward", "Major", str(found[-1])]
    return [*own, *options, *references]


def target(directory: Path) -> list[str]:
    return [f"-out:{directory / _ASSEMBLY}"]


def _order(path: Path, root: Path) -> list[int]:
    version = path.relative_to(root).parts[1]
    return [int(number) for number in _NUMBER.findall(version)]


def variables(spec: EnvironmentSpec, dotnet: str) -> dict[str, str]:
    """What a function may change. A missing framework is stood in for by the next newer one."""
    heap_bytes = (spec.memory_mb << 20) * _HEAP_PERCENT // 100
    found = {
        "DOTNET_ROOT": str(Path(dotnet).parent),
        "DOTNET_ROLL_FORWARD": "Major",
        "DOTNET_GCHeapHardLimit": f"{heap_bytes:x}",
        "DOTNET_EnableDiagnostics": "0",
    }
    if not _has_icu():
        found["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
    return found


@cache
def _has_icu() -> bool:
    """Without this library only programs start that do without the rules of cultures."""
    return any(any(Path("/usr").glob(place)) for place in _ICU_PLACES)


def command(
    spec: EnvironmentSpec, interpreter: Interpreter, dotnet: str, compiled: str, task: str
) -> list[str]:
    """`Assembly::Type::Method` is served by our runtime; the name of a program runs it."""
    package = Path(spec.code_path)
    assembly, colon, _ = spec.handler.partition(":")
    if not colon:
        return _program(package, spec.handler, dotnet, task)
    if not compiler(interpreter):
        raise StartFailure(
            f"The handler {spec.handler} needs the SDK of .NET, and {interpreter.path} has only a "
            f"runtime. Programs (a handler that is an assembly's name) run without it."
        )
    main = spec.variables.get("LAMBDA_DOTNET_MAIN_ASSEMBLY", assembly).removesuffix(".dll")
    files = []
    for suffix, exit_status in (("deps", 105), ("runtimeconfig", 106)):
        found = _description(package, main, suffix)
        if not found:
            return _refuse(
                f"Error: .NET binaries for Lambda function are not correctly installed in the "
                f"{task} directory of the image when the image was built. The {task} directory "
                f"is missing the required .{suffix}.json file.",
                exit_status,
            )
        files.append(f"{task}/{found}")
    options = ["--depsfile", files[0], "--runtimeconfig", files[1]]
    return [dotnet, "exec", *options, f"{compiled}/{_ASSEMBLY}"]


def _description(package: Path, name: str, suffix: str) -> str:
    """`NAME.deps.json`, else the only one of its kind."""
    if (package / f"{name}.{suffix}.json").is_file():
        return f"{name}.{suffix}.json"
    found = list(package.glob(f"*.{suffix}.json"))
    return found[0].name if len(found) == 1 else ""


def _program(package: Path, handler: str, dotnet: str, task: str) -> list[str]:
    assembly = handler if handler.endswith(".dll") else f"{handler}.dll"
    if os.path.lexists(package / assembly):
        return [dotnet, "exec", f"{task}/{assembly}"]
    if os.path.lexists(package / handler):
        return [f"{task}/{handler}"]
    absent = f"Error: executable assembly {task}/{assembly} or binary {task}/{handler} not found."
    return _refuse(absent, 104)


def _refuse(message: str, exit_status: int) -> list[str]:
    """As AWS's start script ends: a line in the log, and its own number."""
    return ["/bin/sh", "-c", 'echo "$1" >&2; exit "$2"', "sh", message, str(exit_status)]
