"""Telemetry and Logs API: what subscribers are sent, how, and which subscriptions are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.sandbox.extension import layer
from e2e.sandbox.machine import REQUEST_ID, Machine, Tried
from pileus.kernel.fleet import Failure

ECHO = """
    print("loading", flush=True)
    def handler(event, context):
        print("working", flush=True)
        if event == "fail": raise KeyError("k")
        return event
"""
# Hears batches on its port and hands them on at its end, so that the log holds each once.
LISTEN = """
import http.server, socketserver, threading
batches = []

class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        batches.append([self.command, self.path, self.headers["Content-Type"], json.loads(body)])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_PUT = do_POST
    def log_message(self, *parts): pass

class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            batches.append(["TCP", "", "", [json.loads(line)]])

def listen(kind, handler):
    server = kind(("sandbox.localdomain", 8080), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

def subscribe(identifier, path, document):
    url = f"{ROOT}{path}"
    request = urllib.request.Request(url, json.dumps(document).encode(), method="PUT",
                                     headers={"Lambda-Extension-Identifier": identifier})
    try:
        with urllib.request.urlopen(request) as answer:
            return [answer.status, json.load(answer)]
    except urllib.error.HTTPError as error:
        return [error.code, json.load(error)]

def serve(identifier):
    while next_event(identifier)["eventType"] != "SHUTDOWN":
        pass
    time.sleep(0.1)
    for batch in batches:
        say("batch", json.dumps(batch))

identifier, _ = register("INVOKE", "SHUTDOWN")
"""
HTTP = {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080/path"}
ALL = ["platform", "function", "extension"]


def subscriber(path: str, document: dict[str, Any], is_tcp: bool = False) -> str:
    server = (
        "socketserver.ThreadingTCPServer, Lines" if is_tcp else "http.server.HTTPServer, Listener"
    )
    return (
        f"{LISTEN}\nlisten({server})\n"
        f"say('subscribed', json.dumps(subscribe(identifier, {path!r}, {document!r})))\n"
        "serve(identifier)\n"
    )


def batches(tried: Tried) -> list[Any]:
    return [json.loads(text[6:]) for text in tried.texts if text.startswith("batch ")]


def said(tried: Tried) -> Any:
    return next(json.loads(text[11:]) for text in tried.texts if text.startswith("subscribed "))


def run(machine: Machine, body: str, *events: Any, **members: Any) -> Tried:
    """One environment's life; the events that the extension was sent are in its log."""
    tried = machine.start(ECHO, layer_paths=(layer(machine, listener=body),), **members)
    for event in events:
        tried.result(event)
    tried.stop()
    return tried


def received(tried: Tried) -> list[dict[str, Any]]:
    return [event for batch in batches(tried) for event in batch[3]]


def telemetry(**members: Any) -> dict[str, Any]:
    buffering = {"timeoutMs": 25, "maxItems": 1000, "maxBytes": 262144}
    wanted = {"schemaVersion": "2022-12-13", "types": ALL, "destination": HTTP}
    return wanted | {"buffering": buffering} | members


def test_telemetry_tells_the_whole_life(machine: Machine) -> None:
    tried = run(machine, subscriber("/2022-07-01/telemetry", telemetry()), 1, "fail")
    assert [200, "OK"] == said(tried)
    line = "TELEMETRY\tName: listener\tState: Subscribed\tTypes: [Platform, Function, Extension]"
    assert line in tried.texts
    assert {("POST", "/path", "application/json")} == {tuple(each[:3]) for each in batches(tried)}
    events = received(tried)
    # Functions and extensions write in parallel with the platform.
    kinds = [each["type"] for each in events if each["type"].startswith("platform.")]
    kinds.remove("platform.telemetrySubscription")
    invocation = ["platform.start", "platform.runtimeDone", "platform.report"]
    phases = ["initStart", "initRuntimeDone", "extension", "initReport"]
    assert [*(f"platform.{each}" for each in phases), *invocation, *invocation] == kinds
    records = {each["type"]: each["record"] for each in reversed(events)}
    init = {"initializationType": "on-demand", "phase": "init"}
    named = {"functionName": "tried", "functionVersion": "$LATEST"}
    assert init | named == records["platform.initStart"]
    assert init | {"status": "success"} == records["platform.initRuntimeDone"]
    assert records["platform.initReport"].pop("metrics")["durationMs"] > 0
    assert init | {"status": "success"} == records["platform.initReport"]
    assert {"name": "listener", "state": "Ready", "events": ["INVOKE", "SHUTDOWN"]} == (
        records["platform.extension"]
    )
    tracing = {
        "type": "X-Amzn-Trace-Id",
        "value": "Root=1-5f84c7a9-000000000000000000000001",
    }
    request = {"requestId": REQUEST_ID, "tracing": tracing}
    assert request | {"version": "$LATEST"} == records["platform.start"]
    done = records["platform.runtimeDone"]
    assert 1 == done["metrics"].pop("producedBytes")
    assert done.pop("metrics")["durationMs"] > 0
    assert request | {"status": "success"} == done
    metrics = records["platform.report"]["metrics"]
    assert (512, True) == (metrics["memorySizeMB"], metrics["initDurationMs"] > 0)
    statuses = [each["record"]["status"] for each in events if each["type"] == "platform.report"]
    assert ["success", "error"] == statuses
    functions = [each["record"] for each in events if each["type"] == "function"]
    assert ["loading", "working", "working"] == functions[:3]
    assert functions[3].startswith("[ERROR] KeyError: 'k'")


def test_only_what_was_asked_for_is_sent(machine: Machine) -> None:
    tried = run(machine, subscriber("/2022-07-01/telemetry", telemetry(types=["function"])), 1)
    assert ["loading", "working"] == [each["record"] for each in received(tried)]


def test_records_of_json_logs_are_objects(machine: Machine) -> None:
    code = """
        import logging
        def handler(event, context): logging.warning("x")
    """
    body = subscriber("/2022-07-01/telemetry", telemetry(types=["function"]))
    place = layer(machine, listener=body)
    tried = machine.start(code, layer_paths=(place,), variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    tried.answer()
    tried.stop()
    assert ["x"] == [each["record"]["message"] for each in received(tried)]


def test_lines_come_over_tcp(machine: Machine) -> None:
    destination = {"protocol": "TCP", "URI": "tcp://sandbox.localdomain:8080"}
    document = telemetry(types=["function"], destination=destination)
    tried = run(machine, subscriber("/2022-07-01/telemetry", document, is_tcp=True), 1)
    assert ["loading", "working"] == [each["record"] for each in received(tried)]


@pytest.mark.parametrize(
    ("version", "kinds"),
    [
        ("2020-08-15", ["platform.start", "platform.end", "platform.report"]),
        ("2021-03-18",
         ["platform.start", "platform.runtimeDone", "platform.end", "platform.report"]),
    ],
)  # fmt: skip
def test_the_logs_api_has_events_of_its_own(
    machine: Machine, version: str, kinds: list[str]
) -> None:
    document = telemetry(schemaVersion=version, types=["platform"])
    tried = run(machine, subscriber("/2020-08-15/logs", document), 1)
    first = ["platform.logsSubscription", "platform.extension"]
    assert first + kinds == [each["type"] for each in received(tried)]
    assert "LOGS\tName: listener\tState: Subscribed\tTypes: [Platform]" in tried.texts


def test_what_ends_an_environment_is_told_before_the_end(machine: Machine) -> None:
    code = "import os\ndef handler(event, context): os._exit(1)"
    document = telemetry(types=["platform"], schemaVersion="2021-03-18")
    place = layer(machine, listener=subscriber("/2020-08-15/logs", document))
    tried = machine.start(code, layer_paths=(place,))
    assert Failure.EXIT is tried.result().failure
    assert tried.ended.wait(5)
    told = {each["type"]: each["record"] for each in received(tried)}
    assert "failure" == told["platform.runtimeDone"]["status"]
    fault = f"RequestId: {REQUEST_ID} Process exited before completing request"
    assert fault == told["platform.fault"]


def test_a_listener_that_comes_late_misses_nothing(machine: Machine) -> None:
    document = telemetry(types=["function"])
    body = (
        f"{LISTEN}\nsubscribe(identifier, '/2022-07-01/telemetry', {document!r})\n"
        "time.sleep(0.3)\nlisten(http.server.HTTPServer, Listener)\nserve(identifier)\n"
    )
    events = received(run(machine, body, 1))
    assert ["loading", "working"] == [each["record"] for each in events]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"types": []}, "types should not be empty"),
        ({"types": ["other"]}, "other is no type of events"),
        ({"destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain"}},
         "URI port is not provided"),
        ({"destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain"}, "types": []},
         "URI port is not provided; types should not be empty"),
        ({"destination": {"protocol": "HTTP", "URI": "http://example.com:80/"}},
         "URI should lead to sandbox.localdomain"),
        ({"destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:9001"}},
         "port 9001 is reserved"),
        ({"buffering": {"timeoutMs": 1}}, "timeoutMs should be between 25 and 30000"),
        ({"buffering": {"maxBytes": "x"}}, "maxBytes should be between 262144 and 1048576"),
        ({"schemaVersion": "1999-01-01"}, "schemaVersion 1999-01-01 is not supported"),
    ],
)  # fmt: skip
def test_subscriptions_that_make_no_sense_are_refused(
    machine: Machine, change: dict[str, Any], message: str
) -> None:
    document = telemetry(**change)
    in_logs = document | {"schemaVersion": "2020-08-15"}
    body = f"""{LISTEN}
told = subscribe(identifier, "/2022-07-01/telemetry", {document!r})
say("subscribed", json.dumps([told, subscribe(identifier, "/2020-08-15/logs", {in_logs!r})]))
serve(identifier)
"""
    told, logs = said(run(machine, body, 1))
    assert [400, {"errorType": "ValidationError", "errorMessage": message}] == told
    if "schemaVersion" not in change:
        assert [400, {"errorType": "Logs.ValidationError", "errorMessage": message}] == logs


def test_after_init_nobody_subscribes_any_more(machine: Machine) -> None:
    body = f"""{LISTEN}
document = {telemetry()!r}
next_event(identifier)
say("subscribed", json.dumps(subscribe(identifier, "/2022-07-01/telemetry", document)))
serve(identifier)
"""
    tried = run(machine, body, 1)
    refusal = {
        "errorType": "Telemetry.SubscriptionClosed",
        "errorMessage": "Telemetry API subscription is closed already",
    }
    assert [403, refusal] == said(tried)


def test_one_extension_uses_one_of_the_apis(machine: Machine) -> None:
    logs = telemetry(schemaVersion="2020-08-15")
    body = f"""{LISTEN}
listen(http.server.HTTPServer, Listener)
said = [subscribe(identifier, path, document)[0] for path, document in (
    ("/2022-07-01/telemetry", {telemetry()!r}), ("/2022-07-01/telemetry", {telemetry()!r}),
    ("/2020-08-15/logs", {logs!r}))]
say("subscribed", json.dumps(said))
serve(identifier)
"""
    tried = run(machine, body, 1)
    assert [200, 200, 400] == said(tried)
    told = [each for each in received(tried) if each["type"] == "platform.telemetrySubscription"]
    assert 1 == len(told)
