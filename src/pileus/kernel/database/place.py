"""The data directory: held by one process, on a file system that keeps SQLite's promises."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pileus.kernel.database.store import StoreRefused

MOUNTS = Path("/proc/self/mountinfo")

# Their locks, their shared memory or their fsync are not what a database on one machine needs.
NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "gfs2", "gpfs", "lustre"}
    | {"nfs", "nfs4", "ocfs2", "smb3", "smbfs"}
)
# FUSE is refused unless known to be a local disk.
LOCAL_FUSE = frozenset({"fuseblk", "fuse.fuse-overlayfs", "fuse.mergerfs", "fuse.ntfs-3g"})


class Lock:
    """`DATA/lock`: held for the life of the process, released by the system when it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock, or say who has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "another one"
            os.close(descriptor)
            raise StoreRefused(
                f"{self._path.parent} is in use by another Pileus (process {holder}). Stop it "
                "first, or choose another directory."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process take it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def file_system(path: Path, mounts: str) -> str:
    """Name the type of file system that `path` is on, by the text of /proc/self/mountinfo."""
    best, name = "", "unknown"
    wanted = f"{path.resolve()}/"
    for line in mounts.splitlines():
        mounted, _, described = line.partition(" - ")
        point = mounted.split(" ")[4].encode().decode("unicode_escape").rstrip("/") + "/"
        # A later mount on the same point hides the earlier one.
        if wanted.startswith(point) and len(point) >= len(best):
            best, name = point, described.split(" ")[0]
    return name


def is_network(kind: str) -> bool:
    """Say whether a type of file system may lie about locks, shared memory or fsync."""
    return kind in NETWORK_FILE_SYSTEMS or (kind.startswith("fuse") and kind not in LOCAL_FUSE)


def check_file_system(path: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a directory on a network file system."""
    if not mounts.exists():
        return
    kind = file_system(path, mounts.read_text())
    if is_network(kind):
        raise StoreRefused(
            f"{path} is on a network file system ({kind}), where SQLite can lose data. Choose a "
            "directory on a local disk, or use PostgreSQL."
        )
