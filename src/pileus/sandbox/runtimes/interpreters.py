"""Which interpreters this machine has: Python, Node.js, Java, Ruby, .NET."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import msgspec

PYTHON_MINORS = range(6, 16)
_OLDEST_MINOR = 10  # What the pinned boto3 runs on.
_PROGRAM = b"\x7fELF"
_JAVA_PLACES = ("/usr/lib/jvm/*", "/opt/java/*", "/opt/jdk*")
_DOTNET_PLACES = ("/usr/lib/dotnet", "/usr/share/dotnet", "/usr/lib64/dotnet", "/opt/dotnet")
_OLDEST_DOTNET = 6
_ANSWER_SECONDS_MAX = 10


class Interpreter(msgspec.Struct, frozen=True):
    """A program that runs functions of a language, and the place it is installed in."""

    language: str
    version: tuple[int, int]
    path: str
    prefix: str

    @property
    def name(self) -> str:
        """`python3.11`, as directories are called; `node20`, `java17`, `ruby3.3`, `dotnet8`."""
        if self.language in ("python", "ruby"):
            return f"{self.language}{self.version[0]}.{self.version[1]}"
        return f"{self.language}{self.version[0]}"

    @property
    def path_inside(self) -> str:
        """Where an environment finds the program."""
        if self.prefix == "/usr":
            return self.path
        return f"/var/lang/{Path(self.path).relative_to(self.prefix)}"

    @property
    def label(self) -> str:
        if self.language == "provided":
            return "the package's own bootstrap"
        return f"{self.language} {self.version[0]}.{self.version[1]} ({self.path})"


# A function of this kind brings its own program.
OWN_PROGRAM = Interpreter("provided", (0, 0), "", "/usr")


def _answer(command: list[str]) -> bytes:
    """What a program writes about itself; nothing where it does not run."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            timeout=_ANSWER_SECONDS_MAX,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return b""
    return done.stdout


def _prefix(real_path: str) -> str:
    return "/usr" if real_path.startswith("/usr/bin/") else str(Path(real_path).parents[1])


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
    for minor in PYTHON_MINORS:
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
    version = re.match(rb"v(\d+)\.(\d+)", _answer([path, "--version"]))
    if version is None:
        return ()
    real_path = os.path.realpath(path)
    return (Interpreter("node", (int(version[1]), int(version[2])), real_path, _prefix(real_path)),)


@cache
def javas() -> tuple[Interpreter, ...]:
    """Java development kits: those of the usual places, of JAVA_HOME and of the search path.

    A runtime without its compiler does not do: Pileus's own part is compiled for each.
    """
    homes = [os.environ.get("JAVA_HOME", "")]
    for compiler in filter(None, (shutil.which("javac"),)):
        homes.append(str(Path(os.path.realpath(compiler)).parents[1]))
    for place in _JAVA_PLACES:
        homes += sorted(str(each) for each in Path("/").glob(place[1:]))
    found: dict[tuple[int, int], Interpreter] = {}
    for home in filter(None, homes):
        other = _java_at(os.path.realpath(home))
        if other:
            found.setdefault(other.version, other)
    return tuple(found.values())


def _java_at(home: str) -> Interpreter | None:
    try:
        release = Path(home, "release").read_text()
    except OSError:
        return None
    version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)(?:\.(\d+))?', release, re.MULTILINE)
    if version is None or not os.access(f"{home}/bin/javac", os.X_OK):
        return None
    prefix = "/usr" if home.startswith("/usr/lib/") else home
    return Interpreter("java", (int(version[1]), int(version[2] or 0)), f"{home}/bin/java", prefix)


@cache
def rubies() -> tuple[Interpreter, ...]:
    """The Ruby of the search path, and Debian's others."""
    found: dict[tuple[int, int], Interpreter] = {}
    for place in [shutil.which("ruby"), *sorted(Path("/usr/bin").glob("ruby?.?"))]:
        version = re.match(rb"ruby (\d+)\.(\d+)", _answer([str(place), "--version"]))
        if place is None or version is None:
            continue
        real_path = os.path.realpath(place)
        number = (int(version[1]), int(version[2]))
        found.setdefault(number, Interpreter("ruby", number, real_path, _prefix(real_path)))
    return tuple(found.values())


@cache
def dotnets() -> tuple[Interpreter, ...]:
    """.NET of the search path, of DOTNET_ROOT and of the usual places: one for each framework.

    All frameworks of a place share its program, which chooses by what a function asks for.
    """
    places = [os.environ.get("DOTNET_ROOT", ""), *_DOTNET_PLACES]
    if path := shutil.which("dotnet"):
        places.insert(0, str(Path(os.path.realpath(path)).parent))
    found: dict[tuple[int, int], Interpreter] = {}
    for place in filter(None, places):
        root = Path(os.path.realpath(place))
        if not os.access(root / "dotnet", os.X_OK):
            continue
        prefix = "/usr" if root.is_relative_to("/usr/lib") else str(root)
        for framework in dotnet_frameworks(root):
            version = _dotnet_version(framework)
            found.setdefault(version, Interpreter("dotnet", version, str(root / "dotnet"), prefix))
    return tuple(found.values())


def dotnet_frameworks(root: Path) -> list[Path]:
    """The directories of the base library's versions, oldest first."""
    found = root.glob("shared/Microsoft.NETCore.App/[0-9]*.[0-9]*")
    return sorted(
        (each for each in found if _dotnet_version(each) >= (_OLDEST_DOTNET, 0)),
        key=_dotnet_version,
    )


def _dotnet_version(framework: Path) -> tuple[int, int]:
    major, minor = framework.name.split(".")[:2]
    return int(major), int(minor)
