"""The host's side of a zygote: starts it and asks it for clones."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

import msgspec

from pileus.kernel.fleet import StartFailure
from pileus.sandbox import real_time
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import launch, remedies, root_tree
from pileus.sandbox.runtimes import compiled, interpreters, libraries
from pileus.sandbox.runtimes.interpreters import Interpreter
from pileus.sandbox.runtimes.programs import LIBRARY_PATH

SOURCE = Path(__file__).parents[1]
START = "bootstrap/start.py"
_LAUNCH = "isolation/launch.py"
_CLOCK_PAGE = "var/runtime/.clock"
_MESSAGE_BYTES_MAX = 1 << 20
_START_SECONDS_MAX = 60.0
# Where the zygote of another language's interpreter has its own Python.
_OWN_PYTHON = "zygote/lang"


class Clone(msgspec.Struct, frozen=True):
    """Process 1 of an environment."""

    pid: int
    pidfd: int


def configuration(interpreter: Interpreter, settings: FleetSettings) -> dict[str, Any]:
    """What a launcher must know to make the file tree and to become the zygote."""
    root, layers = (Path(settings.state_directory, name) for name in ("root", "layers"))
    for needed in (root, layers, Path(settings.packages_directory)):
        needed.mkdir(parents=True, exist_ok=True)
    if settings.file_systems_directory:
        # Functions of several users of the machine pass through it.
        Path(settings.file_systems_directory).mkdir(mode=0o711, parents=True, exist_ok=True)
    own = interpreter if interpreter.language == "python" else interpreters.pythons()[0]
    program, library_path = own.path_inside, LIBRARY_PATH
    zygote_binds = {"packages": settings.packages_directory, "layers": str(layers)}
    if own is not interpreter and own.prefix != "/usr":
        zygote_binds[_OWN_PYTHON] = own.prefix
        program = program.replace("/var/lang", f"/{_OWN_PYTHON}", 1)
        library_path = f"/{_OWN_PYTHON}/lib"
    return {
        "root": str(root),
        "needs_user_namespace": not launch.has_privilege(),
        "program": program,
        "environ": {"LD_LIBRARY_PATH": library_path, "LANG": "en_US.UTF-8"},
        "binds": _binds(interpreter, settings),
        "masked": [
            f"{prefix}/{interpreter.name}/{packages}"
            for prefix in ("var/lang/lib", "usr/local/lib")
            for packages in ("site-packages", "dist-packages")
        ],
        "zygote_binds": zygote_binds,
        "file_systems": settings.file_systems_directory,
        "clock_page": f"/{_CLOCK_PAGE}" if settings.clock_page else "",
    }


def _binds(interpreter: Interpreter, settings: FleetSettings) -> dict[str, str]:
    binds = {root_tree.SOURCE: str(SOURCE)}
    if interpreter.prefix != "/usr":
        binds["var/lang"] = interpreter.prefix
    for name, path in _libraries(interpreter, settings).items():
        binds[f"var/runtime/{name}"] = path
    if interpreter.language == "java":
        # Debian keeps the settings of its kits there.
        for place in Path("/etc").glob("java-*"):
            binds[f"etc/{place.name}"] = str(place)
    if settings.clock_page:
        binds[_CLOCK_PAGE] = settings.clock_page
    return binds


def _libraries(interpreter: Interpreter, settings: FleetSettings) -> dict[str, str]:
    if interpreter.language == "python":
        return libraries.python_libraries()
    if interpreter.language == "node":
        return libraries.node_libraries(interpreter, settings.node_modules)
    place = compiled.place_of(interpreter, Path(settings.state_directory))
    return {interpreter.language: str(place)} if place else {}


def refusal(step: str, number: int) -> StartFailure:
    return StartFailure(remedies.explain(step, number))


class Zygote:
    """One running zygote; its clones are asked for in a row and arrive in order."""

    def __init__(self, interpreter: Interpreter, settings: FleetSettings, preloads: bool) -> None:
        self._waiting: deque[asyncio.Future[dict[str, Any]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.setblocking(False)
        for end in (self._requests, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MESSAGE_BYTES_MAX)
        self.has_privilege = launch.has_privilege()
        wanted = configuration(interpreter, settings) | {"preloads": preloads}
        self._requests.send(json.dumps(wanted).encode())
        descriptor = str(theirs.fileno())
        self._process = subprocess.Popen(
            [sys.executable, *launch.OPTIONS, str(SOURCE / START), _LAUNCH, descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._loop.add_reader(self._requests, self._receive)
        self._hello = self._expect()
        self.modules: frozenset[str] = frozenset()
        self.interpreter_bytes = 0

    @property
    def is_alive(self) -> bool:
        return self._requests.fileno() >= 0

    async def ready(self) -> None:
        """Wait until it serves; raises StartFailure with the step that was refused."""
        if not self._hello.done():
            impatience = real_time.after(_START_SECONDS_MAX, self.close)
            self._hello.add_done_callback(lambda _: impatience.cancel())
        hello = await asyncio.shield(self._hello)
        self.modules = frozenset(hello["modules"])
        self.interpreter_bytes = int(hello["interpreter_bytes"])

    async def clone(self, request: dict[str, Any], files: list[int]) -> Clone:
        """Ask for an environment's first process."""
        body = json.dumps(request).encode()
        if not self.is_alive:
            raise StartFailure("The zygote has ended.")
        answer = self._expect()
        try:
            socket.send_fds(self._requests, [body], files)
        except OSError as error:
            self._waiting.remove(answer)
            raise StartFailure(f"The zygote has ended: {error}.") from None
        done = await answer
        return Clone(done["pid"], done["pidfd"])

    def _expect(self) -> asyncio.Future[dict[str, Any]]:
        future: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._waiting.append(future)
        return future

    def _receive(self) -> None:
        try:
            body, files, _, _ = socket.recv_fds(self._requests, _MESSAGE_BYTES_MAX, 1)
        except BlockingIOError:
            return
        except OSError:
            body, files = b"", []
        if not body:
            self.close()
            return
        message = json.loads(body)
        if files:
            os.set_inheritable(files[0], False)
            message["pidfd"] = files[0]
        future = self._waiting.popleft()
        if future.cancelled():
            return
        if "refused" in message:
            future.set_exception(refusal(message["refused"], message["errno"]))
        else:
            future.set_result(message)

    def close(self) -> None:
        """Let it end, and with it all that it has started."""
        if not self.is_alive:
            return
        self._loop.remove_reader(self._requests)
        self._requests.close()
        for future in self._waiting:
            if not future.done():
                future.set_exception(StartFailure("The zygote has ended."))
        self._waiting.clear()
        self._process.kill()
        self._process.wait()
