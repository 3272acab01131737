"""Functions for .NET: methods of libraries and programs, what they are given, AWS's errors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.sandbox.machine import ARN, DEADLINE_MS, REQUEST_ID, Machine, Tried
from pileus.kernel.fleet import Failure, Prepared
from pileus.sandbox.runtimes import compiled, dotnet_runtime, interpreters
from pileus.sandbox.runtimes.interpreters import Interpreter
from support import skips

Start = Callable[..., Tried]
SOURCES = Path(__file__).parent / "dotnet_functions"
CORE = "Amazon.Lambda.Core"
# What stands for each name in the package, and how it is made.
ASSEMBLIES = {
    CORE: (SOURCES / "Library.cs", "library"),
    "Demo": (SOURCES / "Functions.cs", "exe"),
}


@pytest.fixture(scope="module")
def kit(machine: Machine) -> Interpreter:
    """A .NET with its compiler, and our part compiled: no test's time depends on that."""
    skips.program("dotnet", "The SDK of .NET")
    found = next(each for each in interpreters.dotnets() if dotnet_runtime.compiler(each))
    compiled.complete(found, Path(machine.fleet.settings.state_directory))
    return found


@pytest.fixture(scope="module")
def package(machine: Machine, kit: Interpreter) -> str:
    """The functions, laid out as `dotnet publish` does it."""
    place = Path(machine.package({"readme.txt": ""}))
    # Interfaces with behaviour are of a newer C# than our own part is written in.
    compiler = [
        each.replace("-langversion:7.3", "-langversion:8") for each in dotnet_runtime.compiler(kit)
    ]
    environ = os.environ | dotnet_runtime.SETTINGS
    for name, (source, kind) in ASSEMBLIES.items():
        options = [f"-target:{kind}", f"-out:{place / name}.dll"]
        library = [f"-r:{place / CORE}.dll"] if name != CORE else []
        subprocess.run([*compiler, *options, *library, str(source)], check=True, env=environ)
    framework = f"Microsoft.NETCore.App,Version=v{kit.version[0]}.0"
    assemblies = {f"{name}/1.0.0": {"runtime": {f"{name}.dll": {}}} for name in ASSEMBLIES}
    dependencies = {
        "runtimeTarget": {"name": framework},
        "targets": {framework: assemblies},
        "libraries": {
            name: {"type": "project", "serviceable": False, "sha512": ""} for name in assemblies
        },
    }
    (place / "Demo.deps.json").write_text(json.dumps(dependencies))
    # An older one than is there: the next newer one stands in.
    wanted = {"name": "Microsoft.NETCore.App", "version": "6.0.0"}
    options = {"runtimeOptions": {"tfm": "net6.0", "framework": wanted}}
    (place / "Demo.runtimeconfig.json").write_text(json.dumps(options))
    return str(place)


@pytest.fixture(scope="module")
def start(machine: Machine, package: str) -> Start:
    def start(method: str, **members: Any) -> Tried:
        """`Class::Method` of the functions, or a whole handler."""
        handler = method if method.count("::") != 1 else f"Demo::Demo.{method}"
        wanted = {"runtime": "dotnet8", "handler": handler, "code_path": package}
        return machine.start({}, **wanted | members)

    return start


def test_a_method_gets_its_type_and_its_answer_comes_back(start: Start) -> None:
    order = {"number": 40, "lines": [{"name": "x", "price": 1.25}]}
    tried = start("Forms::Typed")
    assert {"Number": 42, "Lines": [{"Name": "x", "Price": 1.25}]} == tried.answer(order)


def test_an_environment_is_kept_between_invocations(start: Start) -> None:
    tried = start("Forms::Count")
    assert [1, 2] == [tried.answer(), tried.answer()]


def test_a_method_may_be_static_async_inherited_or_about_streams(start: Start) -> None:
    assert "hällo!" == start("Forms::Later").answer("hällo")
    assert "xx" == start("Forms::Inherited").answer("x")
    assert b'raw {"a": 1}' == start("Forms::Streams").result({"a": 1}).payload
    tried = start("Forms::Nothing")
    result = tried.result(6)
    assert (Failure.NONE, b"") == (result.failure, result.payload)
    assert tried.texts[0].endswith(f"\t{REQUEST_ID}\tinfo\t7")


def test_an_overload_is_told_by_its_signature(start: Start) -> None:
    handler = "Demo::Demo.Forms::System.String Over(Int32)"
    assert "number" == start(handler).answer(5)


UNUSABLE = [
    ("demo.handler:run", "Invalid lambda function handler: 'demo.handler:run'. The valid format "
     "is 'ASSEMBLY::TYPE::METHOD'."),
    ("Demo::Demo.Forms::", "Invalid lambda function handler: 'Demo::Demo.Forms::', the "
     "method is missing. The valid format is 'ASSEMBLY::TYPE::METHOD'."),
    ("Absent::Run", "Unable to load type 'Demo.Absent' from assembly 'Demo'."),
    ("Forms::Absent", "Unable to find method 'Absent' in type 'Demo.Forms' from assembly 'Demo': "
     "Found no methods matching method name 'Absent'."),
    ("Forms::Over", "The method 'Over' in type 'Demo.Forms' appears to have a number of overloads. "
     "To call this method please specify a complete method signature. Possible candidates are:\n"
     "System.String Over(System.String)\nSystem.String Over(Int32)."),
    ("Forms::Many", "Method 'Many' of type 'Demo.Forms' is not supported: the method has more than "
     "2 parameters."),
    ("Forms::Second", "Method 'Second' of type 'Demo.Forms' is not supported: the method has 2 "
     "parameters, but the second parameter is not of type 'Amazon.Lambda.Core.ILambdaContext'."),
    ("Forms::Generic", "The method 'Generic' cannot be used as a Lambda Handler because it is a "
     "generic method. Handler methods cannot be generic. Please specify a non-generic handler "
     "method."),
    ("Forms::Void", "The method 'Void' cannot be used as a Lambda Handler because it is an 'async "
     "void' method. Handler methods cannot be 'async void'. Please specify a method that is not "
     "'async void'."),
    ("Abstract::Run", "The instance method 'Run' cannot be used as a Lambda Handler "
     "because its type 'Demo.Abstract' is abstract. Please either use a static handler or specify "
     "a type that is not abstract."),
]  # fmt: skip


@pytest.mark.parametrize(("handler", "message"), UNUSABLE)
def test_a_handler_that_cannot_be_used_is_told(start: Start, handler: str, message: str) -> None:
    result = start(handler).result()
    document = json.loads(result.payload)
    assert (Failure.INIT_ERROR, "LambdaValidationException", message) == (
        result.failure,
        document["errorType"],
        document["errorMessage"],
    )


def test_an_assembly_that_is_not_there_is_told(start: Start) -> None:
    result = start("Absent::Demo.Forms::Run").result()
    message = json.loads(result.payload)["errorMessage"]
    assert message.startswith("Could not find the specified handler assembly with the file name ")


def test_a_type_needs_a_serializer(start: Start) -> None:
    assert {"a": 1} == start("Amazon.Lambda.Core::Plain::Same").answer({"a": 1})
    assert 5 == start("Amazon.Lambda.Core::Plain::Own").answer("hällo")
    result = start("Amazon.Lambda.Core::Plain::Length").result("x")
    message = json.loads(result.payload)["errorMessage"]
    assert message.startswith(
        "Could not find the LambdaSerializerAttribute on the assembly 'Amazon.Lambda.Core' or "
        "method 'Length' while attempting to deserialize input data of type 'System.String'."
    )


def test_the_context_says_what_aws_says(start: Start) -> None:
    tried = start("Contexts::Run")
    client = {"custom": {"a": "b"}, "client": {"app_title": "T"}}
    answer = tried.answer(
        client_context=json.dumps(client),
        deadline_ms=DEADLINE_MS,
    )
    trace = "Root=1-5f84c7a9-000000000000000000000001"
    expected = [REQUEST_ID, "tried", "$LATEST", 512, ARN, "/aws/lambda/tried", {"a": "b"}, "T"]
    assert [*expected, trace, None, True, None] == answer


def test_an_exception_is_told_with_its_cause_and_frames(start: Start) -> None:
    tried = start("Failing::Run")
    result = tried.result("x")
    document = json.loads(result.payload)
    frames = document.pop("stackTrace")
    expected = {
        "errorType": "ArgumentException",
        "errorMessage": "of mine",
        "cause": {"errorType": "IOException", "errorMessage": "below"},
    }
    assert (Failure.ERROR, expected, True) == (result.failure, document, result.is_reusable)
    assert ["at Demo.Failing.Run(String input)"] == frames
    assert f"\t{REQUEST_ID}\tfail\tSystem.ArgumentException: of mine" in tried.texts[0]


def test_all_exceptions_of_an_aggregate_are_told(start: Start) -> None:
    document = json.loads(start("Failing::Later").result("x").payload)
    assert "AggregateException" == document["errorType"]
    assert ["one", "two"] == [each["errorMessage"] for each in document["causes"]]


def test_an_event_that_does_not_fit_is_told(start: Start) -> None:
    result = start("Forms::Nothing").result({"a": 1})
    assert (Failure.ERROR, "JsonException") == (
        result.failure,
        json.loads(result.payload)["errorType"],
    )


def test_a_constructor_that_fails_fails_init(start: Start) -> None:
    result = start("Broken::Run").result("x")
    document = json.loads(result.payload)
    assert (Failure.INIT_ERROR, "no") == (result.failure, document["cause"]["errorMessage"])


def test_records_of_the_log_have_aws_form(start: Start) -> None:
    tried = start("Logs::Run")
    tried.result("x")
    told = [text.split("\t", 1)[1] for text in tried.texts[:6]]
    assert [
        f"{REQUEST_ID}\ttwo\nlines",
        f"{REQUEST_ID}\twarn\tcareful",
        f"{REQUEST_ID}\tinfo\tbought 3 of x",
        f"{REQUEST_ID}\tfail\tit failed\nSystem.IO.IOException: gone",
        f"{REQUEST_ID}\tof the library",
        f"{REQUEST_ID}\tfail\tto the error",
    ] == told
    assert "half " == tried.texts[6]
    assert tried.texts[7].endswith(f"\t{REQUEST_ID}\tinfo\t1.5")


def test_a_log_in_json_has_the_values_as_members(start: Start) -> None:
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    tried = start("Logs::Run", variables=variables)
    tried.result("x")
    records = [json.loads(text) for text in tried.texts[:4]]
    assert [REQUEST_ID] * 4 == [record["requestId"] for record in records]
    assert ["Information", "Warning", "Information", "Error"] == [
        record["level"] for record in records
    ]
    assert (3, "x") == (records[2]["count"], records[2]["name"])
    assert "System.IO.IOException" == records[3]["errorType"]


def test_a_program_speaks_the_runtime_api_itself(start: Start) -> None:
    tried = start("Demo")
    assert [{"a": 1}, {"a": 2}] == [tried.answer({"a": number}) for number in (1, 2)]


def test_a_program_that_is_not_there_ends_as_on_aws(machine: Machine, kit: Interpreter) -> None:
    tried = machine.start({"readme.txt": ""}, runtime="dotnet8", handler="Absent")
    result = tried.result()
    message = "RequestId: {} Error: Runtime exited with error: exit status 104"
    assert message.format(REQUEST_ID) == json.loads(result.payload)["errorMessage"]
    assert [
        "Error: executable assembly /var/task/Absent.dll or binary /var/task/Absent not found."
    ] == tried.texts[:1]


@pytest.mark.parametrize(("missing", "status"), [("deps", 105), ("runtimeconfig", 106)])
def test_a_package_without_its_descriptions_ends_as_on_aws(
    machine: Machine, kit: Interpreter, missing: str, status: int
) -> None:
    files = {f"Demo.{each}.json": "{}" for each in ("deps", "runtimeconfig") if each != missing}
    tried = machine.start(files, runtime="dotnet8", handler="Demo::Demo.Forms::Run")
    assert f"exit status {status}" in json.loads(tried.result().payload)["errorMessage"]
    assert tried.texts[0].endswith(f"directory is missing the required .{missing}.json file.")


def prepare(start: Start, machine: Machine, fails: str = "") -> tuple[Tried, Prepared]:
    variables = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start", "FAILS": fails}
    tried = start("Hooks::Run", is_snap_started=True, variables=variables)
    return tried, machine.loop.run(tried.environment.prepared())


def test_hooks_are_called_around_the_snapshot(start: Start, machine: Machine) -> None:
    tried, prepared = prepare(start, machine)
    assert Failure.NONE is prepared.failure
    assert ["before second", "before first", "after first", "after second"] == tried.answer()
    tried.stop()


def test_a_hook_that_fails_before_the_snapshot_fails_init(start: Start, machine: Machine) -> None:
    tried, prepared = prepare(start, machine, "before first")
    assert (Failure.INIT_ERROR, "IOException") == (
        prepared.failure,
        json.loads(prepared.payload)["errorType"],
    )
    tried.stop()


def test_a_hook_that_fails_after_the_restoration_fails_it(start: Start, machine: Machine) -> None:
    tried, prepared = prepare(start, machine, "after first")
    assert Failure.NONE is prepared.failure
    result = tried.result()
    assert (Failure.RESTORE_ERROR, "IOException") == (
        result.failure,
        json.loads(result.payload)["errorType"],
    )
    tried.stop()
