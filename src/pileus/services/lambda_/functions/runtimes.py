"""The runtimes by AWS's names: which AWS still takes, and which installed one stands in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

# Those that AWS takes for new functions, in the order in which it lists them in errors.
# docs: lambda/latest/dg/lambda-runtimes
CURRENT = (
    "nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x",
    "nodejs22.x", "java25", "python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2",
    "python3.8", "python3.9", "java17", "nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6",
    "nodejs18.x", "provided.al2", "java8.al2",
)  # fmt: skip
# Announced after that list was recorded.
NEWER = ("nodejs26.x", "python3.15", "ruby4.0", "java8.al2023", "java11.al2023", "java17.al2023")
# Those that AWS refuses by now; Pileus takes them with a warning unless it is strict.
RETIRED = (
    "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x",
    "nodejs12.x", "nodejs14.x", "java8", "python2.7", "python3.6", "python3.7", "dotnetcore1.0",
    "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "go1.x", "ruby2.5", "ruby2.7", "provided",
)  # fmt: skip
KNOWN = frozenset((*CURRENT, *NEWER, *RETIRED))

_PARTS = re.compile(r"([a-z]+?)(?:core)?(\d+(?:\.\d+)?)?(?:\.x|-edge|\.al\d+)?")
# Programs for go1.x are looked for under another name than `bootstrap`, but run alike.
_FAMILIES = {"go": "provided"}


# What to install where nothing runs a family.
_NEEDED = {
    "nodejs": "Node.js (`node`)",
    "java": "a Java development kit (`java` with `javac`)",
    "ruby": "Ruby (`ruby`)",
    "dotnet": ".NET (`dotnet`)",
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Runtime(NamedTuple):
    family: str
    version: tuple[int, ...]


def parse(name: str) -> Runtime:
    match = _PARTS.fullmatch(name)
    if match is None:
        return Runtime(name, ())
    version = tuple(int(part) for part in (match[2] or "").split(".") if part)
    return Runtime(_FAMILIES.get(match[1], match[1]), version)


def nearest(name: str, installed: Mapping[str, str]) -> str | None:
    """The name itself if it can run here, else the nearest of its family; None if there is none."""
    if name in installed:
        return name
    wanted = parse(name)
    family = [other for other in installed if parse(other).family == wanted.family]
    return min(family, key=lambda other: _distance(wanted, parse(other)), default=None)


def needed(name: str) -> str:
    """What is missing where no runtime of this family can run."""
    family = parse(name).family
    return _NEEDED.get(family, f"an interpreter for {family}")


def is_exact(name: str, label: str) -> bool:
    """Whether an interpreter, as the fleet calls it, is of the version that was asked for."""
    wanted = parse(name)
    number = _NUMBER.search(label)
    if not wanted.version or number is None:
        return True
    found = tuple(map(int, number[0].split(".")))
    return found[: len(wanted.version)] == wanted.version


def _distance(wanted: Runtime, other: Runtime) -> tuple[int, int]:
    # Newer rather than older at the same distance: languages keep running older code.
    wanted_number, other_number = _number(wanted), _number(other)
    return abs(other_number - wanted_number), -other_number


def _number(runtime: Runtime) -> int:
    major, minor = (*runtime.version, 0, 0)[:2]
    return major * 1000 + minor


def version_arn(partition: str, region: str, name: str) -> str:
    digest = hashlib.sha256(f"pileus runtime {name}".encode()).hexdigest()
    return f"arn:{partition}:lambda:{region}::runtime:{digest}"


def version_label(name: str) -> str:
    """How INIT_START lines call a runtime's version: `python:3.12.v1`."""
    runtime = parse(name)
    number = ".".join(str(part) for part in runtime.version)
    return f"{runtime.family}:{number}.v1" if number else f"{runtime.family}:{name}.v1"
