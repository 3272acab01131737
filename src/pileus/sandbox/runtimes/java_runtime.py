"""The runtime of Java functions: compiled once for each development kit, then kept."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from pileus.kernel.fleet import EnvironmentSpec, StartFailure
from pileus.sandbox.runtimes.interpreters import Interpreter

_SOURCES = Path(__file__).parents[1] / "java"
_COMPILE_SECONDS_MAX = 120
# AWS gives the heap this much of the function's memory.
_HEAP_PERCENT = 85
# Where an environment finds what is compiled.
INSIDE = "java"
# A class path is one argument, and the kernel takes no longer ones.
_CLASS_PATH_MAX = 100_000


def place_of(interpreter: Interpreter, directory: Path) -> Path:
    """Where the classes for a kit belong; another version of the sources has another place."""
    digest = hashlib.sha256()
    for source in sorted(_SOURCES.rglob("*.java")):
        digest.update(source.read_bytes())
    major, minor = interpreter.version
    return directory / f"java{major}.{minor}-{digest.hexdigest()[:16]}"


def compiled(interpreter: Interpreter, directory: Path) -> Path:
    """Compile what is not compiled yet; raises StartFailure in the compiler's words."""
    target = place_of(interpreter, directory)
    if target.is_dir():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=directory))
    scratch.chmod(0o755)
    try:
        _compile(interpreter, scratch)
        scratch.rename(target)
    except OSError as error:
        # Two that compile the same at once: the first has made it.
        if not target.is_dir():
            raise StartFailure(f"The Java runtime cannot be kept: {error}.") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _compile(interpreter: Interpreter, target: Path) -> None:
    compiler = f"{interpreter.path}c"
    sources = sorted(str(source) for source in _SOURCES.rglob("*.java"))
    options = ["-encoding", "UTF-8", "-proc:none", "-nowarn", "-d", str(target)]
    try:
        done = subprocess.run(
            [compiler, *options, *sources],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_COMPILE_SECONDS_MAX,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StartFailure(f"The Java runtime cannot be compiled: {error}.") from None
    if done.returncode:
        raise StartFailure(f"The Java runtime cannot be compiled: {done.stdout.strip()}")


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
