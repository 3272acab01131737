"""Shared file systems on this machine: a directory for each, below one of the data directory's."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pileus.kernel.fleet import Mount, StartFailure
from pileus.sandbox.isolation import launch, shared_files

_ROOT_MODE = 0o755


def make_directories(root: str, mounts: Sequence[Mount], uid: int) -> None:
    """Make what is to be mounted, for the file system's user; raises StartFailure."""
    owner = uid if launch.has_privilege() else -1
    for mount in mounts:
        try:
            shared_files.make_directory(root, mount.file_system, _ROOT_MODE, owner)
            path = f"{mount.file_system}{mount.path}"
            shared_files.make_directory(root, path, mount.permissions, owner)
        except OSError as problem:
            raise StartFailure(
                f"The directory {mount.path} of {mount.file_system} cannot be mounted: "
                f"{problem.strerror or problem}."
            ) from None


def remove(root: str, file_system: str) -> None:
    """Remove all files; links are removed and not followed."""
    place = Path(root, file_system)
    if place.is_dir():
        shutil.rmtree(place)
