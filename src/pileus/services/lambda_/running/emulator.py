"""The address at which the runtime interface emulator is called, without a signature.

Tools that are made for a container with the emulator in it ask for the function `function`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call, Context
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request, Response
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.functions import functions, store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running import payloads

PATH = "/2015-03-31/functions/function/invocations"
NAME = "function"
_PAGE = 50


def matches(request: Request) -> bool:
    return (
        request.path == PATH
        and request.method == "POST"
        and "authorization" not in request.headers
        and "X-Amz-" not in request.query
    )


async def answer(call: Call, request: Request) -> Response:
    """The function of that name, or else the account's only container image."""
    own = call.kernel.call_for(Context(call.account, call.region, "lambda"), "lambda", "Invoke")
    try:
        if len(request.body) > payloads.SYNCHRONOUS_BYTES_MAX:
            return _failure(413, "RequestEntityTooLargeException", "The event is too large.")
        name = await _name(own)
        found = await own.invoke("lambda", "Invoke", FunctionName=name, Payload=request.body)
    except AwsError as error:
        return _failure(error.status or 400, error.code, error.message)
    headers = {"content-type": "application/json"}
    if "FunctionError" in found:
        headers["x-amz-function-error"] = found["FunctionError"]
    return Response(200, headers, found["Payload"])


async def _name(call: Call) -> str:
    if await _load(call, call.arn(f"function:{NAME}")) is not None:
        return NAME
    account, after = call.arn(""), ""
    found: list[str] = []
    while page := await call.read(_names, after, about=account):
        for name, arn in page:
            function = await _load(call, arn)
            if function is not None and function.image is not None:
                found.append(name)
        after = page[-1][0]
        if len(found) > 1:
            break
    if len(found) == 1:
        return found[0]
    several = "several functions are" if found else "no function is"
    raise AwsError(
        "ResourceNotFoundException",
        f"There is no function called {NAME!r}, and {several} a container image.",
        status=404,
    )


async def _load(call: Call, arn: str) -> Function | None:
    found: Function | None = await call.read(store.load_function, arn, about=arn)
    return found


def _names(tx: Transaction, after: str) -> list[tuple[str, str]]:
    return tx.listed(functions.FUNCTIONS, at_most=_PAGE, after=after)


def _failure(status: int, code: str, message: str) -> Response:
    document: dict[str, Any] = {"errorType": code, "errorMessage": message}
    return Response(status, {"content-type": "application/json"}, msgspec.json.encode(document))
