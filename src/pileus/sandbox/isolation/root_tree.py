"""Builds the small read-only file tree that environments see, out of bind mounts on a tmpfs."""

from __future__ import annotations

from pathlib import Path

from . import linux

# Read-only and without set-user-id programs. The functions' own devices are bind mounts.
_SYSTEM_DIRECTORIES = (
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/lib32",
    "usr/lib64",
    "usr/share/zoneinfo",
    "usr/share/ca-certificates",
    "etc/ssl/certs",
    "etc/pki",
    "etc/alternatives",
)
_MERGED_DIRECTORIES = ("bin", "sbin", "lib", "lib32", "lib64")
_COPIED_FILES = ("etc/ld.so.cache", "etc/protocols", "etc/services", "etc/mime.types")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_EMPTY_DIRECTORIES = (
    "tmp",
    "proc",
    "var/task",
    "var/runtime",
    "var/lang",
    "opt",
    "run",
    "mnt",
    "dev/shm",
)
# Packages of the host's own interpreters: functions see their own and the runtime's only.
_MASKED_DIRECTORIES = ("usr/lib/python3/dist-packages", "usr/lib/node_modules", "usr/lib/nodejs")

_FUNCTION_USER = "sbx_user1051"  # AWS's name.
_WRITTEN_FILES = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/sbin/nologin\n"
        f"{_FUNCTION_USER}:x:993:990::/home/{_FUNCTION_USER}:/sbin/nologin\n"
    ),
    "etc/group": f"root:x:0:\n{_FUNCTION_USER}:x:990:\n",
    "etc/hosts": "127.0.0.1 localhost sandbox.localdomain sandbox\n::1 localhost\n",
    "etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
# Where AWS has its own; a hidden directory beside it holds ours.
BOOTSTRAP = "var/runtime/bootstrap.py"
SOURCE = "var/runtime/.sandbox"
# Where a zygote, and only a zygote, sees all shared file systems.
FILE_SYSTEMS = "file-systems"
_LINKS = {
    # ES modules are looked for in each directory above the package, and nowhere else.
    "node_modules": "/var/runtime/node_modules",
    BOOTSTRAP: f"/{SOURCE}/bootstrap/start.py",
    "dev/fd": "/proc/self/fd",
    "dev/stdin": "/proc/self/fd/0",
    "dev/stdout": "/proc/self/fd/1",
    "dev/stderr": "/proc/self/fd/2",
}


def build(root: Path, binds: dict[str, str], masked: list[str]) -> None:
    """Fill `root`: the system's parts, then `binds` (place inside: source), then empty masks."""
    for name in _EMPTY_DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in _SYSTEM_DIRECTORIES:
        if Path("/", name).is_dir():
            bind(f"/{name}", root / name)
    for name in _MERGED_DIRECTORIES:
        _mirror(Path("/", name), root / name)
    for name, text in _WRITTEN_FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in _COPIED_FILES:
        if Path("/", name).is_file():
            (root / name).write_bytes(Path("/", name).read_bytes())
    for name, target in _LINKS.items():
        (root / name).symlink_to(target)
    for name in _DEVICES:
        bind(f"/dev/{name}", root / "dev" / name)
    for name, source in binds.items():
        bind(source, root / name)
    for name in (*_MASKED_DIRECTORIES, *masked):
        if (root / name).is_dir():
            linux.mount("none", str(root / name), "tmpfs", 0, "size=4k,mode=755")


def bind(source: str, target: Path) -> None:
    """Make a file or directory of the machine appear at `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if Path(source).is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    linux.mount(source, str(target), None, linux.MS_BIND | linux.MS_REC)


def bind_shared(source: str, target: Path) -> None:
    """What functions may write, and what never gives them powers."""
    linux.mount(source, str(target), None, linux.MS_BIND)
    linux.restrict_mount(str(target), linux.MOUNT_ATTR_NOSUID | linux.MOUNT_ATTR_NODEV)


def _mirror(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        bind(str(source), target)


def protect(root: Path) -> None:
    """Make the tree and all that is bound into it read-only, without set-user-id and devices."""
    devices = tuple(f"/dev/{name}" for name in _DEVICES)
    linux.restrict_mount(
        str(root), linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID, is_recursive=True
    )
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4].encode().decode("unicode_escape")
        is_ours = place == str(root) or place.startswith(f"{root}/")
        if is_ours and not place.endswith(devices):
            linux.restrict_mount(place, linux.MOUNT_ATTR_NODEV)
