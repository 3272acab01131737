"""Where .NET is found on a machine, and what is said where a part of it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.kernel.fleet import EnvironmentSpec, StartFailure
from pileus.sandbox.runtimes import dotnet_runtime, interpreters
from pileus.sandbox.runtimes.interpreters import Interpreter

SPEC = EnvironmentSpec(
    environment_id="environment",
    function_arn="arn:aws:lambda:us-east-1:000000000000:function:tried",
    runtime="dotnet8",
    handler="Demo::Demo.Function::Run",
    memory_mb=512,
    ephemeral_mb=512,
    timeout_seconds=3,
    code_path="",
    layer_paths=(),
    variables={},
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place that is laid out as an installation is."""
    program = tmp_path / "dotnet"
    program.touch(mode=0o755)
    for version in ("5.0.17", "8.0.4", "10.0.0"):
        framework = tmp_path / "shared" / "Microsoft.NETCore.App" / version
        framework.mkdir(parents=True)
        (framework / "System.Runtime.dll").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(interpreters, "_DOTNET_PLACES", ())
    interpreters.dotnets.cache_clear()
    yield tmp_path
    interpreters.dotnets.cache_clear()


def command(package: Path, root: Path, **members: Any) -> list[str]:
    interpreter = Interpreter("dotnet", (8, 0), str(root / "dotnet"), str(root))
    spec = msgspec.structs.replace(SPEC, code_path=str(package), **members)
    return dotnet_runtime.command(spec, interpreter, "/var/lang/dotnet", "/compiled", "/var/task")


def test_each_framework_that_still_serves_is_an_interpreter(root: Path) -> None:
    found = interpreters.dotnets()
    assert [(8, 0), (10, 0)] == [each.version for each in found]
    assert {"/var/lang/dotnet"} == {each.path_inside for each in found}
    assert ["dotnet8", "dotnet10"] == [each.name for each in found]


def test_the_newest_compiler_is_used_with_the_oldest_framework(root: Path) -> None:
    for version in ("9.0.300", "10.0.100"):
        compiler = root / "sdk" / version / "Roslyn" / "bincore" / "csc.dll"
        compiler.parent.mkdir(parents=True)
        compiler.touch()
    found = dotnet_runtime.compiler(interpreters.dotnets()[0])
    assert str(root / "sdk/10.0.100/Roslyn/bincore/csc.dll") in found
    reference = "shared/Microsoft.NETCore.App/8.0.4/System.Runtime.dll"
    assert [f"-r:{root / reference}"] == [each for each in found if each.startswith("-r:")]


def test_a_method_needs_the_compiler_and_says_so(root: Path, tmp_path: Path) -> None:
    with pytest.raises(StartFailure) as failure:
        command(tmp_path, root)
    assert (
        f"The handler Demo::Demo.Function::Run needs the SDK of .NET, and {root}/dotnet has only a "
        "runtime. Programs (a handler that is an assembly's name) run without it."
    ) == str(failure.value)


@pytest.mark.parametrize("handler", ["Demo", "Demo.dll"])
def test_a_program_needs_no_compiler(root: Path, handler: str) -> None:
    package = root / "package"
    package.mkdir()
    (package / "Demo.dll").touch()
    assert ["/var/lang/dotnet", "exec", "/var/task/Demo.dll"] == command(
        package, root, handler=handler
    )


def test_a_program_of_the_machine_is_started_as_it_is(root: Path) -> None:
    package = root / "package"
    package.mkdir()
    (package / "Demo").touch()
    assert ["/var/task/Demo"] == command(package, root, handler="Demo")


def test_a_variable_may_name_the_main_assembly(root: Path) -> None:
    compiler = root / "sdk" / "8.0.100" / "Roslyn" / "bincore" / "csc.dll"
    compiler.parent.mkdir(parents=True)
    compiler.touch()
    package = root / "package"
    package.mkdir()
    for name in ("Demo", "Other"):
        for kind in ("deps", "runtimeconfig"):
            (package / f"{name}.{kind}.json").touch()
    variables = {"LAMBDA_DOTNET_MAIN_ASSEMBLY": "Other.dll"}
    assert [
        "/var/lang/dotnet", "exec", "--depsfile", "/var/task/Other.deps.json",
        "--runtimeconfig", "/var/task/Other.runtimeconfig.json", "/compiled/Pileus.Runtime.dll",
    ] == command(package, root, variables=variables)  # fmt: skip


def test_the_heap_gets_its_part_of_the_memory() -> None:
    found = dotnet_runtime.variables(SPEC, "/var/lang/dotnet")
    assert 512 * 1024 * 1024 * 85 // 100 == int(found["DOTNET_GCHeapHardLimit"], 16)
