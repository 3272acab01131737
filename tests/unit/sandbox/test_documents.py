"""Error documents and exit reasons in AWS's words."""

from __future__ import annotations

import json

import pytest

from pileus.sandbox.environments import documents


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, "exit status 0"),
        (129, "exit status 129"),
        (-9, "signal: killed"),
        (-11, "signal: segmentation fault"),
        (-6, "signal: aborted"),
        (-15, "signal: terminated"),
        (-34, "signal: signal 34"),
    ],
)
def test_exits_are_named_as_aws_names_them(code: int, reason: str) -> None:
    assert reason == documents.exit_reason(code)


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("exit status 1", "RequestId: r Error: Runtime exited with error: exit status 1"),
        ("exit status 0", "RequestId: r Error: Runtime exited without providing a reason"),
    ],
)
def test_an_exit_is_a_runtime_exit_error(reason: str, message: str) -> None:
    expected = {"errorType": "Runtime.ExitError", "errorMessage": message}
    assert expected == json.loads(documents.exited("r", reason))


def test_a_timeout_names_the_functions_timeout() -> None:
    expected = {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r Error: Task timed out after 900.00 seconds",
    }
    assert expected == json.loads(documents.timed_out("r", 900))


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (b'{"errorType": "KeyError"}', "KeyError"),
        (b"{}", ""),
        (b"[1]", "Runtime.Unknown"),
        (b"no json", "Runtime.Unknown"),
    ],
)
def test_the_type_of_a_runtimes_document_is_read(document: bytes, kind: str) -> None:
    assert kind == documents.error_type(document)
