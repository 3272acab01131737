"""Which of AWS's runtime names the sandbox knows, and which interpreter each would get."""

from __future__ import annotations

import pytest

from pileus.sandbox.runtimes import interpreters, runtimes
from pileus.sandbox.runtimes.interpreters import OWN_PROGRAM, Interpreter
from pileus.services.lambda_.functions import runtimes as awss


def test_every_runtime_of_aws_has_a_place_here() -> None:
    assert not {name for name in awss.KNOWN if name not in runtimes.NAMES}


def made(language: str, *versions: tuple[int, int]) -> tuple[Interpreter, ...]:
    return tuple(Interpreter(language, version, "/x/bin/x", "/x") for version in versions)


@pytest.mark.parametrize(
    ("runtime", "version"),
    [
        ("java8", (11, 0)),
        ("java8.al2", (11, 0)),
        ("java17", (17, 0)),
        ("java21", (21, 0)),
        ("java25", (21, 0)),
        ("java11.al2023", (11, 0)),
    ],
)
def test_the_nearest_java_stands_in(
    runtime: str, version: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kits = made("java", (17, 0), (11, 0), (21, 0))
    monkeypatch.setattr(interpreters, "javas", lambda: kits)
    found = runtimes.interpreter_for(runtime)
    assert found is not None
    assert version == found.version


@pytest.mark.parametrize(
    ("runtime", "version"),
    [("ruby2.5", (2, 7)), ("ruby3.2", (3, 3)), ("ruby3.3", (3, 3)), ("ruby4.0", (3, 3))],
)
def test_the_nearest_ruby_stands_in(
    runtime: str, version: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "rubies", lambda: made("ruby", (2, 7), (3, 3)))
    found = runtimes.interpreter_for(runtime)
    assert found is not None
    assert version == found.version


@pytest.mark.parametrize(
    ("runtime", "version"),
    [("dotnetcore3.1", (8, 0)), ("dotnet6", (8, 0)), ("dotnet8", (8, 0)), ("dotnet10", (10, 0))],
)
def test_the_nearest_framework_of_dotnet_stands_in(
    runtime: str, version: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "dotnets", lambda: made("dotnet", (8, 0), (10, 0)))
    found = runtimes.interpreter_for(runtime)
    assert found is not None
    assert version == found.version


@pytest.mark.parametrize("runtime", ["provided", "provided.al2", "provided.al2023", "go1.x"])
def test_a_package_may_bring_its_own_program(runtime: str) -> None:
    assert OWN_PROGRAM == runtimes.interpreter_for(runtime)


@pytest.mark.parametrize("runtime", ["perl5", "", "python"])
def test_what_is_unknown_gets_nothing_or_the_newest(runtime: str) -> None:
    found = runtimes.interpreter_for(runtime)
    assert (runtime == "python") == (found is not None)
