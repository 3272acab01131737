"""Decides how an environment is started: which zygote, which files, which limits."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pileus.kernel.fleet import EnvironmentSpec, StartFailure
from pileus.sandbox import layers, programs, runtimes
from pileus.sandbox.environment import Environment
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import cgroups
from pileus.sandbox.runtimes import Interpreter
from pileus.sandbox.sandbox_tree import Host, SandboxTree
from pileus.sandbox.uids import UidTable
from pileus.sandbox.zygotes import Zygote


class Starter:
    """Keeps the zygotes of this host and starts environments from them."""

    def __init__(self, settings: FleetSettings) -> None:
        self._settings = settings
        self._zygotes: dict[tuple[str, bool], Zygote] = {}
        Path(settings.state_directory).mkdir(parents=True, exist_ok=True)
        self._groups = cgroups.open_groups()
        if self._groups:
            self._groups.sweep()
        layers.sweep(Path(settings.state_directory, "layers"))
        self._uids = UidTable(Path(settings.state_directory, "uids"))
        self._names_of: dict[str, frozenset[str]] = {}

    async def start(self, host: Host, environment: Environment) -> SandboxTree:
        spec = environment.spec
        interpreter = runtimes.interpreter_for(spec.runtime)
        if interpreter is None:
            raise StartFailure(f"No interpreter for the runtime {spec.runtime} is installed.")
        zygote = await self._zygote_for(spec, interpreter)
        group = None
        if self._groups:
            total_mb = spec.memory_mb + spec.ephemeral_mb
            group = self._groups.make(spec.environment_id, spec.memory_mb, total_mb)
        tree = SandboxTree(host, environment, group)
        try:
            opt = await self._merged_layers(spec)
            await tree.start(zygote, self._request(spec, interpreter, zygote, opt))
        except StartFailure:
            tree.kill()
            tree.close()
            raise
        return tree

    async def _merged_layers(self, spec: EnvironmentSpec) -> str:
        """Where the zygote sees what becomes /opt; empty without layers."""
        if len(spec.layer_paths) < 2:
            return self._inside(spec.layer_paths[0]) if spec.layer_paths else ""
        directory = Path(self._settings.state_directory, "layers")
        # Thousands of links take their time, and other environments do not wait for them.
        merged = await asyncio.to_thread(layers.merged, spec.layer_paths, directory)
        return f"/layers/{merged.name}"

    async def _zygote_for(self, spec: EnvironmentSpec, interpreter: Interpreter) -> Zygote:
        """The one with boto3 loaded, unless the function brings modules of those names."""
        if interpreter.language == "python":
            full = await self._zygote(interpreter, True)
            brought = frozenset[str]().union(
                self._names_in(spec.code_path),
                *(self._names_in(f"{layer}/python") for layer in spec.layer_paths),
            )
            if not brought & full.modules:
                return full
        return await self._zygote(interpreter, False)

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
                known = frozenset(each.name.partition(".")[0] for each in Path(directory).iterdir())
            except OSError:
                known = frozenset()
            self._names_of[directory] = known
        return known

    def _request(
        self, spec: EnvironmentSpec, interpreter: Interpreter, zygote: Zygote, opt: str
    ) -> dict[str, Any]:
        uid = self._uids.uid_of(spec.function_arn) if zygote.has_privilege else 0
        binds = [(self._inside(spec.code_path), "/var/task")]
        if opt:
            binds.append((opt, "/opt"))
        return {
            "uid": uid,
            "gid": uid,
            "binds": binds,
            "ephemeral_mb": spec.ephemeral_mb,
            "endpoint_port": self._settings.endpoint_port,
            "environ": programs.variables(spec, interpreter),
            "program": programs.program(spec, interpreter),
        }

    def _inside(self, path: str) -> str:
        """Where the zygote sees a package."""
        packages = self._settings.packages_directory
        try:
            return f"/packages/{Path(path).relative_to(packages)}"
        except ValueError:
            raise StartFailure(f"{path} is not below {packages}.") from None

    def close(self) -> None:
        for zygote in self._zygotes.values():
            zygote.close()
        if self._groups:
            self._groups.close()
