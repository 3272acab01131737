"""Python functions: what a handler gets, and what becomes of what it gives."""

from __future__ import annotations

import json

import pytest

from e2e.sandbox.machine import ARN, DEADLINE_MS, REQUEST_ID, Machine
from pileus.kernel.fleet import Failure


def test_a_handler_gets_the_event_and_its_answer_comes_back(machine: Machine) -> None:
    tried = machine.start("def handler(event, context): return {'got': event}")
    assert {"got": {"a": [1, "ä"]}} == tried.answer({"a": [1, "ä"]})


def test_the_first_invocation_alone_reports_init(machine: Machine) -> None:
    tried = machine.start("def handler(event, context): return 1")
    assert [True, False] == [tried.result().init_ms is not None for _ in range(2)]


def test_an_environment_keeps_globals_and_temporary_files(machine: Machine) -> None:
    tried = machine.start("""
        import os
        count = 0
        def handler(event, context):
            global count
            count += 1
            open(f"/tmp/{count}", "w").close()
            return [count, sorted(os.listdir("/tmp"))]
    """)
    assert [[1, ["1"]], [2, ["1", "2"]]] == [tried.answer(), tried.answer()]


def test_the_context_says_what_aws_says(machine: Machine) -> None:
    tried = machine.start("""
        def handler(event, context):
            return [
                context.aws_request_id, context.function_name, context.function_version,
                context.memory_limit_in_mb, context.invoked_function_arn,
                context.log_group_name, context.log_stream_name,
                context.client_context.custom, context.client_context.client.app_title,
                context.identity.cognito_identity_id,
                context.get_remaining_time_in_millis() > 1000,
            ]
    """)
    client = '{"custom": {"a": "b"}, "client": {"app_title": "t"}}'
    expected = [
        REQUEST_ID, "tried", "$LATEST", "512", ARN + ":live", "/aws/lambda/tried",
        "2030/01/01/[$LATEST]0123456789abcdef", {"a": "b"}, "t", None, True,
    ]  # fmt: skip
    assert expected == tried.answer(client_context=client, invoked_arn=ARN + ":live")


def test_remaining_time_counts_down_to_the_deadline(machine: Machine) -> None:
    tried = machine.start("""
        import time
        def handler(event, context):
            return context.get_remaining_time_in_millis() + time.time() * 1000
    """)
    assert DEADLINE_MS == pytest.approx(tried.answer(), abs=100)


def test_the_runtime_sets_the_variables_that_aws_documents(machine: Machine) -> None:
    tried = machine.start(
        """
        import os
        def handler(event, context):
            return {name: os.environ.get(name) for name in event}
    """,
        variables={"MINE": "ä"},
    )
    expected = {
        "_HANDLER": "app.handler",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "PYTHONPATH": "/var/runtime",
        "MINE": "ä",
        "HOME": None,
        "_X_AMZN_TRACE_ID": "Root=1-5f84c7a9-000000000000000000000001",
    }
    assert expected == tried.answer(list(expected))


def test_printed_lines_and_log_records_come_out_in_order(machine: Machine) -> None:
    tried = machine.start("""
        import logging, sys
        logging.getLogger().setLevel(logging.INFO)
        def handler(event, context):
            print("one")
            logging.info("two\\nlines")
            print("three", file=sys.stderr)
            print("four", end="")
    """)
    tried.answer()
    stamp = tried.texts[1].split("\t")[1]
    record = f"[INFO]\t{stamp}\t{REQUEST_ID}\ttwo\nlines"
    assert ["one", record, "three", "four"] == tried.texts
    assert (24, "Z") == (len(stamp), stamp[-1])


def test_output_of_init_is_reported(machine: Machine) -> None:
    tried = machine.start("print('loading')\ndef handler(event, context): pass")
    tried.answer()
    assert ["loading"] == tried.texts


def test_an_exception_becomes_awss_document_and_log_record(machine: Machine) -> None:
    tried = machine.start("""
        class Trouble(Exception): pass
        def handler(event, context):
            raise Trouble("of mine")
    """)
    result = tried.result()
    expected = {
        "errorMessage": "of mine",
        "errorType": "Trouble",
        "requestId": REQUEST_ID,
        "stackTrace": [
            '  File "/var/task/app.py", line 4, in handler\n    raise Trouble("of mine")\n'
        ],
    }
    assert (Failure.ERROR, expected, True) == (
        result.failure,
        json.loads(result.payload),
        result.is_reusable,
    )
    assert [
        "[ERROR] Trouble: of mine\nTraceback (most recent call last):\n"
        '  File "/var/task/app.py", line 4, in handler\n    raise Trouble("of mine")'
    ] == tried.texts


def test_an_environment_works_on_after_an_exception(machine: Machine) -> None:
    tried = machine.start("def handler(event, context): return 1 / event")
    assert Failure.ERROR is tried.result(0).failure
    assert 0.5 == tried.answer(2)


@pytest.mark.parametrize(
    ("files", "handler", "error_type", "message"),
    [
        ({"a.py": ""}, "app.handler", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'app'"),
        ({"app.py": "import absent"}, "app.handler", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'absent'"),
        ({"app.py": ""}, "app.handler", "Runtime.HandlerNotFound",
         "Handler 'handler' missing on module 'app'"),
        ({"app.py": "def handler(:"}, "app.handler", "Runtime.UserCodeSyntaxError",
         "Syntax error in module 'app': invalid syntax (app.py, line 1)"),
        ({"app.py": ""}, "app", "Runtime.MalformedHandlerName",
         "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        ({"app.py": "raise KeyError('k')"}, "app.handler", "KeyError", "'k'"),
        ({"a.py": ""}, "sys.exit", "Runtime.BuiltInModuleConflict",
         "Cannot use built-in module sys as a handler module"),
    ],
)  # fmt: skip
def test_a_failing_init_is_reported_in_awss_words(
    machine: Machine, files: dict[str, str], handler: str, error_type: str, message: str
) -> None:
    tried = machine.start(files, handler=handler)
    result = tried.result()
    document = json.loads(result.payload)
    assert (Failure.INIT_ERROR, error_type, message, "", False) == (
        result.failure,
        document["errorType"],
        document["errorMessage"],
        document["requestId"],
        result.is_reusable,
    )


def test_a_failing_init_is_tried_again_by_the_first_invocation(machine: Machine) -> None:
    tried = machine.start("raise KeyError('k')")
    tried.result()
    reports = [text.split("\t") for text in tried.texts if text.startswith("INIT_REPORT")]
    assert [
        ["Phase: init", "Status: error", "Error Type: KeyError"],
        ["Phase: invoke", "Status: error", "Error Type: KeyError"],
    ] == [report[1:] for report in reports]


def test_a_handler_may_lie_in_a_directory(machine: Machine) -> None:
    tried = machine.start(
        {"in/side/mod.py": "def run(event, context): return 'found'"}, handler="in/side/mod.run"
    )
    assert "found" == tried.answer()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{1}", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("float('nan')", "Unable to marshal response: Out of range float values are not JSON "
         "compliant"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_json_is_a_marshal_error(
    machine: Machine, value: str, message: str
) -> None:
    result = machine.start(f"def handler(event, context): return {value}").result()
    document = json.loads(result.payload)
    assert (Failure.ERROR, "Runtime.MarshalError", message) == (
        result.failure,
        document["errorType"],
        document["errorMessage"],
    )


def test_decimals_become_numbers(machine: Machine) -> None:
    tried = machine.start("""
        from decimal import Decimal
        def handler(event, context): return Decimal("1.5")
    """)
    assert 1.5 == tried.answer()


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("sys.exit(1)", "Runtime exited with error: exit status 1", "exit status 1"),
        ("sys.exit(0)", "Runtime exited without providing a reason", "exit status 0"),
        ("os._exit(3)", "Runtime exited with error: exit status 3", "exit status 3"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed", "signal: killed"),
        ("os.abort()", "Runtime exited with error: signal: aborted", "signal: aborted"),
    ],
)
def test_a_runtime_that_ends_is_an_exit_error(
    machine: Machine, code: str, message: str, reason: str
) -> None:
    tried = machine.start(f"import os, sys\ndef handler(event, context): {code}")
    result = tried.result()
    expected = {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST_ID} Error: {message}",
    }
    assert (Failure.EXIT, expected, reason, False) == (
        result.failure,
        json.loads(result.payload),
        result.exit_reason,
        result.is_reusable,
    )
    assert tried.ended.wait(5)


def test_a_response_over_six_megabytes_is_refused(machine: Machine) -> None:
    tried = machine.start("def handler(event, context): return 'x' * event")
    result = tried.result(6_291_556)
    expected = {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": (
            "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        ),
    }
    assert (Failure.ERROR, expected) == (result.failure, json.loads(result.payload))
    assert 6_291_554 == len(tried.answer(6_291_554))


def test_boto3_is_there_without_a_package(machine: Machine) -> None:
    tried = machine.start("""
        import boto3
        def handler(event, context):
            client = boto3.client("sqs")
            return [client.meta.region_name, boto3.__file__]
    """)
    assert ["us-east-1", "/var/runtime/boto3/__init__.py"] == tried.answer()


def test_a_packages_own_boto3_comes_first(machine: Machine) -> None:
    tried = machine.start(
        {
            "boto3/__init__.py": "mine = True",
            "app.py": "import boto3\ndef handler(event, context): return boto3.mine",
        }
    )
    assert tried.answer() is True


def test_a_packages_own_standard_module_comes_first(machine: Machine) -> None:
    tried = machine.start(
        {
            "xml/__init__.py": "mine = True",
            "app.py": "import xml\ndef handler(event, context): return xml.mine",
        }
    )
    assert tried.answer() is True


@pytest.mark.parametrize(
    "module", ["pileus", "httptools", "msgspec", "numpy", "pytest", "_sandbox2"]
)
def test_modules_of_the_machine_are_not_found(machine: Machine, module: str) -> None:
    result = machine.start(f"import {module}").result()
    message = f"Unable to import module 'app': No module named '{module}'"
    assert message == json.loads(result.payload)["errorMessage"]


def test_random_numbers_differ_between_environments(machine: Machine) -> None:
    code = "import random, uuid\ndef handler(e, c): return [random.random(), str(uuid.uuid4())]"
    first, second = machine.start(code).answer(), machine.start(code).answer()
    assert (True, True) == (first[0] != second[0], first[1] != second[1])


def test_records_are_json_where_that_is_wanted(machine: Machine) -> None:
    tried = machine.start(
        """
        import logging
        log = logging.getLogger("mine")
        def handler(event, context):
            log.info("said %d", 1, extra={"order": 7})
            log.debug("too quiet")
            try: 1 / 0
            except ZeroDivisionError: log.exception("odd")
            raise KeyError("k")
        """,
        variables={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    )
    tried.result()
    said, odd, raised = map(json.loads, tried.texts)
    assert ["timestamp", "level", "message", "logger", "order", "requestId"] == list(said)
    assert ("INFO", "said 1", "mine", 7, REQUEST_ID) == tuple(list(said.values())[1:])
    assert ("ZeroDivisionError", "division by zero", "/var/task/app.py:handler:8") == (
        odd["errorType"],
        odd["errorMessage"],
        odd["location"],
    )
    assert ("ERROR", "KeyError", "'k'", REQUEST_ID) == tuple(
        raised[key] for key in ("level", "errorType", "errorMessage", "requestId")
    )


def test_the_level_of_the_log_holds_for_text_too(machine: Machine) -> None:
    code = "import logging\ndef handler(event, context): logging.info('i'); logging.error('e')"
    tried = machine.start(code, variables={"AWS_LAMBDA_LOG_LEVEL": "ERROR"})
    tried.answer()
    assert ["e"] == [text.split("\t")[-1] for text in tried.texts]


def test_nothing_is_seen_of_what_was_rehearsed(machine: Machine) -> None:
    tried = machine.start(
        """
        import logging, os, sys
        def handler(event, context):
            return [
                [name for name in sys.modules if name == "stand_in"],
                [len(logging.getLogger().handlers), "NAME" in os.environ],
                [context.aws_request_id, context.function_name],
                os.getcwd(),
            ]
        """
    )
    expected = [[], [1, False], [REQUEST_ID, "tried"], "/var/task"]
    assert expected == tried.answer()
