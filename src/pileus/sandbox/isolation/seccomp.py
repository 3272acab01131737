"""The filter on system calls: what customer code has no business calling is refused."""

from __future__ import annotations

import ctypes
import errno
import functools
import socket
import struct

from . import linux

_AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Calls numbered from here are x32 calls: a second door to everything refused below.
_X32_BIT = 0x40000000

# name: (x86_64, aarch64), None where the architecture has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "set_mempolicy": (238, 237),
    "set_mempolicy_home_node": (450, 450),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
}
# Answered as if the kernel were older, so that libraries use what they used before.
_ABSENT: dict[str, tuple[int, int]] = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_secret": (447, 447),
}
# Memory that no sampling sees; refused where no control group counts it.
_UNCOUNTED: dict[str, tuple[int, int]] = {
    "memfd_create": (319, 279),
    "msgget": (68, 186),
    "shmget": (29, 194),
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_NEW_NAMESPACES = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWCGROUP
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
)
# AF_VSOCK reaches the hypervisor whatever the network namespace; others are attack surface.
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, 10)  # 10 AF_INET6
# Of these only routes, which libraries ask for the machine's addresses.
_NETLINK, _NETLINK_ROUTE = 16, 0
# Linux itself, System V, and asking; others take protections of memory away.
_PERSONALITIES = (0, 8, 0x20000, 0x20008, 0xFFFFFFFF)
_PERSONALITY = {"x86_64": 135, "aarch64": 92}

_LOAD, _EQUALS, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENT_OFFSET, _THIRD_ARGUMENT_OFFSET = 0, 4, 16, 32

_SECCOMP_SET_MODE_FILTER = 1


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(number: int, answer: int) -> list[bytes]:
    return [_instruction(_EQUALS, number, 0, 1), _instruction(_RETURN, _ERRNO | answer)]


def _only(values: tuple[int, ...], answer: int) -> list[bytes]:
    """Allow the call if what was loaded is one of the values."""
    count = len(values)
    return [
        *(_instruction(_EQUALS, value, count - place, 0) for place, value in enumerate(values)),
        _instruction(_RETURN, _ERRNO | answer),
        _instruction(_RETURN, _ALLOW),
    ]


@functools.cache
def program(machine: str, has_groups: bool = True) -> bytes:
    """The filter in the kernel's instructions for one architecture."""
    column = ("x86_64", "aarch64").index(machine)
    lines = [
        _instruction(_LOAD, _ARCHITECTURE_OFFSET),
        _instruction(_EQUALS, _AUDIT_ARCHITECTURES[machine], 1, 0),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_OFFSET),
    ]
    if machine == "x86_64":
        lines += [
            _instruction(_AT_LEAST, _X32_BIT, 0, 1),
            _instruction(_RETURN, _ERRNO | errno.ENOSYS),
        ]
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            lines += _refuse(number, errno.EPERM)
    absent = _ABSENT if has_groups else _ABSENT | _UNCOUNTED
    for present in absent.values():
        lines += _refuse(present[column], errno.ENOSYS)
    lines += [
        _instruction(_EQUALS, _CLONE[machine], 0, 4),
        _instruction(_LOAD, _ARGUMENT_OFFSET),
        _instruction(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _instruction(_RETURN, _ERRNO | errno.EPERM),
        _instruction(_RETURN, _ALLOW),
    ]
    personalities = _only(_PERSONALITIES, errno.EPERM)
    lines += [
        _instruction(_EQUALS, _PERSONALITY[machine], 0, 1 + len(personalities)),
        _instruction(_LOAD, _ARGUMENT_OFFSET),
        *personalities,
    ]
    families = _only(_FAMILIES, errno.EAFNOSUPPORT)
    protocols = _only((_NETLINK_ROUTE,), errno.EPROTONOSUPPORT)
    lines += [
        _instruction(_EQUALS, _SOCKET[machine], 0, 3 + len(protocols) + len(families)),
        _instruction(_LOAD, _ARGUMENT_OFFSET),
        _instruction(_EQUALS, _NETLINK, 0, 1 + len(protocols)),
        _instruction(_LOAD, _THIRD_ARGUMENT_OFFSET),
        *protocols,
        *families,
        _instruction(_RETURN, _ALLOW),
    ]
    return b"".join(lines)


def apply(has_groups: bool) -> None:
    """Put this process and all it will start under the filter; needs no_new_privs."""
    code = program(linux.MACHINE, has_groups)
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(instructions))
    linux.syscall(
        "seccomp",
        ctypes.c_uint(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_uint(0),
        ctypes.create_string_buffer(header, len(header)),
    )
