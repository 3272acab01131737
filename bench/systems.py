"""What is measured: Pileus, and its peers installed into environments of their own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import processes
from scripts import compiled_tree

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"
# Pileus as `scripts/up` starts it: with its compiled modules, where they have been made.
COMPILED = compiled_tree.found()
SOURCES = COMPILED or ROOT / "src"
HOST = "127.0.0.1"

_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0
_CLOCK_SECONDS = 900.0


@dataclass(frozen=True)
class System:
    """How to install, start and talk to one server."""

    name: str
    # `{port}`, `{data}` and `{peers}` are filled in.
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    # Commands that install it into bench/peers, and the file that shows that they ran.
    install: Sequence[Sequence[str]] = ()
    installed: str = ""
    # Files to write into the data directory before the start.
    settings_files: Sequence[tuple[str, str]] = ()
    is_signed: bool = True
    has_functions: bool = False
    # Functions in Node.js that it has from the start, where it can be given no others.
    functions: Sequence[str] = ()
    has_fifo: bool = True
    needs: str = ""
    # Whether npm installs it.
    is_of_npm: bool = False
    # The measurements that it takes part in, where it has one service only.
    only_in: tuple[str, ...] = ()


# What Node.js functions do, and those of a system that takes none by API.
NODE_CODE = "exports.answer = async (event) => ({number: event.number ?? null})\n"
_NODE_FUNCTIONS = [f"answer{number}" for number in range(11)]


def _service(names: Sequence[str]) -> str:
    """What the Serverless Framework is told of these functions."""
    return json.dumps(
        {
            "service": "bench",
            "frameworkVersion": "3",
            "provider": {"name": "aws", "runtime": "nodejs20.x", "memorySize": 1769, "timeout": 60},
            "plugins": ["serverless-offline"],
            "functions": {name: {"handler": "index.answer"} for name in names},
        }
    )


SYSTEMS = {
    system.name: system
    for system in (
        System(
            "pileus",
            [sys.executable, "-m", "pileus", "up", "--port", "{port}", "--data", "{data}"],
            has_functions=True,
        ),
        System(
            "ministack",
            ["{peers}/ministack/bin/ministack"],
            environment={"GATEWAY_PORT": "{port}"},
            install=[
                [sys.executable, "-m", "venv", "{peers}/ministack"],
                ["{peers}/ministack/bin/pip", "install", "--quiet", "ministack", "boto3"],
            ],
            installed="ministack/bin/ministack",
            has_functions=True,
        ),
        System(
            "moto",
            ["{peers}/moto/bin/moto_server", "-H", HOST, "-p", "{port}"],
            install=[
                [sys.executable, "-m", "venv", "{peers}/moto"],
                ["{peers}/moto/bin/pip", "install", "--quiet", "moto[server]"],
            ],
            installed="moto/bin/moto_server",
        ),
        System(
            "elasticmq",
            ["sh", "-c", "exec java -Dconfig.file={data}/elasticmq.conf -jar"
             " {peers}/elasticmq/node_modules/elasticmq/elasticmq-server-*.jar"],
            install=[
                ["npm", "install", "--silent", "--no-audit", "--no-fund",
                 "--prefix", "{peers}/elasticmq", "elasticmq"],
            ],
            installed="elasticmq/node_modules/elasticmq/package.json",
            settings_files=[(
                "elasticmq.conf",
                'include classpath("application.conf")\n'
                'node-address { protocol = http, host = "127.0.0.1", port = {port}, '
                'context-path = "" }\n'
                "rest-sqs { enabled = true, bind-port = {port}, "
                'bind-hostname = "127.0.0.1", sqs-limits = relaxed }\n',
            )],
            # It was built for Java 8; from Java 17 on it may not look into the library without.
            environment={
                "JDK_JAVA_OPTIONS": "--add-opens java.base/java.util.regex=ALL-UNNAMED"
                " --add-opens java.base/java.lang=ALL-UNNAMED"
            },
            is_signed=False,
            has_fifo=False,
            needs="java",
            is_of_npm=True,
        ),
        System(
            "dynalite",
            ["node", "{peers}/dynalite/node_modules/dynalite/cli.js", "--port", "{port}",
             "--host", HOST, "--createTableMs", "0"],
            install=[
                ["npm", "install", "--silent", "--no-audit", "--no-fund",
                 "--prefix", "{peers}/dynalite", "dynalite"],
            ],
            installed="dynalite/node_modules/dynalite/package.json",
            needs="node",
            is_of_npm=True,
            only_in=("items-put", "items-get", "items-query"),
        ),
        System(
            "serverless-offline",
            ["sh", "-c", "ln -s {peers}/serverless-offline/node_modules && "
             "exec node_modules/.bin/serverless offline start --host 127.0.0.1"
             " --lambdaPort {port}"],
            install=[
                ["npm", "install", "--silent", "--no-audit", "--no-fund",
                 "--prefix", "{peers}/serverless-offline", "serverless@3", "serverless-offline@13"],
            ],
            installed="serverless-offline/node_modules/serverless-offline/package.json",
            settings_files=[
                ("serverless.json", _service(_NODE_FUNCTIONS)),
                ("index.js", NODE_CODE),
            ],
            environment={"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"},
            is_signed=False,
            functions=[f"bench-dev-{name}" for name in _NODE_FUNCTIONS],
            needs="node",
            is_of_npm=True,
            only_in=("node",),
        ),
    )
}  # fmt: skip


def install(system: System) -> str:
    """Install a peer unless it is there; what is missing for it, or nothing."""
    for program in filter(None, (system.needs, "npm" if system.is_of_npm else "")):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if system.installed and not (PEERS / system.installed).exists():
        PEERS.mkdir(parents=True, exist_ok=True)
        for command in system.install:
            filled = [part.replace("{peers}", str(PEERS)) for part in command]
            done = subprocess.run(filled, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode:
                return f"`{' '.join(filled)}` failed: {done.stderr.strip()[-300:]}"
    return ""


class Server:
    """One running server in a process group of its own."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.port = _free_port()
        self.address = f"{HOST}:{self.port}"
        self.data = Path(tempfile.mkdtemp(prefix=f"pileus-bench-{system.name}-"))
        self.ready_seconds = 0.0
        for name, text in system.settings_files:
            (self.data / name).write_text(text.replace("{port}", str(self.port)))
        self._log = (self.data / "log").open("w")
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PYTHONPATH": str(SOURCES) if system.name == "pileus" else "",
            **{name: self._filled(value) for name, value in system.environment.items()},
        }
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [self._filled(part) for part in system.command],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, cwd=self.data,
            env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            self._wait_until_ready(started)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def _filled(self, text: str) -> str:
        values = {"port": str(self.port), "data": str(self.data), "peers": str(PEERS)}
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _wait_until_ready(self, started: float) -> None:
        """Ready is when a request is answered by anything but a server's failure."""
        while time.perf_counter() - started < _READY_SECONDS:
            if self._process.poll() is not None:
                break
            connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
            try:
                connection.request("GET", "/_localstack/health")
                if connection.getresponse().status < 500:
                    self.ready_seconds = time.perf_counter() - started
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.005)
            finally:
                connection.close()
        said = (self.data / "log").read_text()[-1500:]
        raise RuntimeError(f"{self.system.name} did not become ready:\n{said}")

    def stop(self) -> None:
        processes.go_on(self.pid)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def client(self, service: str) -> Any:
        """A boto3 client, for what is not measured."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            service, endpoint_url=f"http://{self.address}", region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, read_timeout=120),
        )  # fmt: skip

    def set_clock(self, **question: Any) -> Any:
        """Ask Pileus's control plane to freeze or advance the clock."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_CLOCK_SECONDS)
        connection.request("POST", "/_pileus/clock", json.dumps(question))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


@contextmanager
def running(system: System) -> Iterator[Server]:
    server = Server(system)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def only(measured: Server, servers: Sequence[Server]) -> Iterator[None]:
    """Halt every other server for the time of a measurement."""
    others = [server for server in servers if server is not measured]
    for server in others:
        processes.stop_running(server.pid)
    try:
        yield
    finally:
        for server in others:
            processes.go_on(server.pid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
