"""Every operation's signature, held against AWS's model; and the coverage page made from them."""

from __future__ import annotations

import ast
import inspect
import types
import typing
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pileus import services
from pileus.app import SERVICES
from pileus.aws_models.bind import bind, function_name, keyword_name
from pileus.aws_models.load import OperationModel, load
from pileus.aws_models.shapes import Shape
from pileus.kernel.service import Service
from scripts import coverage_page

SCALARS: dict[str, set[Any]] = {
    "string": {str},
    "character": {str},
    "integer": {int},
    "long": {int},
    "boolean": {bool},
    "float": {float},
    "double": {float},
    # Epoch milliseconds.
    "timestamp": {int},
    "blob": {bytes, AsyncIterator},
}
CONTAINERS: dict[str, set[Any]] = {
    "structure": {dict, Mapping},
    "map": {dict, Mapping},
    "list": {list, Sequence},
}
# What any service may answer, besides what its model declares.
# docs: each service's "Common Errors" page, and the protocols' own errors.
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException",
    "InternalError", "InternalFailure", "InvalidAction", "InvalidAddress",
    "InvalidClientTokenId", "InvalidParameterCombination", "InvalidParameterValue",
    "InvalidSignatureException", "MalformedQueryString", "MissingAction",
    "MissingAuthenticationToken", "MissingParameter", "NotImplemented", "OptInRequired",
    "RequestExpired", "SerializationException", "ServiceUnavailable", "Throttling",
    "ThrottlingException", "UnrecognizedClientException", "ValidationError",
    "ValidationException",
}  # fmt: skip

OPERATIONS = [
    pytest.param(service, name, function, id=f"{service.name}.{name}")
    for service in SERVICES
    for name, function in coverage_page.functions(service).items()
]


def signature_problems(function: Callable[..., Any], operation: OperationModel) -> list[str]:
    """Where a function's annotations do not fit the shapes of the operation's input."""
    members = operation.input.members if operation.input is not None else {}
    shapes = {keyword_name(name): member.shape for name, member in members.items()}
    hints = _hints(function)
    first = next(iter(inspect.signature(function).parameters), "")
    problems = [] if first == "call" else [f"the first parameter is {first}, not call"]
    for name, hint in hints.items():
        problems += [f"{name}: {problem}" for problem in _misfits(hint, shapes[name])]
    return problems


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotation of each keyword; others may name what is imported for checking only."""
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            found[name] = _evaluated(parameter.annotation, function)
        elif parameter.kind is parameter.VAR_KEYWORD:
            (settings,) = typing.get_args(_evaluated(parameter.annotation, function))
            found |= typing.get_type_hints(settings)
    return found


def _evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    if isinstance(annotation, str):
        return eval(annotation, function.__globals__ | vars(typing))
    return annotation


def _misfits(hint: Any, shape: Shape) -> list[str]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = [part for part in typing.get_args(hint) if part is not type(None)][:1]
    if hint is Any or shape.traits.document or shape.traits.eventstream:
        return []
    origin = typing.get_origin(hint) or hint
    arguments = typing.get_args(hint)
    if origin not in CONTAINERS.get(shape.type, set()) | SCALARS.get(shape.type, set()):
        return [f"{hint} is no {shape.type}"]
    if shape.type == "list" and arguments:
        return _misfits(arguments[0], shape.member.shape)
    if shape.type == "map" and arguments:
        return _misfits(arguments[0], shape.key.shape) + _misfits(arguments[1], shape.value.shape)
    return []


def unknown_codes(text: str, *names: str) -> list[str]:
    """Codes given to AwsError as literals that neither the models nor every service knows."""
    models = [load(name) for name in names]
    return [
        f"{call.lineno}: {code.value}"
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("AwsError")
        for code in call.args[:1]
        if isinstance(code, ast.Constant)
        and code.value not in COMMON_ERRORS
        and all(model.error_shape(code.value) is None for model in models)
    ]


def operation(service: str, name: str) -> OperationModel:
    return coverage_page.operation_of(load(service), name)


@pytest.mark.parametrize(("service", "name", "function"), OPERATIONS)
def test_signatures_fit_the_model(
    service: Service, name: str, function: Callable[..., Any]
) -> None:
    model = operation(service.name, name)
    bind(function, model)
    assert [] == signature_problems(function, model)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_error_codes_are_known_to_the_model(service: Service) -> None:
    folder = Path(services.__file__).parent / service.package.rpartition(".")[2]
    # One package may be two of AWS's services: DynamoDB and its streams.
    names = [each.name for each in SERVICES if each.package == service.package]
    problems = [
        f"{path.name}:{code}"
        for path in sorted(folder.rglob("*.py"))
        for code in unknown_codes(path.read_text(), *names)
    ]
    assert [] == problems


def test_the_coverage_page_is_up_to_date() -> None:
    there = coverage_page.PAGE.read_text() if coverage_page.PAGE.exists() else ""
    assert coverage_page.page() == there, "run `.venv/bin/python scripts/coverage_page.py`"


def test_misfitting_signatures_are_found() -> None:
    def receive_message(
        context: Any,
        *,
        queue_url: str,
        max_number_of_messages: str | None = None,
        message_attribute_names: list[int] | None = None,
        wait_time_seconds: int | None = None,
    ) -> None: ...

    assert 3 == len(signature_problems(receive_message, operation("sqs", "ReceiveMessage")))


def test_a_keyword_that_is_no_member_and_a_wrong_default_are_found() -> None:
    def delete_message(
        call: Any, *, queue_url: str = "", receipt_handle: str, colour: str = ""
    ) -> None: ...

    with pytest.raises(TypeError, match=r"queue_url has a default.*colour is no member"):
        bind(delete_message, operation("sqs", "DeleteMessage"))


def test_an_unknown_error_code_is_found() -> None:
    text = 'raise AwsError("QueueDoesNotExist", "x")\nraise AwsError("QueueIsGone", "x")\n'
    assert ["2: QueueIsGone"] == unknown_codes(text, "sqs")


def test_functions_are_found_by_the_operations_name() -> None:
    assert "receive_message" == function_name("ReceiveMessage")
