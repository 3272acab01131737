"""Every status that AWS documents for Invoke, by HTTP and not by an SDK."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pileus.kernel.fleet import BadPackage
from support.fake_fleet import FailsInit
from support.lambdas import Functions, RunningLambda

JSON = {"Content-Type": "application/json"}


def invoke(
    pileus: RunningLambda, functions: Functions, name: str, body: bytes = b"{}",
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], dict[str, Any]]:  # fmt: skip
    """Status, headers in small letters, and the document."""
    path = f"/2015-03-31/functions/{name}/invocations"
    request = AWSRequest(
        "POST", f"http://127.0.0.1:{pileus.port}{path}", JSON if headers is None else headers, body
    )
    SigV4Auth(Credentials(functions.account, "test"), "lambda", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    connection.request("POST", path, body, dict(request.headers))
    answer = connection.getresponse()
    found = {key.lower(): value for key, value in answer.getheaders()}
    document = json.loads(answer.read() or b"{}")
    connection.close()
    return answer.status, found, document if isinstance(document, dict) else {"": document}


def refused(answer: tuple[int, dict[str, str], dict[str, Any]]) -> tuple[int, str, Any]:
    status, headers, document = answer
    return status, headers["x-amzn-errortype"].partition(":")[0], document.get("Type")


def test_200_has_the_answer(pileus: RunningLambda, functions: Functions) -> None:
    status, headers, document = invoke(pileus, functions, functions.create(lambda e, c: {"a": 1}))
    assert (200, {"a": 1}) == (status, document)
    assert "$LATEST" == headers["x-amz-executed-version"]
    assert "x-amz-function-error" not in headers


def fail(event: Any, context: Any) -> Any:
    raise ValueError("no")


def fail_init(event: Any, context: Any) -> Any:
    raise FailsInit('{"errorType": "Runtime.ImportModuleError", "errorMessage": "no module"}')


@pytest.mark.parametrize("handler", [fail, fail_init])
def test_200_tells_of_an_error_of_the_function_in_a_header(
    pileus: RunningLambda, functions: Functions, handler: Any
) -> None:
    status, headers, document = invoke(pileus, functions, functions.create(handler))
    assert (200, "Unhandled") == (status, headers["x-amz-function-error"])
    assert {"errorType", "errorMessage"} <= set(document)


@pytest.mark.parametrize(("kind", "status"), [("Event", 202), ("DryRun", 204)])
def test_202_and_204_have_no_body(
    pileus: RunningLambda, functions: Functions, kind: str, status: int
) -> None:
    name = functions.create(lambda event, context: 1)
    headers = {**JSON, "X-Amz-Invocation-Type": kind}
    found = invoke(pileus, functions, name, headers=headers)
    assert (status, {}) == (found[0], found[2])


def test_400_for_what_is_no_json(pileus: RunningLambda, functions: Functions) -> None:
    name = functions.create(lambda event, context: 1)
    answer = invoke(pileus, functions, name, b"{")
    assert (400, "InvalidRequestContentException", "User") == refused(answer)


def test_404_where_there_is_no_function(pileus: RunningLambda, functions: Functions) -> None:
    answer = invoke(pileus, functions, "nothing")
    assert (404, "ResourceNotFoundException", "User") == refused(answer)


def test_413_for_an_event_over_6_megabytes(pileus: RunningLambda, functions: Functions) -> None:
    name = functions.create(lambda event, context: 1)
    answer = invoke(pileus, functions, name, b'"' + b"x" * 6_291_455 + b'"')
    assert (413, "RequestEntityTooLargeException", "User") == refused(answer)


@pytest.mark.parametrize("kind", ["text/xml", "image/png", "multipart/form-data; boundary=x"])
def test_415_for_a_body_that_says_it_is_no_json(
    pileus: RunningLambda, functions: Functions, kind: str
) -> None:
    name = functions.create(lambda event, context: 1)
    answer = invoke(pileus, functions, name, headers={"Content-Type": kind})
    assert (415, "UnsupportedMediaTypeException", "User") == refused(answer)


def test_429_tells_the_reason(pileus: RunningLambda, functions: Functions, client: Any) -> None:
    name = functions.create(lambda event, context: 1)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    answer = invoke(pileus, functions, name)
    assert (429, "TooManyRequestsException", "User") == refused(answer)
    assert "ReservedFunctionConcurrentInvocationLimitExceeded" == answer[2]["Reason"]


def test_502_for_a_package_that_cannot_be_unpacked(
    pileus: RunningLambda, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = functions.create(lambda event, context: 1)

    async def install(digest: str, package: bytes) -> Any:
        raise BadPackage("cut off")

    monkeypatch.setattr(pileus.fleet, "unpacked", {})
    monkeypatch.setattr(pileus.fleet, "install", install)
    status, headers, _ = invoke(pileus, functions, name)
    kind = headers["x-amzn-errortype"]
    assert (502, "InvalidZipFileException") == (status, kind)


def test_502_for_a_runtime_that_is_not_there_any_more(
    pileus: RunningLambda, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = functions.create(lambda event, context: 1)
    monkeypatch.setattr(pileus.fleet, "runtimes", dict)
    status, headers, _ = invoke(pileus, functions, name)
    assert (502, "InvalidRuntimeException") == (status, headers["x-amzn-errortype"])


def test_500_for_a_sandbox_that_cannot_be_made(
    pileus: RunningLambda, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = functions.create(lambda event, context: 1)
    monkeypatch.setattr(pileus.fleet, "refusal", "no user namespaces")
    answer = invoke(pileus, functions, name)
    assert (500, "ServiceException", "Service") == refused(answer)
