"""Merges the layers of a function to what it sees as /opt, without copying a byte."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

_SOURCES = ".sources"


def merged(layer_paths: tuple[str, ...], directory: Path) -> Path:
    """One directory in which later layers cover earlier ones; made once for each combination."""
    name = hashlib.sha256("\n".join(layer_paths).encode()).hexdigest()
    target = directory / name
    if target.is_dir():
        return target
    scratch = directory / f".{name}.{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for layer in layer_paths:
        _lay(Path(layer), scratch)
    # Written first: a merge that nobody could find again would stay for ever.
    (directory / f"{name}{_SOURCES}").write_text("\n".join(layer_paths))
    try:
        scratch.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(scratch)
    return target


def _lay(layer: Path, target: Path) -> None:
    for place, directories, files in os.walk(layer):
        below = target / Path(place).relative_to(layer)
        for name in directories:
            source = Path(place, name)
            if source.is_symlink():
                _put(source, below / name)
            else:
                _clear(below / name, keeps_directory=True)
                (below / name).mkdir(exist_ok=True)
        for name in files:
            _put(Path(place, name), below / name)


def _put(source: Path, target: Path) -> None:
    _clear(target, keeps_directory=False)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _clear(place: Path, keeps_directory: bool) -> None:
    """A file covers a directory of that name, and the other way round."""
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir() and not keeps_directory:
        shutil.rmtree(place)


def forget(layer_path: str, directory: Path) -> None:
    """Remove all that was merged with a layer, which is being removed itself."""
    for sources in directory.glob(f"*{_SOURCES}"):
        if layer_path in sources.read_text().split("\n"):
            shutil.rmtree(directory / sources.name.removesuffix(_SOURCES), ignore_errors=True)
            sources.unlink(missing_ok=True)


def sweep(directory: Path) -> None:
    """Remove what an interrupted merge has left."""
    for left in directory.glob(".*"):
        shutil.rmtree(left, ignore_errors=True)
