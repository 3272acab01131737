"""Our own part of a runtime whose language is compiled: made once for each kit, then kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pileus.kernel.fleet import StartFailure
from pileus.sandbox.runtimes import dotnet_runtime, java_runtime
from pileus.sandbox.runtimes.interpreters import Interpreter

_SOURCES = Path(__file__).parents[1]
_COMPILE_SECONDS_MAX = 120


class _Language(NamedTuple):
    name: str
    suffix: str
    # The kit's compiler with its options, without sources and target; none where it has none.
    compiler: Callable[[Interpreter], list[str]]
    # The options that name the directory of the result.
    target: Callable[[Path], list[str]]


LANGUAGES = {
    "java": _Language("Java", "java", java_runtime.compiler, java_runtime.target),
    "dotnet": _Language(".NET", "cs", dotnet_runtime.compiler, dotnet_runtime.target),
}


@cache
def place_of(interpreter: Interpreter, state: Path) -> Path | None:
    """Where the result for a kit belongs; another version of the sources has another place.

    None where nothing is to be compiled, or nothing is there that could.
    """
    language = LANGUAGES.get(interpreter.language)
    compiler = language.compiler(interpreter) if language else []
    if not language or not compiler:
        return None
    digest = hashlib.sha256("\0".join(compiler).encode())
    for source in _sources(interpreter.language, language):
        digest.update(Path(source).read_bytes())
    return state / interpreter.language / digest.hexdigest()[:16]


def complete(interpreter: Interpreter, state: Path) -> None:
    """Compile what is not compiled yet; raises StartFailure in the compiler's words."""
    target = place_of(interpreter, state)
    if target is None or target.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
    scratch.chmod(0o755)
    language = LANGUAGES[interpreter.language]
    try:
        _compile(interpreter, language, scratch)
        scratch.rename(target)
    except OSError as error:
        # Two that compile the same at once: the first has made it.
        if not target.is_dir():
            raise StartFailure(f"The {language.name} runtime cannot be kept: {error}.") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sources(name: str, language: _Language) -> list[str]:
    found = (_SOURCES / name).rglob(f"*.{language.suffix}")
    return sorted(str(source) for source in found)


def _compile(interpreter: Interpreter, language: _Language, target: Path) -> None:
    sources = _sources(interpreter.language, language)
    refused = f"The {language.name} runtime cannot be compiled"
    try:
        done = subprocess.run(
            [*language.compiler(interpreter), *language.target(target), *sources],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_COMPILE_SECONDS_MAX,
            text=True,
            env=os.environ | dotnet_runtime.SETTINGS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StartFailure(f"{refused}: {error}.") from None
    if done.returncode:
        raise StartFailure(f"{refused}: {done.stdout.strip()}")
