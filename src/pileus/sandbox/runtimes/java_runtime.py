"""How Java functions start: a kit's compiler, and its virtual machine with our runtime."""

from __future__ import annotations

from pathlib import Path

from pileus.kernel.fleet import EnvironmentSpec
from pileus.sandbox.runtimes.interpreters import Interpreter

# AWS gives the heap this much of the function's memory.
_HEAP_PERCENT = 85
# A class path is one argument, and the kernel takes no longer ones.
_CLASS_PATH_MAX = 100_000


def compiler(interpreter: Interpreter) -> list[str]:
    return [f"{interpreter.path}c", "-encoding", "UTF-8", "-proc:none", "-nowarn"]


def target(directory: Path) -> list[str]:
    return ["-d", str(directory)]


def command(
    spec: EnvironmentSpec, java: str, classes: str, places: tuple[str, str], on_machine: str
) -> list[str]:
    """Start the virtual machine; `places` are the task's and the layers' inside."""
    heap_kb = spec.memory_mb * 1024 * _HEAP_PERCENT // 100
    task, opt = places
    jars = [
        *_jars(f"{spec.code_path}/lib", f"{task}/lib"),
        *_jars(f"{on_machine}/java/lib", f"{opt}/java/lib"),
    ]
    class_path = ":".join([task, *jars, classes])
    if len(class_path) > _CLASS_PATH_MAX:
        class_path = f"{task}:{task}/lib/*:{opt}/java/lib/*:{classes}"
    return [
        java,
        f"-XX:MaxHeapSize={heap_kb}k",
        "-XX:+UseSerialGC",
        "-XX:+TieredCompilation",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-Xshare:auto",
        # Where org.crac finds who tells of snapshots.
        "-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac",
        "-cp",
        class_path,
        "pileus.runtime.Main",
    ]


def _jars(directory: str, inside: str) -> list[str]:
    """Sorted, since the first of two classes with one name counts."""
    try:
        names = sorted(each.name for each in Path(directory).iterdir())
    except OSError:
        return []
    return [f"{inside}/{name}" for name in names if name.endswith(".jar")]
