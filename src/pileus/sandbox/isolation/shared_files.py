"""Directories of shared file systems, in which functions may put a link wherever they like."""

from __future__ import annotations

import os

_NO_LINK = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Passing through takes no right to read.
_STEP = os.O_PATH | _NO_LINK


def open_directory(root: str, path: str) -> int:
    """A descriptor of `path` below `root`; no part of the way is a link. Raises OSError."""
    return _walk(root, path, None, -1)


def make_directory(root: str, path: str, permissions: int | None, uid: int) -> None:
    """Make what is missing of `path`, for a user; -1 for one's own. Raises OSError."""
    os.close(_walk(root, path, permissions, uid))


def _walk(root: str, path: str, permissions: int | None, uid: int) -> int:
    current = os.open(root, _STEP)
    for name in filter(None, path.split("/")):
        following = -1
        try:
            if name in (".", ".."):
                raise FileNotFoundError(name)
            if permissions is not None:
                _make(current, name, permissions, uid)
            following = os.open(name, _STEP, dir_fd=current)
        finally:
            os.close(current)
        current = following
    return current


def _make(parent: int, name: str, permissions: int, uid: int) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return
    descriptor = os.open(name, os.O_RDONLY | _NO_LINK, dir_fd=parent)
    try:
        os.fchown(descriptor, uid, uid)
        os.fchmod(descriptor, permissions)
    finally:
        os.close(descriptor)
