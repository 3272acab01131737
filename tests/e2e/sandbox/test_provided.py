"""Custom runtimes: programs that a package brings itself and that speak the Runtime API."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.sandbox.machine import REQUEST_ID, Machine, Tried
from pileus.kernel.fleet import Failure
from support import skips

SHELL = """\
#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
echo "loading $_HANDLER"
while true; do
    event=$(curl -sS -LD /tmp/head "$api/invocation/next")
    id=$(grep -i Lambda-Runtime-Aws-Request-Id /tmp/head | tr -d '[:space:]' | cut -d: -f2)
    trace=$(grep -i Lambda-Runtime-Trace-Id /tmp/head | cut -d' ' -f2 | tr -d '[:space:]')
    echo "event $event"
    answer="{\\"event\\":$event,\\"trace\\":\\"$trace\\"}"
    curl -sS -o /dev/null "$api/invocation/$id/response" -d "$answer"
done
"""


def start(machine: Machine, files: dict[str, str], mode: int = 0o755, **members: Any) -> Tried:
    package = machine.package(files)
    for name in files:
        Path(package, name).chmod(mode)
    wanted = {"runtime": "provided.al2023", "handler": "any.thing", "code_path": package}
    return machine.start({}, **wanted | members)


@pytest.mark.parametrize("runtime", ["provided", "provided.al2", "provided.al2023"])
def test_a_shell_script_is_a_runtime(machine: Machine, runtime: str) -> None:
    skips.program("curl", "curl")
    tried = start(machine, {"bootstrap": SHELL}, runtime=runtime)
    trace = "Root=1-5f84c7a9-000000000000000000000001"
    answers = [tried.answer(event) for event in (1, {"a": "b"})]
    assert [{"event": 1, "trace": trace}, {"event": {"a": "b"}, "trace": trace}] == answers
    assert ["loading any.thing", "event 1"] == tried.texts[:2]


def test_the_program_may_come_with_a_layer(machine: Machine) -> None:
    skips.program("curl", "curl")
    layer = machine.package({"bootstrap": SHELL})
    Path(layer, "bootstrap").chmod(0o755)
    tried = start(machine, {"index.txt": ""}, layer_paths=(layer,))
    assert 7 == tried.answer(7)["event"]


def test_a_compiled_program_is_a_runtime(machine: Machine, tmp_path: Path) -> None:
    """As Go programs are one: static, for go1.x under the handler's name."""
    compiler = skips.program("gcc", "a C compiler")
    source = tmp_path / "main.c"
    source.write_text(C_RUNTIME)
    program = tmp_path / "main"
    subprocess.run([compiler, "-O1", "-static", "-o", program, source], check=True)
    for runtime, name in (("provided.al2023", "bootstrap"), ("go1.x", "main")):
        package = Path(machine.package({"empty": ""}))
        (package / name).write_bytes(program.read_bytes())
        (package / name).chmod(0o755)
        members = {"runtime": runtime, "handler": "main", "code_path": str(package)}
        assert ["echo", "echo"] == [machine.start({}, **members).answer("echo") for _ in "12"]


C_RUNTIME = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[65536];

static char *ask(int api, const char *request) {
    int size = 0, length = 0;
    char *end = NULL;
    if (write(api, request, strlen(request)) < 0) exit(1);
    while (!end || size < (end - buffer) + 4 + length) {
        int got = read(api, buffer + size, sizeof buffer - 1 - size);
        if (got <= 0) exit(1);
        buffer[size += got] = 0;
        if (!end && (end = strstr(buffer, "\r\n\r\n")))
            length = atoi(strstr(buffer, "Content-Length: ") + 16);
    }
    return end + 4;
}

int main(void) {
    static char request[65536], id[64];
    struct sockaddr_in address = {.sin_family = AF_INET};
    char *place = strdup(getenv("AWS_LAMBDA_RUNTIME_API")), *port = strchr(place, ':');
    *port = 0;
    inet_aton(place, &address.sin_addr);
    address.sin_port = htons(atoi(port + 1));
    int api = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(api, (struct sockaddr *)&address, sizeof address)) return 1;
    for (;;) {
        char *event = ask(api, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n");
        sscanf(strstr(buffer, "Aws-Request-Id: ") + 16, "%63[^\r]", id);
        snprintf(request, sizeof request,
                 "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\n"
                 "Content-Length: %zu\r\n\r\n%s", id, strlen(event), event);
        ask(api, request);
    }
}
"""


def failed(tried: Tried) -> tuple[Failure, Any]:
    result = tried.result()
    return result.failure, json.loads(result.payload)


def document(kind: str, reason: str) -> dict[str, str]:
    return {"errorType": kind, "errorMessage": f"RequestId: {REQUEST_ID} Error: {reason}"}


@pytest.mark.parametrize(
    ("files", "mode", "reason"),
    [
        ({"main": ""}, 0o755,
         "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ({"bootstrap": SHELL}, 0o644, "fork/exec /var/task/bootstrap: permission denied"),
        ({"bootstrap": "no program"}, 0o755, "fork/exec /var/task/bootstrap: exec format error"),
        ({"bootstrap": "#!/nowhere\n"}, 0o755,
         "fork/exec /var/task/bootstrap: no such file or directory"),
    ],
    ids=["absent", "not executable", "no program", "no interpreter"],
)  # fmt: skip
def test_a_package_without_a_usable_program_is_told_in_awss_words(
    machine: Machine, files: dict[str, str], mode: int, reason: str
) -> None:
    tried = start(machine, files, mode)
    expected = document("Runtime.InvalidEntrypoint", reason)
    assert (Failure.FAULT, expected) == failed(tried)
    reports = [text.split("\t")[1:] for text in tried.texts if text.startswith("INIT_REPORT")]
    kind = "Error Type: Runtime.InvalidEntrypoint"
    phases = [["Phase: init", "Status: error", kind], ["Phase: invoke", "Status: error", kind]]
    assert phases == reports


def test_a_program_of_go_has_the_handlers_name(machine: Machine) -> None:
    tried = start(machine, {"other": ""}, runtime="go1.x", handler="main")
    reason = "fork/exec /var/task/main: no such file or directory"
    assert (Failure.FAULT, document("Runtime.InvalidEntrypoint", reason)) == failed(tried)


def test_a_runtime_that_reports_and_goes_on_is_used_again(machine: Machine) -> None:
    """urllib says `Connection: close` each time, and means only the connection."""
    code = """\
        #!/usr/bin/env python3
        import os, urllib.request
        root = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
        while True:
            event = urllib.request.urlopen(f"{root}/next")
            kind = "error" if event.read() == b"true" else "response"
            url = f"{root}/{event.headers['Lambda-Runtime-Aws-Request-Id']}/{kind}"
            urllib.request.urlopen(url, data=b'{"errorType": "Mine", "errorMessage": "m"}')
    """
    tried = start(machine, {"bootstrap": code})
    results = [tried.result(event) for event in (True, False, True)]
    expected = [(Failure.ERROR, True), (Failure.NONE, True), (Failure.ERROR, True)]
    assert expected == [(each.failure, each.is_reusable) for each in results]


def test_init_errors_of_a_custom_runtime_are_told(machine: Machine) -> None:
    skips.program("curl", "curl")
    code = """\
        #!/bin/sh
        curl -sS -o /dev/null http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error \\
            -d '{"errorType": "Mine.Init", "errorMessage": "not ready"}'
        exit 3
    """
    tried = start(machine, {"bootstrap": code})
    expected = {"errorType": "Mine.Init", "errorMessage": "not ready"}
    assert (Failure.INIT_ERROR, expected) == failed(tried)


def test_awss_own_python_client_runs(machine: Machine) -> None:
    """`awslambdaric`, as images and custom runtimes bring it, instead of our runtime."""
    layer = Path(machine.package({"wrap": RIC_WRAPPER}))
    (layer / "wrap").chmod(0o755)
    for name in ("awslambdaric", "simplejson", "snapshot_restore_py"):
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or ():
            source = Path(str(distribution.locate_file(file)))
            if not file.parts[0].startswith("..") and source.is_file():
                target = layer / "ric" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
    code = """
        import sys
        def handler(event, context):
            print("printed")
            if event == "fail":
                raise KeyError("of mine")
            return [event, context.aws_request_id, context.function_name, sys.argv[0]]
    """
    minor = sys.version_info[1]
    tried = machine.start(
        code,
        runtime=f"python3.{minor}",
        layer_paths=(str(layer),),
        variables={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"},
    )
    expected = ["a", REQUEST_ID, "tried", "/opt/ric/awslambdaric/__main__.py"]
    assert [expected] * 2 == [tried.answer("a") for _ in range(2)]
    result = tried.result("fail")
    kind = json.loads(result.payload)["errorType"]
    assert (Failure.ERROR, "KeyError", True) == (result.failure, kind, result.is_reusable)
    assert "printed" in tried.texts


RIC_WRAPPER = """\
#!/bin/sh
export PYTHONPATH=/opt/ric:/var/task
exec "$1" -m awslambdaric "$_HANDLER"
"""
