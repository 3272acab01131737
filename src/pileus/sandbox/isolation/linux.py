"""The system calls that isolation needs and the standard library lacks, by ctypes."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

# PyDLL keeps the interpreter lock: a raw clone must not happen while the lock is given away.
_libc = ctypes.PyDLL(None, use_errno=True)

MACHINE = platform.machine()
_NUMBERS = {
    "x86_64": {"clone": 56, "pivot_root": 155, "capset": 126, "seccomp": 317},
    "aarch64": {"clone": 220, "pivot_root": 41, "capset": 91, "seccomp": 277},
}.get(MACHINE, {})
# These have one number on every architecture.
_SAME_NUMBERS = {
    "pidfd_send_signal": 424,
    "close_range": 436,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}

CLONE_PIDFD = 0x1000
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


class IsolationError(OSError):
    """A step of isolation that the kernel refused; `step` names it for the remedy."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__(number, os.strerror(number))
        self.step = step


@contextmanager
def step(name: str) -> Iterator[None]:
    """Name what is refused inside; a call that names itself keeps its name."""
    try:
        yield
    except IsolationError:
        raise
    except OSError as refused:
        raise IsolationError(name, refused.errno or errno.EIO) from refused


def _checked(step: str, result: int) -> int:
    if result < 0:
        raise IsolationError(step, ctypes.get_errno())
    return result


def syscall(name: str, *arguments: object) -> int:
    """Call by number; raises IsolationError with the call's name."""
    number = _SAME_NUMBERS.get(name) or _NUMBERS.get(name)
    if number is None:
        raise IsolationError(name, errno.ENOSYS)
    return _checked(name, int(_libc.syscall(ctypes.c_long(number), *arguments)))


def clone(flags: int) -> tuple[int, int]:
    """Fork into new namespaces: (0, -1) in the child, (pid, pidfd) in the parent.

    The child has not run Python's after-fork steps and may only fork properly, exec or exit.
    """
    pidfd = ctypes.c_int(-1)
    pid = syscall(
        "clone",
        ctypes.c_ulong(flags | CLONE_PIDFD | signal.SIGCHLD),
        None,
        ctypes.byref(pidfd),
        None,
        None,
    )
    return (pid, pidfd.value) if pid else (0, -1)


def unshare(flags: int, step: str) -> None:
    _checked(step, _libc.unshare(ctypes.c_int(flags)))


def mount(
    source: str, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() if options else None,
    )
    _checked(f"mount {kind or 'bind'} {target}", result)


def restrict_mount(target: str, attributes: int, is_recursive: bool = False) -> None:
    """Add read-only, nosuid or nodev to a mount without losing what it has (Linux 5.12)."""
    wanted = ctypes.create_string_buffer(struct.pack("QQQQ", attributes, 0, 0, 0), 32)
    flags = _AT_RECURSIVE if is_recursive else 0
    syscall(
        "mount_setattr",
        ctypes.c_int(_AT_FDCWD),
        target.encode(),
        ctypes.c_uint(flags),
        wanted,
        ctypes.c_size_t(32),
    )


def unmount(target: str) -> None:
    _checked(f"umount {target}", _libc.umount2(target.encode(), ctypes.c_int(MNT_DETACH)))


def pivot_root(new_root: str) -> None:
    """Make `new_root` the root. The old one is the working directory, until it is left."""
    old_root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.chdir(new_root)
    syscall("pivot_root", b".", b".")
    os.fchdir(old_root)
    os.close(old_root)


def leave_old_root() -> None:
    unmount(".")
    os.chdir("/")


def set_hostname(name: str) -> None:
    _checked("sethostname", _libc.sethostname(name.encode(), ctypes.c_size_t(len(name))))


def _prctl(option: int, value: int, third: int = 0) -> int:
    return int(
        _libc.prctl(
            ctypes.c_int(option),
            ctypes.c_ulong(value),
            ctypes.c_ulong(third),
            ctypes.c_ulong(0),
            ctypes.c_ulong(0),
        )
    )


def die_with_parent() -> None:
    """Be killed when the parent ends. A change of credentials undoes it, so call it after."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def set_dumpable(is_dumpable: bool) -> None:
    """Whether the owner's other processes may look into this one by /proc and ptrace."""
    _prctl(_PR_SET_DUMPABLE, int(is_dumpable))


def forbid_new_privileges() -> None:
    _checked("no_new_privs", _prctl(_PR_SET_NO_NEW_PRIVS, 1))


def drop_capabilities() -> None:
    """Empty every capability set, the bounding set included."""
    capability = 0
    while _prctl(_PR_CAPBSET_DROP, capability) == 0:
        capability += 1
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0), 8)
    syscall("capset", header, ctypes.create_string_buffer(24))


def bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sh22x", b"lo", 0))
        fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        (flags,) = struct.unpack_from("h", request, 16)
        struct.pack_into("h", request, 16, flags | _IFF_UP)
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def close_from(first: int) -> None:
    syscall("close_range", ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))
