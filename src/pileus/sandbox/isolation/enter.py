"""The steps by which a fresh clone of a zygote becomes a sandbox; runs in the clone itself."""

from __future__ import annotations

import os
import resource
import signal
import socket
from typing import Any

from . import landlock, linux, root_tree, routes, seccomp, shared_files

# AWS's ids of the user that functions run as.
FUNCTION_UID, FUNCTION_GID = 993, 990
RUNTIME_API_PORT = 9001
_DNS_PORT = 53
# Not 127.0.0.1, where extensions may run a daemon of their own.
_XRAY_DAEMON = ("127.0.0.2", 2000)
_BACKLOG = 128
_OPEN_FILES_MAX = 1024  # docs: gettingstarted-limits, file descriptors
_PROCESSES_MAX = 1024  # docs: gettingstarted-limits, execution processes/threads
_LIMITS = {
    resource.RLIMIT_NOFILE: _OPEN_FILES_MAX,
    resource.RLIMIT_NPROC: _PROCESSES_MAX,
    # Zero does not keep the kernel from piping a core to a program of the machine's; one does.
    resource.RLIMIT_CORE: 1,
}
_SHARED_MEMORY_MB_MAX = 64
_EPHEMERAL_MB_DEFAULT = 512  # docs: gettingstarted-limits, /tmp directory storage
_BASE, _PROC = "/base", "/proc"
_HARDENED = linux.MS_NOSUID | linux.MS_NODEV
# As a file system of that size would have: 4 KB for each. Without groups nobody counts them.
_INODES_PER_MB = 256
# What tells of the machine and not of the function; container runtimes hide much the same.
_HIDDEN_FILES = (
    "config.gz", "interrupts", "iomem", "ioports", "kallsyms", "kcore", "key-users", "keys",
    "kmsg", "latency_stats", "sched_debug", "sysrq-trigger", "timer_list",
)  # fmt: skip
_HIDDEN_DIRECTORIES = ("acpi", "asound", "bus", "driver", "fs", "irq", "pressure", "scsi")
# Of the environment's own user namespace. Seen from outside, all functions may be one user, whose
# watches others need too.
_USER_LIMITS = {
    "max_user_namespaces": 0, "max_pid_namespaces": 0, "max_mnt_namespaces": 0,
    "max_net_namespaces": 0, "max_ipc_namespaces": 0, "max_uts_namespaces": 0,
    "max_cgroup_namespaces": 0, "max_time_namespaces": 0,
    "max_inotify_instances": 16, "max_inotify_watches": 8192, "max_fanotify_groups": 0,
}  # fmt: skip

NAMESPACES = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
)


def map_ids(pid: int, uid: int, gid: int) -> None:
    """Say which user of the outer namespace a clone's function user is; only the parent may."""
    for kind, inside, outside in (
        ("gid_map", FUNCTION_GID, gid),
        ("uid_map", FUNCTION_UID, uid),
    ):
        with linux.step(kind), open(f"/proc/{pid}/{kind}", "wb", buffering=0) as file:
            file.write(f"{inside} {outside} 1".encode())


def become_function_user() -> None:
    """Take the ids that the zygote has mapped; capabilities inside the namespace remain."""
    try:
        os.setgroups([])
    except PermissionError:
        # Without privilege the kernel forbids it, and the groups are those of the user.
        pass
    with linux.step("user id"):
        os.setresgid(FUNCTION_GID, FUNCTION_GID, FUNCTION_GID)
        os.setresuid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
    linux.set_hostname("169.254.0.1")
    linux.die_with_parent()


def join_control_groups(descriptors: list[int]) -> None:
    """Move into the groups whose `cgroup.procs` the host has opened, and hide their names."""
    with linux.step("control groups"):
        for descriptor in descriptors:
            os.write(descriptor, b"0")
            os.close(descriptor)
    linux.unshare(linux.CLONE_NEWCGROUP, "cgroup namespace")


def make_listeners(
    endpoint_port: int, unreachable: list[str], closed_ports: list[int]
) -> list[socket.socket]:
    """Runtime API, Pileus endpoint, name server and X-Ray daemon, in this network namespace."""
    with linux.step("network namespace"):
        linux.bring_loopback_up()
        routes.close_off(unreachable, closed_ports)
        listeners = [_listener(port) for port in (RUNTIME_API_PORT, endpoint_port)]
        for address in (("127.0.0.1", _DNS_PORT), _XRAY_DAEMON):
            listeners.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            listeners[-1].bind(address)
        return listeners


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(_BACKLOG)
    return listener


def prepare_proc() -> None:
    """Make what every environment sees as /proc, before it is known which one it will be."""
    linux.mount("proc", _PROC, "proc", _HARDENED | linux.MS_NOEXEC)
    _hide()
    settings = f"{_PROC}/sys"
    _limit_user(f"{settings}/user")
    # Where Pileus is root without all its powers, so are functions, to the owner's bit of a file.
    linux.mount(settings, settings, None, linux.MS_BIND | linux.MS_REC)
    linux.restrict_mount(settings, linux.MOUNT_ATTR_RDONLY, is_recursive=True)


def make_root(image: str = "") -> None:
    """Make what every environment has the root, or an image's tree.

    The zygote's root is the working directory then, and what belongs to this environment is still
    to be taken from there.
    """
    if image:
        _take_image(image, _BASE)
    else:
        linux.mount(_BASE, _BASE, None, linux.MS_BIND | linux.MS_REC)
    memory = f"{_ephemeral(_EPHEMERAL_MB_DEFAULT)},mode=1777"
    linux.mount("tmpfs", f"{_BASE}/tmp", "tmpfs", _HARDENED, memory)
    shared = f"size={_SHARED_MEMORY_MB_MAX}m,nr_inodes=64k,mode=1777"
    linux.mount("tmpfs", f"{_BASE}/dev/shm", "tmpfs", _HARDENED | linux.MS_NOEXEC, shared)
    linux.mount(_PROC, f"{_BASE}/proc", None, linux.MS_MOVE)
    linux.pivot_root(_BASE)


def _ephemeral(megabytes: int) -> str:
    return f"size={megabytes}m,nr_inodes={megabytes * _INODES_PER_MB}"


def complete_root(request: dict[str, Any]) -> None:
    """Add what belongs to this environment, and let go of the zygote's root."""
    for source, target in request["binds"]:
        linux.mount(source, target, None, linux.MS_BIND)
    megabytes = request["ephemeral_mb"]
    if megabytes != _EPHEMERAL_MB_DEFAULT:
        changed = _HARDENED | linux.MS_REMOUNT
        linux.mount("tmpfs", "/tmp", "tmpfs", changed, _ephemeral(megabytes))
    _mount_shared(request["mounts"])
    linux.leave_old_root()


def _mount_shared(mounts: list[tuple[str, str]]) -> None:
    """Show directories of shared file systems, which other functions may be changing right now."""
    if not mounts:
        return
    linux.mount("tmpfs", "/mnt", "tmpfs", _HARDENED, "size=4k,mode=755")
    for source, target in mounts:
        os.mkdir(target)  # noqa: PTH102
        with linux.step(f"mount {target}"):
            directory = shared_files.open_directory(root_tree.FILE_SYSTEMS, source)
        linux.mount(f"{_PROC}/self/fd/{directory}", target, None, linux.MS_BIND)
        os.close(directory)
    linux.restrict_mount("/mnt", linux.MOUNT_ATTR_RDONLY)


def _hide() -> None:
    """Cover what tells of the machine, and whatever file of the machine's takes writes."""
    with os.scandir(_PROC) as entries:
        present = [each for each in entries if not each.name.isdecimal() and not each.is_symlink()]
    for each in present:
        if each.name in _HIDDEN_DIRECTORIES:
            linux.mount("/run", each.path, None, linux.MS_BIND)
        elif each.is_file() and (each.name in _HIDDEN_FILES or each.stat().st_mode & 0o222):
            linux.mount("/dev/null", each.path, None, linux.MS_BIND)


def _limit_user(settings: str) -> None:
    """Nothing inside makes namespaces, even where the filter would let it."""
    with linux.step("user limits"):
        for name, limit in _USER_LIMITS.items():
            try:
                descriptor = os.open(f"{settings}/{name}", os.O_WRONLY)
            except FileNotFoundError:
                continue  # Older kernels count less.
            os.write(descriptor, str(limit).encode())
            os.close(descriptor)


def _take_image(root: str, base: str) -> None:
    """Have an image's tree, which is read-only, in the place of ours; devices and names are ours.

    The places that are covered were made when it was unpacked, and none of them is a link.
    """
    linux.mount(root, base, None, linux.MS_BIND)
    linux.mount("/dev", f"{base}/dev", None, linux.MS_BIND | linux.MS_REC)
    for name in ("/etc/resolv.conf", "/etc/hosts"):
        linux.mount(name, base + name, None, linux.MS_BIND)


def give_up_powers(has_groups: bool, writable: list[str]) -> None:
    """Set limits, drop capabilities and go under Landlock and seccomp, never to come back."""
    with linux.step("limits"):
        for kind, limit in _LIMITS.items():
            _limit(kind, limit)
    linux.drop_capabilities()
    linux.forbid_new_privileges()
    landlock.apply(writable)
    seccomp.apply(has_groups)
    # A change of capabilities clears the signal on the parent's death.
    linux.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def hold_data(bytes_max: int) -> None:
    """Limit the process's own memory where no control group does; zero for no limit."""
    if bytes_max:
        with linux.step("limits"):
            _limit(resource.RLIMIT_DATA, bytes_max)


def _limit(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (wanted, wanted))
