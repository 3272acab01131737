"""Invoking functions and waiting for the answer."""

from __future__ import annotations

import json
from typing import Any

from support.fake_fleet import Context
from support.lambdas import Functions


def echo(event: Any, context: Context) -> Any:
    context.print(f"got {json.dumps(event)}")
    return event


def test_a_function_answers_with_its_result(functions: Functions) -> None:
    name = functions.create(echo)
    answer = functions.invoke(name, {"a": 1})
    assert 200 == answer["StatusCode"]
    assert b'{"a": 1}' == answer["Payload"]
    assert "$LATEST" == answer["ExecutedVersion"]
    assert "FunctionError" not in answer
