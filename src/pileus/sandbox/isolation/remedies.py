"""Why a machine refuses a step of isolation, and the command that makes it permit it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

PROCESS_MODE = "Or start Pileus with `--isolation process`: functions then run without isolation."
_DOCKER = (
    "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined ..."
)
# ENOSPC is what a limit on the number of namespaces gives. Others are no matter of permission.
_REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOSPC, errno.EINVAL)
_OLD_KERNEL_STEPS = ("mount_setattr", "close_range", "pidfd_send_signal")
# Setting, the value that refuses, the command.
_SETTINGS = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    ("user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
    ("user/max_net_namespaces", "0", "sudo sysctl -w user.max_net_namespaces=15000"),
    ("user/max_pid_namespaces", "0", "sudo sysctl -w user.max_pid_namespaces=15000"),
    ("user/max_mnt_namespaces", "0", "sudo sysctl -w user.max_mnt_namespaces=15000"),
)


def explain(step: str, number: int, settings_root: Path = Path("/proc/sys")) -> str:
    """One paragraph: what was refused, why as far as it can be told, and what to do."""
    refused = f"The sandbox could not be made: {step}: {os.strerror(number)}."
    if number not in _REFUSALS:
        return refused
    return f"{refused} {_remedy(step, number, settings_root)} {PROCESS_MODE}"


def _remedy(step: str, number: int, settings_root: Path) -> str:
    if number == errno.ENOSYS and step in _OLD_KERNEL_STEPS:
        return f"Linux 5.12 or newer is needed, and this is {os.uname().release}."
    for name, refusing, command in _SETTINGS:
        if _value(settings_root / name) == refusing:
            setting = name.replace("/", ".")
            return f"The setting {setting}={refusing} forbids it. Permit it with: {command}"
    if step.startswith("mount proc"):
        return (
            "A container runtime hides parts of /proc, and then no new /proc may be made. "
            f"Start the container with: {_DOCKER}"
        )
    if is_filtered():
        return (
            "A filter on system calls is in force, as container runtimes set one. "
            f"Start the container with: {_DOCKER}"
        )
    if number in (errno.EPERM, errno.EACCES):
        return (
            "A security module or a container runtime forbids it. "
            f"In a container, start it with: {_DOCKER}"
        )
    return "The log of the kernel may say more."


def _value(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def is_filtered() -> bool:
    """Whether seccomp already holds this process."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    return status.partition("\nSeccomp:")[2].split("\n")[0].strip() == "2"
