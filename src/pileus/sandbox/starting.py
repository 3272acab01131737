"""Decides how an environment is started: by which program, with which files and limits."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import defaultdict, deque
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from pileus.kernel.fleet import EnvironmentSpec, StartFailure
from pileus.sandbox import real_time
from pileus.sandbox.bootstrap.plain import SETTINGS
from pileus.sandbox.environments import extensions
from pileus.sandbox.environments.extended_environment import ExtendedEnvironment
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import cgroups, launch, remedies
from pileus.sandbox.isolation.cgroups import Group
from pileus.sandbox.packages import layers, shared_directories
from pileus.sandbox.runtimes import (
    compiled,
    interpreters,
    libraries,
    programs,
    runtimes,
    variables,
)
from pileus.sandbox.runtimes.interpreters import OWN_PROGRAM, Interpreter
from pileus.sandbox.runtimes.programs import Places, Program
from pileus.sandbox.trees.plain_tree import PlainTree
from pileus.sandbox.trees.sandbox_tree import SandboxTree
from pileus.sandbox.trees.tree import Host, Tree
from pileus.sandbox.trees.vacancy import Vacancy
from pileus.sandbox.trees.zygotes import Zygote
from pileus.sandbox.uids import UidTable

_SOURCE = Path(__file__).parent
_PLAIN = "bootstrap/plain.py"
# When a start is over, and the processor free for the next one.
_MADE_AHEAD_SECONDS = 0.01
# Of a kind: as many as are begun while another is made.
_MADE_AHEAD = 3
# Without control groups memory is sampled, and a process may outrun the sampling by this much.
_DATA_SLACK_MB = 512


class _Kind(NamedTuple):
    """Vacant sandboxes that are alike."""

    zygote: Zygote
    # Whether they have all but a package: neither an image nor a shared file system, with its
    # user, could be theirs any more.
    is_for_any: bool


class Starter:
    """Keeps the zygotes of this host and starts environments from them."""

    def __init__(self, settings: FleetSettings) -> None:
        self._settings = settings
        self._zygotes: dict[tuple[str, bool], Zygote] = {}
        self._state = Path(settings.state_directory)
        self._packages = Path(settings.packages_directory).resolve()
        self._state.mkdir(parents=True, exist_ok=True)
        self._groups = cgroups.open_groups(os.getppid()) if sys.platform == "linux" else None
        if self._groups:
            self._groups.sweep()
        layers.sweep(self._state / "layers")
        self._uids = UidTable(self._state / "uids")
        self._vacant: defaultdict[_Kind, deque[Vacancy]] = defaultdict(deque)
        self._expecting: set[_Kind] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._names_of: dict[str, frozenset[str]] = {}
        self._compiling = asyncio.Lock()

    def prepare(self, runtime: str) -> None:
        """Make what a first start of this runtime would have to wait for."""
        interpreter = runtimes.interpreter_for(runtime)
        if interpreter and self._settings.isolation == "sandbox" and sys.platform == "linux":
            self._begin(self._try_to_prepare(interpreter))

    async def _try_to_prepare(self, interpreter: Interpreter) -> None:
        try:
            await self._complete(interpreter)
            zygote = await self._zygote(interpreter, interpreter.language == "python")
        except StartFailure:
            return  # A start will tell.
        await self._try_to_make_ahead(_Kind(zygote, is_for_any=True))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def start(self, host: Host, environment: ExtendedEnvironment) -> Tree:
        """Raises StartFailure, and then nothing is left."""
        spec = environment.spec
        interpreter = OWN_PROGRAM if spec.image else runtimes.interpreter_for(spec.runtime)
        if interpreter is None:
            raise StartFailure(f"No interpreter for the runtime {spec.runtime} is installed.")
        await self._complete(interpreter)
        if self._settings.isolation == "process":
            if spec.image:
                raise StartFailure("Container images run in sandboxes only, not as processes.")
            return await self._start_plain(host, environment, interpreter)
        if sys.platform != "linux":
            raise StartFailure(f"Sandboxes need Linux. {remedies.PROCESS_MODE}")
        return await self._start_sandbox(host, environment, interpreter)

    async def _complete(self, interpreter: Interpreter) -> None:
        """Compile our part of a runtime where that has not been done."""
        if interpreter.language not in compiled.LANGUAGES:
            return
        async with self._compiling:
            await asyncio.to_thread(compiled.complete, interpreter, self._state)

    def _hold_memory(self, group: Group | None, spec: EnvironmentSpec) -> None:
        if group:
            group.hold_memory(spec.memory_mb + spec.ephemeral_mb)

    async def _merged_layers(self, spec: EnvironmentSpec) -> str:
        """What becomes /opt; empty without layers."""
        if len(spec.layer_paths) < 2:
            return spec.layer_paths[0] if spec.layer_paths else ""
        # Thousands of links take their time, and other environments do not wait for them.
        merged = await asyncio.to_thread(layers.merged, spec.layer_paths, self._state / "layers")
        return str(merged)

    # Sandboxes

    async def _start_sandbox(
        self, host: Host, environment: ExtendedEnvironment, interpreter: Interpreter
    ) -> Tree:
        spec = environment.spec
        program, request = self._request(spec, interpreter, await self._merged_layers(spec))
        environment.missing_program = program.missing
        zygote = await self._zygote_for(spec, interpreter, request["program"] is not None)
        is_for_any = not (spec.image or spec.mounts)
        vacancy = await self._vacancy_of(zygote, is_for_any)
        self._hold_memory(vacancy.group, spec)
        tree = SandboxTree(host, environment, vacancy)
        try:
            await tree.start(None if vacancy.is_for_any else self._user_of(spec), request)
        except (StartFailure, OSError):
            tree.kill()
            tree.close()
            raise
        return tree

    def _user_of(self, spec: EnvironmentSpec) -> int:
        """Its own; functions that share a file system share its user as well."""
        if not spec.mounts:
            return self._uids.next()
        uid = self._uids.uid_of(spec.mounts[0].file_system)
        shared_directories.make_directories(self._settings.file_systems_directory, spec.mounts, uid)
        return uid

    async def _vacancy_of(self, zygote: Zygote, is_for_any: bool) -> Vacancy:
        """One that was made ahead, or else a new one; soon after, others are made ahead."""
        kind = _Kind(zygote, is_for_any)
        if kind not in self._expecting:
            self._expecting.add(kind)
            make = self._try_to_make_ahead
            real_time.after(_MADE_AHEAD_SECONDS, lambda: self._begin(make(kind)))
        vacant = self._vacant[kind]
        while vacant:
            vacancy = vacant.popleft()
            if vacancy.is_alive:
                return vacancy
        # For this function only: what spares time ahead takes more of it when somebody waits.
        return await self._make_vacancy(_Kind(zygote, is_for_any=False))

    async def _make_vacancy(self, kind: _Kind) -> Vacancy:
        uid = self._uids.next() if kind.is_for_any else None
        vacancy = Vacancy(kind.zygote, self._groups.make() if self._groups else None, uid)
        try:
            await vacancy.make(self._settings)
        except (StartFailure, OSError):
            vacancy.kill()
            vacancy.close()
            raise
        return vacancy

    async def _try_to_make_ahead(self, kind: _Kind) -> None:
        vacant = self._vacant[kind]
        try:
            while len(vacant) < _MADE_AHEAD and kind.zygote.is_alive:
                vacancy = await self._make_vacancy(kind)
                vacant.append(vacancy)
                # One after the other, so that starts have the other processors.
                await vacancy.rest()
        except (StartFailure, OSError):
            pass  # The next start tries again, and tells.
        finally:
            self._expecting.discard(kind)

    def _request(
        self, spec: EnvironmentSpec, interpreter: Interpreter, opt: str
    ) -> tuple[Program, dict[str, Any]]:
        places = programs.inside(interpreter)
        program = programs.program(spec, interpreter, places, opt)
        environ = variables.variables(spec, interpreter, places)
        code = self._inside(spec.code_path)
        binds = [] if spec.image else [(code, "/var/task")]
        if opt:
            binds.append((self._inside(opt), "/opt"))
        return program, {
            "root": code if spec.image else "",
            "directory": spec.image.working_directory if spec.image else "/var/task",
            "binds": binds,
            "mounts": [(f"{each.file_system}{each.path}", each.target) for each in spec.mounts],
            "ephemeral_mb": spec.ephemeral_mb,
            "endpoint_port": self._settings.endpoint_port,
            "data_bytes_max": 0 if self._groups else (spec.memory_mb + _DATA_SLACK_MB) << 20,
            "environ": environ,
            "program": program.command,
            "uses_connection": program.uses_connection,
            "extensions": extensions.names_in(_own_opt(spec.code_path) if spec.image else opt),
            "extensions_directory": extensions.DIRECTORY,
            "extensions_environ": variables.of_extensions(environ),
        }

    def _inside(self, path: str) -> str:
        """Where the zygote, seen from its root, has a package or merged layers."""
        packages, merged = Path(self._settings.packages_directory), self._state / "layers"
        for known, name in ((packages, "packages"), (merged, "layers")):
            if Path(path).is_relative_to(known) and ".." not in path:
                return f"{name}/{Path(path).relative_to(known)}"
        raise StartFailure(f"{path} is not below {packages}.")

    async def _zygote_for(
        self, spec: EnvironmentSpec, interpreter: Interpreter, is_exec: bool
    ) -> Zygote:
        """The one with boto3 loaded, unless the function brings modules of those names."""
        if is_exec or "PYTHONPATH" in spec.variables:
            return await self._zygote(interpreter, False)
        full = await self._zygote(interpreter, True)
        brought = self._names_in(spec.code_path)
        for layer in spec.layer_paths:
            brought |= self._names_in(f"{layer}/python")
            brought |= self._names_in(f"{layer}/python/lib/{interpreter.name}/site-packages")
        if brought & full.modules:
            return await self._zygote(interpreter, False)
        return full

    async def _zygote(self, interpreter: Interpreter, preloads: bool) -> Zygote:
        key = (interpreter.path, preloads)
        zygote = self._zygotes.get(key)
        if zygote is None or not zygote.is_alive:
            zygote = self._zygotes[key] = Zygote(interpreter, self._settings, preloads)
        await zygote.ready()
        return zygote

    def _names_in(self, directory: str) -> frozenset[str]:
        """The modules at the top of a directory; packages never change once unpacked."""
        known = self._names_of.get(directory)
        if known is None:
            try:
                place = Path(directory)
                # A link of the package's may mean a place that only an environment has.
                is_inside = place.resolve().is_relative_to(self._packages)
                found = place.iterdir() if is_inside else ()
                known = frozenset(each.name.partition(".")[0] for each in found)
            except OSError:
                known = frozenset()
            self._names_of[directory] = known
        return known

    # Processes

    async def _start_plain(
        self, host: Host, environment: ExtendedEnvironment, interpreter: Interpreter
    ) -> Tree:
        spec = environment.spec
        if spec.mounts:
            raise StartFailure("File systems are mounted in sandboxes only, not with process mode.")
        opt = await self._merged_layers(spec)
        group = self._groups.make() if self._groups else None
        self._hold_memory(group, spec)
        tree = PlainTree(host, environment, group)
        api = tree.listen()
        places = Places(
            interpreter=interpreter.path,
            task=spec.code_path,
            opt=opt,
            runtime=str(self._libraries()),
            source=str(_SOURCE),
            api="{}:{}".format(*api.getsockname()),
            compiled=str(compiled.place_of(interpreter, self._state)),
            search_path=os.environ.get("PATH", os.defpath),
            library_path=f"{spec.code_path}:{spec.code_path}/lib:{opt}/lib",
        )
        program = programs.program(spec, interpreter, places, opt)
        environment.missing_program = program.missing
        if extensions.names_in(opt):
            environment.write_lines(
                ["Pileus: external extensions are not started in process mode."]
            )
        settings = {
            "program": program.command,
            "libraries": places.runtime,
            "clock_page": self._settings.clock_page,
        }
        environ = variables.variables(spec, interpreter, places)
        own = {"PILEUS_LAYERS_ROOT": opt, "PILEUS_CLOCK_PAGE": self._settings.clock_page}
        python = interpreter if interpreter.language == "python" else interpreters.pythons()[0]
        start = str(_SOURCE / "bootstrap" / "start.py")
        command = [python.path, *launch.OPTIONS, start, _PLAIN]
        try:
            await tree.start(command, environ | own | {SETTINGS: json.dumps(settings)}, api)
        except OSError:
            tree.close()
            api.close()
            raise
        return tree

    def _libraries(self) -> Path:
        """A directory of links to the runtime's own libraries, and to nothing beside them."""
        directory = self._state / "libraries"
        directory.mkdir(exist_ok=True)
        wanted = dict(libraries.python_libraries())
        for node in interpreters.nodes():
            wanted |= libraries.node_libraries(node, self._settings.node_modules)
        for name, path in wanted.items():
            link = directory / name
            link.parent.mkdir(exist_ok=True)
            if not link.is_symlink() or str(link.readlink()) != path:
                link.unlink(missing_ok=True)
                link.symlink_to(path)
        return directory

    def close(self) -> None:
        for vacant in self._vacant.values():
            for vacancy in vacant:
                vacancy.kill()
        for zygote in self._zygotes.values():
            zygote.close()
        if self._groups:
            self._groups.close()


def _own_opt(tree: str) -> str:
    """An image's /opt; none where a link might lead out of its tree."""
    own = Path(tree, "opt")
    is_own = not own.is_symlink() and not (own / "extensions").is_symlink()
    return str(own) if is_own else ""
