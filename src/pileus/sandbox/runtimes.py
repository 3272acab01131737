"""Which interpreters this machine has, and which one each of AWS's runtime names gets."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import msgspec

_PYTHON_MINORS = range(6, 16)
_NODE_MAJORS = (10, 12, 14, 16, 18, 20, 22, 24, 26)
_RUNTIME_NAME = re.compile(r"(python|nodejs)(\d+)(?:\.(\d+|x))?")
_OLDEST_MINOR = 10  # What the pinned boto3 runs on.
_SDK_SCOPES = ("@aws-sdk", "@smithy")
_PROGRAM = b"\x7fELF"


class Interpreter(msgspec.Struct, frozen=True):
    """A Python or Node.js program of the machine and the place it is installed in."""

    language: str
    version: tuple[int, int]
    path: str
    prefix: str

    @property
    def name(self) -> str:
        """`python3.11`, as directories are called; `node20`."""
        if self.language == "python":
            return f"python{self.version[0]}.{self.version[1]}"
        return f"{self.language}{self.version[0]}"

    @property
    def path_inside(self) -> str:
        """Where an environment finds the program."""
        if self.prefix == "/usr":
            return self.path
        return f"/var/lang/{Path(self.path).relative_to(self.prefix)}"

    @property
    def label(self) -> str:
        return f"{self.language} {self.version[0]}.{self.version[1]} ({self.path})"


def interpreter_for(runtime: str) -> Interpreter | None:
    """The same version where installed, else the nearest one; None for an unknown language."""
    match = _RUNTIME_NAME.fullmatch(runtime)
    if match is None:
        return None
    language = match[1]
    wanted = int(match[3] or 0) if language == "python" else int(match[2])
    installed = pythons() if language == "python" else nodes()
    part = 1 if language == "python" else 0
    return min(installed, key=lambda each: _distance(each.version[part], wanted), default=None)


def _distance(version: int, wanted: int) -> tuple[int, bool]:
    """Of two equally near ones the newer."""
    return abs(version - wanted), version < wanted


@cache
def _names() -> dict[str, str]:
    known = [f"python3.{minor}" for minor in _PYTHON_MINORS]
    known += [f"nodejs{major}.x" for major in _NODE_MAJORS]
    found = {name: interpreter_for(name) for name in known}
    return {name: each.label for name, each in found.items() if each}


def names() -> dict[str, str]:
    """AWS's runtime names that can run here, with the interpreter each would get."""
    return dict(_names())


@cache
def pythons() -> tuple[Interpreter, ...]:
    """Pileus's own interpreter and those that the search path offers."""
    own = Interpreter(
        "python",
        (sys.version_info[0], sys.version_info[1]),
        os.path.realpath(sys.executable),
        sys.base_prefix,
    )
    found = {own.version: own}
    for minor in _PYTHON_MINORS:
        other = _python_at(shutil.which(f"python3.{minor}"), minor)
        if other:
            found.setdefault(other.version, other)
    return tuple(found.values())


def _python_at(path: str | None, minor: int) -> Interpreter | None:
    """A program that stands where its library is; no shell script that stands for one."""
    if path is None or minor < _OLDEST_MINOR:
        return None
    real = Path(os.path.realpath(path))
    prefix = real.parents[1]
    if not (prefix / f"lib/python3.{minor}/os.py").is_file():
        return None
    with real.open("rb") as program:
        if program.read(len(_PROGRAM)) != _PROGRAM:
            return None
    return Interpreter("python", (3, minor), str(real), str(prefix))


@cache
def nodes() -> tuple[Interpreter, ...]:
    """The Node.js of the search path."""
    path = shutil.which("node") or shutil.which("nodejs")
    if path is None:
        return ()
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            check=True,
            timeout=10,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    version = re.match(rb"v(\d+)\.(\d+)", answer.stdout)
    if version is None:
        return ()
    real_path = os.path.realpath(path)
    in_usr = real_path.startswith("/usr/bin/")
    prefix = "/usr" if in_usr else str(Path(real_path).parents[1])
    return (Interpreter("node", (int(version[1]), int(version[2])), real_path, prefix),)


@cache
def python_libraries() -> dict[str, str]:
    """boto3 and all it needs, of Pileus's own installation: name inside to path here."""
    found: dict[str, str] = {}
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
    """What lies in the runtime's `node_modules`: a configured directory, else AWS's SDK alone.

    An SDK that was installed beside the interpreter (`npm install -g @aws-sdk/client-sqs`) is
    found; the machine's other packages are not shown.
    """
    if configured:
        return {"node_modules": configured}
    installed = Path(interpreter.prefix, "lib", "node_modules")
    scopes = [name for name in _SDK_SCOPES if (installed / name).is_dir()]
    return {f"node_modules/{name}": str(installed / name) for name in scopes}
