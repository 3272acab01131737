"""A second lock on the file tree, where the kernel has Landlock: only some places take writes."""

from __future__ import annotations

import ctypes
import os
import struct

from . import linux

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# All rights of the first version (13 bits), then REFER, TRUNCATE and IOCTL_DEV.
_RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_RIGHTS_NEWEST = (1 << 16) - 1
_WRITABLE = ("/tmp", "/dev/shm")
_WRITE_ONLY_FILES = ("/dev", "/proc")


def version() -> int:
    """The kernel's Landlock version, 0 where it has none."""
    try:
        return linux.syscall(
            "landlock_create_ruleset",
            None,
            ctypes.c_size_t(0),
            ctypes.c_uint(_CREATE_RULESET_VERSION),
        )
    except linux.IsolationError:
        return 0


def apply(writable: list[str]) -> bool:
    """Restrict this process and all it will start; False where there is no Landlock."""
    known = version()
    if known < 1:
        return False
    rights = _RIGHTS_BY_VERSION.get(known, _RIGHTS_NEWEST)
    attributes = ctypes.create_string_buffer(struct.pack("Q", rights), 8)
    ruleset = linux.syscall(
        "landlock_create_ruleset", attributes, ctypes.c_size_t(8), ctypes.c_uint(0)
    )
    _allow(ruleset, "/", _READ)
    for place in _WRITE_ONLY_FILES:
        _allow(ruleset, place, rights & (_READ | _WRITE_FILE | 1 << 14 | 1 << 15))
    for place in (*_WRITABLE, *writable):
        _allow(ruleset, place, rights)
    linux.syscall("landlock_restrict_self", ctypes.c_int(ruleset), ctypes.c_uint(0))
    os.close(ruleset)
    return True


def _allow(ruleset: int, place: str, rights: int) -> None:
    directory = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, directory), 12)
    linux.syscall(
        "landlock_add_rule",
        ctypes.c_int(ruleset),
        ctypes.c_int(_RULE_PATH_BENEATH),
        rule,
        ctypes.c_uint(0),
    )
    os.close(directory)
