"""Unpacked packages go when nobody wants them and no environment has them mounted."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.packages import layers
from pileus.sandbox.packages.unpacked_packages import UnpackedPackages
from support.lambdas import package


def make(tmp_path: Path, in_use: list[str]) -> UnpackedPackages:
    settings = FleetSettings(str(tmp_path / "state"), str(tmp_path / "packages"))
    return UnpackedPackages(settings, lambda: in_use)


def install(kept: UnpackedPackages, text: str) -> str:
    zipped = package(text)
    digest = hashlib.sha256(zipped).hexdigest()
    asyncio.run(kept.install(digest, zipped))
    return digest


def test_a_removed_package_leaves_nothing(tmp_path: Path) -> None:
    kept = make(tmp_path, [])
    digest, other = install(kept, "a"), install(kept, "b")
    asyncio.run(kept.remove(digest))
    assert (None, [other]) == (kept.installed(digest), kept.digests())
    assert {other, f"{other}.size"} == {each.name for each in (tmp_path / "packages").iterdir()}
    asyncio.run(kept.remove(digest))


def test_a_package_in_use_is_removed_when_its_last_environment_ends(tmp_path: Path) -> None:
    in_use: list[str] = []
    kept = make(tmp_path, in_use)
    digest = install(kept, "a")
    path = str(tmp_path / "packages" / digest)

    async def story() -> list[bool]:
        in_use.append(path)
        await kept.remove(digest)
        seen = [digest in kept.digests()]
        kept.let_go([path])
        await asyncio.gather(*kept._removals)
        seen.append(digest in kept.digests())
        in_use.clear()
        kept.let_go([path])
        await asyncio.gather(*kept._removals)
        return [*seen, digest in kept.digests()]

    assert [True, True, False] == asyncio.run(story())


def test_a_package_that_is_wanted_again_stays(tmp_path: Path) -> None:
    in_use: list[str] = []
    kept = make(tmp_path, in_use)
    digest = install(kept, "a")
    path = str(tmp_path / "packages" / digest)
    in_use.append(path)
    asyncio.run(kept.remove(digest))
    install(kept, "a")
    in_use.clear()
    kept.let_go([path])
    assert [digest] == kept.digests()


def test_merged_layers_go_with_each_of_their_layers(tmp_path: Path) -> None:
    kept = make(tmp_path, [])
    paths = [str(tmp_path / "packages" / install(kept, text)) for text in "abc"]
    merged_in = tmp_path / "state" / "layers"
    first = layers.merged((paths[0], paths[1]), merged_in)
    second = layers.merged((paths[1], paths[2]), merged_in)
    asyncio.run(kept.remove(Path(paths[0]).name))
    assert [False, True] == [first.exists(), second.exists()]
    asyncio.run(kept.remove(Path(paths[1]).name))
    assert [] == list(merged_in.iterdir())
