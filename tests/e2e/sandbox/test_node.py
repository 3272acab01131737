"""Node.js functions: both module systems, both handler styles, and AWS's error documents."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from e2e.sandbox.machine import ARN, DEADLINE_MS, REQUEST_ID, Machine, Tried
from pileus.kernel.fleet import Failure
from support import skips


@pytest.fixture(autouse=True)
def _node() -> None:
    skips.program("node", "Node.js")


def start(machine: Machine, files: str | dict[str, str], **members: Any) -> Tried:
    package = {"index.mjs": files} if isinstance(files, str) else files
    return machine.start(package, **{"runtime": "nodejs20.x", "handler": "index.handler"} | members)


@pytest.mark.parametrize(
    "files",
    [
        {"index.mjs": "export const handler = async (event) => ({ got: event });"},
        {"index.js": "exports.handler = async (event) => ({ got: event });"},
        {"index.cjs": "exports.handler = async (event) => ({ got: event });"},
        {"index.js": "export const handler = async (event) => ({ got: event });",
         "package.json": '{"type": "module"}'},
        {"index.js": "exports.handler = (event, context, done) => done(null, { got: event });"},
        {"index.js": "exports.handler = (event, context) => context.succeed({ got: event });"},
    ],
    ids=["esm", "cjs", "cjs-suffix", "esm-package", "callback", "context"],
)  # fmt: skip
def test_a_handler_gets_the_event_and_its_answer_comes_back(
    machine: Machine, files: dict[str, str]
) -> None:
    tried = start(machine, files)
    assert [{"got": {"a": "ä"}}] * 2 == [tried.answer({"a": "ä"}) for _ in range(2)]


def test_events_and_answers_of_all_sizes_come_whole(machine: Machine) -> None:
    tried = start(machine, "export const handler = async (event) => event;")
    for text in ("", "a" * 65_536, "€" * 60_000, "a€" * 400_000, "z" * 5_000_000, "end"):
        assert text == tried.answer(text)


def test_a_handler_may_lie_in_a_directory_and_in_an_object(machine: Machine) -> None:
    tried = start(
        machine,
        {"in/side.mjs": "export const api = { run: async () => 'found' };"},
        handler="in/side.api.run",
    )
    assert "found" == tried.answer()


def test_a_callback_waits_for_the_event_loop_unless_told_not_to(machine: Machine) -> None:
    code = """
        const seen = [];
        exports.handler = (event, context, done) => {
            context.callbackWaitsForEmptyEventLoop = event;
            setTimeout(() => seen.push("late"), 200);
            done(null, seen);
        };
    """
    assert ["late"] == start(machine, {"index.js": code}).answer(True)
    assert [] == start(machine, {"index.js": code}).answer(False)


def test_a_handler_that_does_nothing_answers_null(machine: Machine) -> None:
    assert start(machine, {"index.js": "exports.handler = () => {};"}).answer() is None


def test_the_context_says_what_aws_says(machine: Machine) -> None:
    tried = start(
        machine,
        """
        export const handler = async (event, context) => [
            context.awsRequestId, context.functionName, context.functionVersion,
            context.memoryLimitInMB, context.invokedFunctionArn, context.logGroupName,
            context.clientContext.custom, context.callbackWaitsForEmptyEventLoop,
            context.getRemainingTimeInMillis() + Date.now(), process.env._X_AMZN_TRACE_ID,
        ];
        """,
    )
    answer = tried.answer(client_context='{"custom": {"a": "b"}}')
    trace = "Root=1-5f84c7a9-000000000000000000000001"
    expected = [REQUEST_ID, "tried", "$LATEST", "512", ARN, "/aws/lambda/tried", {"a": "b"}, True]
    assert [*expected, DEADLINE_MS, trace] == [*answer[:8], pytest.approx(answer[8]), answer[9]]
    assert DEADLINE_MS == pytest.approx(answer[8], abs=5)


def test_the_console_writes_awss_lines(machine: Machine) -> None:
    tried = start(
        machine,
        """
        export const handler = async () => {
            console.log("one %d", 1, {a: 1});
            console.error("two\\nlines");
            process.stdout.write("raw\\n");
            console.warn("three"); console.info("four"); console.debug("five");
        };
        """,
    )
    tried.answer()
    shown = [text.split("\t", 1)[-1] for text in tried.texts]
    assert [
        f"{REQUEST_ID}\tINFO\tone 1 {{ a: 1 }}",
        f"{REQUEST_ID}\tERROR\ttwo\nlines",
        "raw",
        f"{REQUEST_ID}\tWARN\tthree",
        f"{REQUEST_ID}\tINFO\tfour",
        f"{REQUEST_ID}\tDEBUG\tfive",
    ] == shown


@pytest.mark.parametrize(
    "body",
    [
        "async () => { throw new TypeError('of mine') }",
        "() => { throw new TypeError('of mine') }",
        "(event, context, done) => done(new TypeError('of mine'))",
        "(event, context) => context.fail(new TypeError('of mine'))",
    ],
)
def test_an_error_becomes_awss_document_and_log_line(machine: Machine, body: str) -> None:
    tried = start(machine, {"index.js": f"exports.handler = {body};"})
    result = tried.result()
    document = json.loads(result.payload)
    assert (Failure.ERROR, "TypeError", "of mine", "TypeError: of mine", True) == (
        result.failure,
        document["errorType"],
        document["errorMessage"],
        document["trace"][0],
        result.is_reusable,
    )
    _, request_id, level, title, shown = tried.texts[-1].split("\t", 4)
    assert (REQUEST_ID, "ERROR", "Invoke Error ", "TypeError: of mine") == (
        request_id,
        level,
        title,
        json.loads(shown)["stack"][0],
    )


@pytest.mark.parametrize(
    ("files", "handler", "error_type", "message"),
    [
        ({"a.js": ""}, "index.handler", "Runtime.ImportModuleError",
         "Error: Cannot find module 'index'"),
        ({"index.js": "require('absent')"}, "index.handler", "Runtime.ImportModuleError",
         "Error: Cannot find module 'absent'"),
        ({"index.mjs": "import 'absent'"}, "index.handler", "Runtime.ImportModuleError",
         "Error: Cannot find package 'absent' imported from /var/task/index.mjs"),
        ({"index.js": ""}, "index.handler", "Runtime.HandlerNotFound",
         "index.handler is undefined or not exported"),
        ({"index.js": "exports.handler = 1"}, "index.handler", "Runtime.HandlerNotFound",
         "index.handler is not a function"),
        ({"index.js": "exports.handler = }"}, "index.handler", "Runtime.UserCodeSyntaxError",
         "SyntaxError: Unexpected token '}'"),
        ({"index.js": ""}, "index", "Runtime.MalformedHandlerName", "Bad handler"),
        ({"index.js": "throw new RangeError('r')"}, "index.handler", "RangeError", "r"),
    ],
)  # fmt: skip
def test_a_failing_init_is_reported_in_awss_words(
    machine: Machine, files: dict[str, str], handler: str, error_type: str, message: str
) -> None:
    result = start(machine, files, handler=handler).result()
    document = json.loads(result.payload)
    assert (Failure.INIT_ERROR, error_type, message) == (
        result.failure,
        document["errorType"],
        document["errorMessage"].split("\n")[0],
    )


@pytest.mark.parametrize(
    ("body", "error_type", "message"),
    [
        ("setTimeout(() => { throw new Error('later') }, 1); setTimeout(() => {}, 9999);",
         "Error", "later"),
        ("Promise.reject(new Error('nobody')); setTimeout(() => {}, 9999);",
         "Runtime.UnhandledPromiseRejection", "Error: nobody"),
    ],
)  # fmt: skip
def test_an_error_that_nobody_catches_ends_the_environment(
    machine: Machine, body: str, error_type: str, message: str
) -> None:
    tried = start(machine, {"index.js": f"exports.handler = (event, context, done) => {{{body}}};"})
    result = tried.result()
    document = json.loads(result.payload)
    assert (Failure.ERROR, error_type, message, False) == (
        result.failure,
        document["errorType"],
        document["errorMessage"],
        result.is_reusable,
    )
    assert tried.ended.wait(5)


def test_a_runtime_that_exits_is_an_exit_error(machine: Machine) -> None:
    result = start(machine, "export const handler = async () => process.exit(7);").result()
    assert (Failure.EXIT, "exit status 7") == (result.failure, result.exit_reason)


def test_a_nodes_heap_is_nine_tenths_of_memory(machine: Machine) -> None:
    tried = start(machine, "export const handler = async () => process.execArgv;", memory_mb=1000)
    expected = ["--expose-gc", "--max-semi-space-size=50", "--max-old-space-size=900"]
    assert expected == tried.answer()


def test_names_of_the_endpoint_resolve(machine: Machine) -> None:
    tried = start(
        machine,
        """
        import dns from "node:dns/promises";
        export const handler = async (name) => (await dns.lookup(name)).address;
        """,
    )
    assert "127.0.0.1" == tried.answer("bucket.s3.localhost.localstack.cloud")


def test_the_machines_own_packages_are_not_found(machine: Machine) -> None:
    assert shutil.which("npm"), "this test needs npm, whose modules lie beside the interpreter"
    result = start(machine, {"index.js": "require('npm')"}).result()
    assert "Runtime.ImportModuleError" == json.loads(result.payload)["errorType"]


def test_records_are_json_where_that_is_wanted(machine: Machine) -> None:
    tried = start(
        machine,
        """
        export const handler = async () => {
            console.info("said %d", 1);
            console.debug("too quiet");
            console.warn({ a: 1 });
            console.error("odd", new RangeError("r"));
            throw new TypeError("t");
        };
        """,
        variables={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    )
    tried.result()
    said, shown, odd, thrown = map(json.loads, tried.texts)
    assert ["timestamp", "level", "requestId", "message"] == list(said)
    assert ("INFO", REQUEST_ID, "said 1") == tuple(list(said.values())[1:])
    assert ("WARN", {"a": 1}) == (shown["level"], shown["message"])
    assert ("RangeError", "r") == (odd["errorType"], odd["errorMessage"])
    assert ("ERROR", "TypeError") == (thrown["level"], thrown["message"]["errorType"])


def test_sizes_of_the_heap_in_node_options_are_kept(machine: Machine) -> None:
    code = "export const handler = async () => process.execArgv;"
    tried = start(machine, code, variables={"NODE_OPTIONS": "--max-old-space-size=99"})
    assert ["--expose-gc"] == tried.answer()
