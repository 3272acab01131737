"""How runtimes are started: fresh interpreters, wrappers, layers, other versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.sandbox.machine import Machine
from pileus.sandbox.runtimes import runtimes

HASH = "def handler(event, context): return [hash('a'), __import__('sys').flags.hash_randomization]"


def test_settings_of_the_interpreter_count(machine: Machine) -> None:
    starts = [machine.start(HASH, variables={"PYTHONHASHSEED": "7"}) for _ in range(2)]
    first, second = (each.answer() for each in starts)
    assert first == second


def test_a_fresh_interpreter_does_all_that_a_fork_does(machine: Machine) -> None:
    tried = machine.start(
        """
        import boto3, logging, sys
        def handler(event, context):
            print("printed")
            logging.warning("logged")
            return [boto3.__file__, sys.path[0], sys.argv, context.function_name]
        """,
        variables={"PYTHONUNBUFFERED": "1"},
    )
    expected = ["/var/runtime/boto3/__init__.py", "/var/task", ["/var/runtime/bootstrap.py"]]
    assert [*expected, "tried"] == tried.answer()
    assert ["printed", "logged"] == [text.split("\t")[-1] for text in tried.texts]


def test_a_wrapper_script_starts_the_runtime(machine: Machine) -> None:
    package = machine.package(
        {
            "wrap": '#!/bin/sh\nexport WRAPPED="$1"\nexec "$@"\n',
            "app.py": "import os\ndef handler(event, context): return os.environ['WRAPPED']",
        }
    )
    Path(package, "wrap").chmod(0o755)
    tried = machine.start(
        "", code_path=package, variables={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap"}
    )
    assert tried.answer().startswith(("/var/lang/bin/python", "/usr/bin/python"))


def test_layers_are_merged_to_opt_in_order(machine: Machine) -> None:
    first = machine.package({"python/one.py": "name = 'one'", "python/both.py": "name = 'first'"})
    second = machine.package({"python/both.py": "name = 'second'", "bin/tool": ""})
    tried = machine.start(
        """
        import both, one, os
        def handler(event, context): return [one.name, both.name, sorted(os.listdir("/opt"))]
        """,
        layer_paths=(first, second),
    )
    assert ["one", "second", ["bin", "python"]] == tried.answer()


def test_a_single_layer_is_opt(machine: Machine) -> None:
    layer = machine.package({"python/lib/python3.11/site-packages/deep.py": "name = 'deep'"})
    code = "import deep\ndef handler(event, context): return deep.name"
    assert "deep" == machine.start(code, layer_paths=(layer,)).answer()


def test_code_comes_before_layers(machine: Machine) -> None:
    layer = machine.package({"python/both.py": "name = 'layer'"})
    tried = machine.start(
        {
            "both.py": "name = 'code'",
            "app.py": "import both\ndef handler(event, context): return both.name",
        },
        layer_paths=(layer,),
    )
    assert "code" == tried.answer()


def test_a_layers_own_boto3_comes_before_the_runtimes(machine: Machine) -> None:
    layer = machine.package({"python/boto3/__init__.py": "mine = True"})
    code = "import boto3\ndef handler(event, context): return boto3.mine"
    assert machine.start(code, layer_paths=(layer,)).answer() is True


@pytest.mark.parametrize("runtime", [f"python3.{minor}" for minor in range(8, 15)])
def test_every_python_of_aws_gets_the_nearest_installed(machine: Machine, runtime: str) -> None:
    interpreter = runtimes.interpreter_for(runtime)
    assert interpreter is not None
    tried = machine.start(
        """
        import boto3, sys
        def handler(event, context): return list(sys.version_info[:2])
        """,
        runtime=runtime,
    )
    assert list(interpreter.version) == tried.answer()
