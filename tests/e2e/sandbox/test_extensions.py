"""Extensions: their part in INIT, invocations and SHUTDOWN, and what happens when they fail."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.sandbox.extension import layer
from e2e.sandbox.machine import ARN, DEADLINE_MS, REQUEST_ID, Machine, Tried
from pileus.kernel.fleet import Failure

ECHO = "def handler(event, context): return event"
LOOP = """
identifier, document = register("INVOKE", "SHUTDOWN")
say("registered", json.dumps(document))
while True:
    event = next_event(identifier)
    say("event", json.dumps(event))
    if event["eventType"] == "SHUTDOWN":
        break
"""


def start(machine: Machine, code: str = ECHO, **extensions: str) -> Tried:
    return machine.start(code, layer_paths=(layer(machine, **extensions),))


def events(tried: Tried) -> list[dict[str, Any]]:
    return [json.loads(text[6:]) for text in tried.texts if text.startswith("event ")]


def test_an_extension_hears_of_invocations_and_of_the_end(machine: Machine) -> None:
    tried = start(machine, watch=LOOP)
    assert [1, 2] == [tried.answer(event) for event in (1, 2)]
    tried.stop()
    document = {"functionName": "tried", "functionVersion": "$LATEST", "handler": "app.handler"}
    assert f"registered {json.dumps(document)}" == tried.texts[0]
    assert "EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE, SHUTDOWN]" in tried.texts
    invoke = {
        "eventType": "INVOKE",
        "deadlineMs": DEADLINE_MS,
        "requestId": REQUEST_ID,
        "invokedFunctionArn": ARN,
        "tracing": {
            "type": "X-Amzn-Trace-Id",
            "value": "Root=1-5f84c7a9-000000000000000000000001",
        },
    }
    heard = events(tried)
    deadline = heard[2].pop("deadlineMs")
    assert 0 < deadline - time.time() * 1000 <= 2000
    assert [invoke, invoke, {"eventType": "SHUTDOWN", "shutdownReason": "SPINDOWN"}] == heard


def test_the_runtime_starts_after_all_extensions_have_registered(machine: Machine) -> None:
    tried = start(
        machine,
        f"print('runtime', flush=True)\n{ECHO}",
        slow="time.sleep(0.3); say('slow comes'); identifier, _ = register('INVOKE')\n"
        "while True: next_event(identifier)",
        quick="say('quick comes'); identifier, _ = register('INVOKE')\n"
        "while True: next_event(identifier)",
    )
    assert 1 == tried.answer(1)
    said = [text for text in tried.texts if not text.startswith("EXTENSION")]
    assert ["quick comes", "slow comes", "runtime"] == said


def test_an_invocation_lasts_until_its_extensions_are_done(machine: Machine) -> None:
    body = """
identifier, _ = register("INVOKE")
while True:
    next_event(identifier)
    time.sleep(0.3)
    say("done")
"""
    tried = start(machine, late=body)
    result = tried.result(1)
    assert (Failure.NONE, b"1") == (result.failure, result.payload)
    assert result.duration_ms >= 300
    assert "done" in tried.texts


def test_an_extension_whose_question_was_cut_off_asks_again(machine: Machine) -> None:
    body = """
import socket
identifier, _ = register("INVOKE")
asking = socket.create_connection(os.environ["AWS_LAMBDA_RUNTIME_API"].split(":"))
asking.sendall(b"GET /2020-01-01/extension/event/next HTTP/1.1\\r\\n"
               b"Lambda-Extension-Identifier: " + identifier.encode() + b"\\r\\n\\r\\n")
time.sleep(0.1)
asking.close()
time.sleep(1)
for _ in range(2):
    say("event", json.dumps(next_event(identifier)))
next_event(identifier)
"""
    # The runtime starts when the question is gone.
    slow = "time.sleep(0.5)\nidentifier, _ = register()\nnext_event(identifier)"
    tried = start(machine, slow=slow, watch=body)
    assert [1, 2] == [tried.answer(event) for event in (1, 2)]
    assert ["INVOKE", "INVOKE"] == [each["eventType"] for each in events(tried)]


def test_an_extension_that_is_late_costs_the_environment_but_not_the_answer(
    machine: Machine,
) -> None:
    body = "identifier, _ = register('INVOKE')\nwhile True: next_event(identifier); time.sleep(60)"
    tried = start(
        machine, late=body.replace("; ", "\n ").replace("\nwhile True: ", "\nwhile True:\n ")
    )
    result = tried.result(1, timeout_seconds=1.0)
    assert (Failure.NONE, b"1", False) == (result.failure, result.payload, result.is_reusable)
    assert tried.texts[-1].endswith(f"Z {REQUEST_ID} Task timed out after 3.00 seconds")
    assert tried.ended.wait(5)


def test_an_extension_gets_the_functions_variables_but_the_runtimes(machine: Machine) -> None:
    body = """
say("names", *sorted(os.environ), os.getcwd(), os.getuid())
identifier, _ = register("INVOKE")
while True: next_event(identifier)
"""
    place = layer(machine, watch=body)
    tried = machine.start(ECHO, layer_paths=(place,), variables={"MINE": "1"})
    tried.answer()
    names = tried.texts[0].split()
    assert {"MINE", "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME"} <= set(names)
    assert not {"_HANDLER", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_LOG_GROUP_NAME"} & set(names)
    assert ["/", "993"] == names[-2:]


def test_the_account_is_told_to_those_who_take_it(machine: Machine) -> None:
    body = """
identifier, document = register("INVOKE", Lambda_Extension_Accept_Feature="accountId")
say("account", document["accountId"])
while True: next_event(identifier)
"""
    tried = start(machine, watch=body)
    tried.answer()
    assert "account 000000000000" == tried.texts[0]


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("sys.exit(3)", "Extension.Crash", "exit status 3"),
        ("sys.exit(0)", "Extension.Crash", "exit code 0"),
        ("identifier, _ = register('INVOKE')\n"
         "ask('/init/error', {}, Lambda_Extension_Identifier=identifier,"
         " Lambda_Extension_Function_Error_Type='Mine.Bad')\nsys.exit(1)",
         "Extension.InitError", "exit status 1"),
    ],
    ids=["crash", "silent", "init error"],
)  # fmt: skip
def test_an_extension_that_ends_in_init_fails_the_function(
    machine: Machine, body: str, kind: str, reason: str
) -> None:
    tried = start(machine, bad=body, good=LOOP)
    result = tried.result()
    document = {"errorType": kind, "errorMessage": f"RequestId: {REQUEST_ID} Error: {reason}"}
    assert (Failure.FAULT, document) == (result.failure, json.loads(result.payload))
    reports = [text.split("\t") for text in tried.texts if text.startswith("INIT_REPORT")]
    kinds = [(each[1], each[-1]) for each in reports]
    assert [
        ("Phase: init", f"Error Type: {kind}"),
        ("Phase: invoke", f"Error Type: {kind}"),
    ] == kinds
    if kind == "Extension.InitError":
        assert (
            "EXTENSION\tName: bad\tState: InitError\tEvents: [INVOKE]\tError Type: Mine.Bad"
            in tried.texts
        )
    assert tried.ended.wait(5)


def test_a_file_that_is_no_program_is_told(machine: Machine) -> None:
    place = machine.package({"extensions/text": "no program"})
    result = machine.start(ECHO, layer_paths=(place,)).result()
    message = f"RequestId: {REQUEST_ID} Error: fork/exec /opt/extensions/text: permission denied"
    expected = {"errorType": "Extension.LaunchError", "errorMessage": message}
    assert (Failure.FAULT, expected) == (result.failure, json.loads(result.payload))


def test_an_extension_that_ends_in_an_invocation_fails_it(machine: Machine) -> None:
    code = "import time\ndef handler(event, context): time.sleep(event)"
    body = """
identifier, _ = register("INVOKE")
next_event(identifier)
sys.exit(9)
"""
    tried = start(machine, code, weak=body, strong=LOOP)
    result = tried.result(30)
    message = f"RequestId: {REQUEST_ID} Error: exit status 9"
    expected = {"errorType": "Extension.Crash", "errorMessage": message}
    assert (Failure.FAULT, expected) == (result.failure, json.loads(result.payload))
    assert tried.ended.wait(5)
    assert "FAILURE" == events(tried)[-1]["shutdownReason"]


@pytest.mark.parametrize(
    ("code", "failure", "reason"),
    [
        ("import time; time.sleep(60)", Failure.TIMEOUT, "TIMEOUT"),
        ("import os; os._exit(1)", Failure.EXIT, "FAILURE"),
    ],
)
def test_extensions_hear_why_the_runtime_has_failed(
    machine: Machine, code: str, failure: Failure, reason: str
) -> None:
    tried = start(machine, f"def handler(event, context): {code}", watch=LOOP)
    assert failure is tried.result(timeout_seconds=1.0).failure
    assert tried.ended.wait(5)
    assert reason == events(tried)[-1]["shutdownReason"]


def test_the_runtime_is_asked_to_end_and_has_time_for_it(machine: Machine) -> None:
    code = """
        import signal, time
        def end(number, frame):
            print("runtime ends", flush=True)
            time.sleep(0.05)
            raise SystemExit(0)
        signal.signal(signal.SIGTERM, end)
        def handler(event, context): return event
    """
    tried = start(machine, code, watch=LOOP)
    tried.answer()
    tried.stop()
    said = [text.split()[0] for text in tried.texts if "SHUTDOWN" in text or "ends" in text]
    assert ["EXTENSION", "runtime", "event"] == said


def test_who_does_not_end_in_time_is_killed(machine: Machine) -> None:
    body = "identifier, _ = register('SHUTDOWN')\nnext_event(identifier)\nsay('no')\ntime.sleep(60)"
    tried = start(machine, stubborn=body)
    tried.answer()
    began = time.monotonic()
    tried.stop()
    assert "no" in tried.texts
    assert 1.5 < time.monotonic() - began


def test_an_extension_inside_the_runtime_registers_too(machine: Machine) -> None:
    code = """
        import json, os, signal, threading, urllib.error, urllib.request
        api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2020-01-01/extension"
        def ask(path, body=None, **headers):
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            request = urllib.request.Request(f"{api}{path}", body, names)
            return urllib.request.urlopen(request)
        def register(events):
            body = json.dumps({"events": events}).encode()
            return ask("/register", body, Lambda_Extension_Name="inner")
        try:
            register(["INVOKE", "SHUTDOWN"])
        except urllib.error.HTTPError as error:
            refusal = json.load(error)["errorType"]
        me = register(["INVOKE"]).headers["Lambda-Extension-Identifier"]
        heard, arrived = [], threading.Semaphore(0)
        def listen():
            while True:
                event = json.load(ask("/event/next", Lambda_Extension_Identifier=me))
                heard.append(event["eventType"])
                arrived.release()
        threading.Thread(target=listen, daemon=True).start()
        signal.signal(signal.SIGTERM, lambda number, frame: print("asked", flush=True))
        def handler(event, context):
            arrived.acquire()
            return [refusal, heard]
    """
    tried = machine.start(code)
    refusal = "ShutdownEventNotSupportedForInternalExtension"
    tried.answer()
    assert [refusal, ["INVOKE", "INVOKE"]] == tried.answer()
    tried.stop()
    assert "asked" == tried.texts[-1]


def test_requests_that_make_no_sense_are_refused(machine: Machine) -> None:
    body = """
unknown = "01234567-0123-4123-8123-012345678901"
said = [
    ask("/register", {"events": ["OTHER"]}, Lambda_Extension_Name=NAME),
    ask("/register", {"events": []}),
    ask("/register", [], Lambda_Extension_Name=NAME),
    ask("/event/next"),
    ask("/event/next", Lambda_Extension_Identifier="x"),
    ask("/event/next", Lambda_Extension_Identifier=unknown),
    ask("/nothing"),
]
identifier, _ = register("INVOKE")
said.append(ask("/register", {"events": []}, Lambda_Extension_Name=NAME))
open("/tmp/said", "w").close()
say("said", *[f"{status}:{document['errorType']}" for status, _, document in said])
while True: next_event(identifier)
"""
    # As long as one is missing, registration is open.
    late = """
while not os.path.exists("/tmp/said"): time.sleep(0.01)
identifier, _ = register("INVOKE")
while True: next_event(identifier)
"""
    tried = start(machine, odd=body, late=late)
    tried.answer()
    expected = [
        "403:Extension.InvalidEventType",
        "403:Extension.InvalidExtensionName",
        "400:InvalidRequestFormat",
        "403:Extension.MissingExtensionIdentifier",
        "403:Extension.InvalidExtensionIdentifier",
        "403:Extension.UnknownExtensionIdentifier",
        "404:NotFound",
        "403:Extension.AlreadyRegistered",
    ]
    assert f"said {' '.join(expected)}" in tried.texts


def test_an_init_that_is_too_slow_is_tried_again_with_its_extensions(
    tmp_path: Path,
) -> None:
    code = """
        import time
        def handler(event, context): return event
        print("loads", flush=True)
        time.sleep(60)
    """
    machine = Machine(tmp_path, init_seconds_max=1.0)
    try:
        tried = start(machine, code, watch=LOOP)
        assert Failure.INIT_TIMEOUT is tried.result(timeout_seconds=1.5).failure
        assert 2 == sum(text.startswith("registered") for text in tried.texts)
    finally:
        machine.close()


def test_a_runtime_that_fails_in_init_is_tried_again_with_its_extensions(
    machine: Machine,
) -> None:
    tried = start(machine, "raise KeyError('k')", watch=LOOP)
    result = tried.result()
    assert (Failure.INIT_ERROR, "KeyError") == (
        result.failure,
        json.loads(result.payload)["errorType"],
    )
    assert 2 == sum(text.startswith("registered") for text in tried.texts)
    assert tried.ended.wait(5)
