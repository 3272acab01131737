"""The packages that are unpacked on this machine: found, made, removed when nobody needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pileus.kernel.fleet import ImageLayer, Installed
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.packages import image_layers, layers, packages
from pileus.sandbox.packages.image_layers import Layer
from pileus.sandbox.packages.pulled import Pulled


class UnpackedPackages:
    """Only for the event loop's thread. `paths_in_use` tells what environments have mounted."""

    def __init__(self, settings: FleetSettings, paths_in_use: Callable[[], Iterable[str]]) -> None:
        self._directory = Path(settings.packages_directory)
        self._merged = Path(settings.state_directory, "layers")
        self._paths_in_use = paths_in_use
        self._installed: dict[str, Installed] = {}
        # Those that nobody will ask for again, and that some environment still uses.
        self._unwanted: set[str] = set()
        self._image_installs = asyncio.Lock()
        self._removals: set[asyncio.Task[None]] = set()
        packages.sweep_scratch(self._directory)

    def digests(self) -> list[str]:
        return packages.unpacked(self._directory)

    def installed(self, digest: str) -> Installed | None:
        self._unwanted.discard(digest)
        found = self._installed.get(digest)
        if found is None:
            found = packages.installed(digest, self._directory)
            if found:
                self._installed[digest] = found
        return found

    async def install(self, digest: str, package: bytes) -> Installed:
        self._unwanted.discard(digest)
        return await asyncio.to_thread(packages.unpack, digest, package, self._directory)

    async def install_image(self, digest: str, image: Sequence[ImageLayer]) -> Installed:
        self._unwanted.discard(digest)
        # One after the other: two of the same image would do all of it twice.
        async with self._image_installs:
            pulled = [
                Layer(Pulled(each.read()), each.is_compressed, each.diff_id) for each in image
            ]
            return await asyncio.to_thread(image_layers.unpack, digest, pulled, self._directory)

    async def remove(self, digest: str) -> None:
        """Remove one now, or when the last environment that uses it has ended."""
        self._installed.pop(digest, None)
        if str(self._directory / digest) in self._paths_in_use():
            self._unwanted.add(digest)
            return
        self._unwanted.discard(digest)
        await asyncio.to_thread(self._remove, digest)

    def _remove(self, digest: str) -> None:
        layers.forget(str(self._directory / digest), self._merged)
        packages.remove(digest, self._directory)

    def let_go(self, paths: Iterable[str]) -> None:
        """An environment has ended."""
        for path in paths:
            digest = Path(path).name
            if digest in self._unwanted:
                task = asyncio.get_running_loop().create_task(self.remove(digest))
                self._removals.add(task)
                task.add_done_callback(self._removals.discard)
