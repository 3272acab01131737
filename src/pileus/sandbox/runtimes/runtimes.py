"""Which of the installed interpreters each of AWS's runtime names gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from pileus.sandbox.runtimes import interpreters
from pileus.sandbox.runtimes.interpreters import OWN_PROGRAM, Interpreter

# docs: lambda-runtimes, supported and deprecated runtimes.
NAMES = (
    *(f"python3.{minor}" for minor in interpreters.PYTHON_MINORS),
    "python2.7",
    *(f"nodejs{major}.x" for major in range(10, 28, 2)),
    "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10",
    "java8", "java8.al2", "java11", "java17", "java21", "java25",
    "java8.al2023", "java11.al2023", "java17.al2023",
    "ruby2.5", "ruby2.7", "ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0",
    "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1",
    "dotnet6", "dotnet8", "dotnet10",
    "provided", "provided.al2", "provided.al2023", "go1.x",
)  # fmt: skip
_FORM = re.compile(
    r"(python|nodejs|java|ruby|dotnet|provided|go)(?:core)?(\d+)?(?:\.(\d+|x))?"
    r"(?:-edge|\.?al\d+)?"
)
# By a runtime's family: what is installed, and how much the second number says.
_INSTALLED: dict[str, Callable[[], tuple[Interpreter, ...]]] = {
    "python": lambda: interpreters.pythons(),
    "nodejs": lambda: interpreters.nodes(),
    "java": lambda: interpreters.javas(),
    "ruby": lambda: interpreters.rubies(),
    "dotnet": lambda: interpreters.dotnets(),
    "provided": lambda: (OWN_PROGRAM,),
    "go": lambda: (OWN_PROGRAM,),
}
_HAS_MINOR = ("python", "ruby")
_MAJOR_WEIGHT = 100


def interpreter_for(runtime: str) -> Interpreter | None:
    """The same version where installed, else the nearest one; None for an unknown language."""
    match = _FORM.fullmatch(runtime)
    if match is None:
        return None
    family = match[1]
    minor = int(match[3]) if match[3] and match[3] != "x" else 0
    wanted = _number(family, (int(match[2] or 0), minor))
    installed = _INSTALLED[family]()
    return min(
        installed, key=lambda each: _distance(_number(family, each.version), wanted), default=None
    )


def _number(family: str, version: tuple[int, int]) -> int:
    return version[0] * _MAJOR_WEIGHT + (version[1] if family in _HAS_MINOR else 0)


def _distance(version: int, wanted: int) -> tuple[int, bool]:
    """Of two equally near ones the newer."""
    return abs(version - wanted), version < wanted


@cache
def _names() -> dict[str, str]:
    found = {name: interpreter_for(name) for name in NAMES}
    return {name: each.label for name, each in found.items() if each}


def names() -> dict[str, str]:
    """AWS's runtime names that can run here, with the interpreter each would get."""
    return dict(_names())
