"""Control groups: memory, processes and CPU of an environment, by version 1 or version 2."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from itertools import count
from pathlib import Path

from . import delegation

MEGABYTE = 1 << 20
PROCESSES_MAX = 1024
# 1,769 MB are one vCPU: docs configuration-memory.
MEMORY_MB_PER_CPU = 1769
_PERIOD_MICROSECONDS = 20_000
_QUOTA_MICROSECONDS_MIN = 1_000
# Page tables and socket buffers count as well, and are not the function's fault.
_KERNEL_MEMORY_MB = 32
# Then the number of the process that made the group: the groups of the dead are swept.
_PREFIX = "pileus-"
_CONTROLLERS = ("memory", "cpu", "pids")


def quota_microseconds(memory_mb: int) -> int:
    """The share of each period that this much memory buys."""
    share = _PERIOD_MICROSECONDS * memory_mb // MEMORY_MB_PER_CPU
    return max(share, _QUOTA_MICROSECONDS_MIN)


def _write(path: Path, value: int | str) -> None:
    path.write_text(str(value))


def _field(descriptor: int, name: bytes) -> int:
    for line in os.pread(descriptor, 8192, 0).splitlines():
        key, _, value = line.partition(b" ")
        if key == name:
            return int(value)
    return 0


class Group(ABC):
    """One environment's groups. Reading is cheap: the files stay open."""

    def __init__(self, directories: list[Path]) -> None:
        self._directories = directories
        self._open: list[int] = []

    def _keep(self, path: Path) -> int:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._open.append(descriptor)
        return descriptor

    def member_files(self) -> list[int]:
        """Descriptors that a process writes `0` to in order to join; the caller closes them."""
        flags = os.O_WRONLY | os.O_CLOEXEC
        return [os.open(each / "cgroup.procs", flags) for each in self._directories]

    def members(self) -> list[int]:
        return [int(pid) for pid in (self._directories[0] / "cgroup.procs").read_text().split()]

    @abstractmethod
    def hold_cpu(self, memory_mb: int) -> None:
        """Limit the CPU from now on; INIT ran without a limit."""

    @abstractmethod
    def free_cpu(self) -> None:
        """Lift the limit: what is being killed also ends no faster than it may run."""

    @abstractmethod
    def usage_bytes(self) -> int:
        """All memory charged: the processes' own and what lies in /tmp."""

    @abstractmethod
    def anonymous_bytes(self) -> int:
        """The processes' own memory."""

    @abstractmethod
    def file_bytes(self) -> int:
        """What lies in /tmp and other memory that has names."""

    @abstractmethod
    def peak_bytes(self) -> int:
        """The highest usage so far."""

    @abstractmethod
    def cpu_seconds(self) -> float | None:
        """What its processes have taken so far; None where the machine does not count it."""

    @abstractmethod
    def has_run_out(self) -> bool:
        """Whether the kernel has killed for lack of memory."""

    @abstractmethod
    def hold_memory(self, total_mb: int) -> None:
        """Limit the memory of all kinds together."""

    def close(self) -> bool:
        """Remove the groups; False while the kernel still counts a process in them."""
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()
        self._directories = [each for each in self._directories if not _remove(each)]
        return not self._directories


def _remove(directory: Path) -> bool:
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


class GroupV1(Group):
    """A directory in each controller's hierarchy."""

    def __init__(self, parents: dict[str, Path], name: str) -> None:
        made = {controller: parent / name for controller, parent in parents.items()}
        for directory in made.values():
            directory.mkdir()
        super().__init__(list(made.values()))
        memory = self._memory = made["memory"]
        self._cpu = made["cpu"]
        _write(made["pids"] / "pids.max", PROCESSES_MAX)
        self._usage = self._keep(memory / "memory.usage_in_bytes")
        self._peak = self._keep(memory / "memory.max_usage_in_bytes")
        self._statistics = self._keep(memory / "memory.stat")
        self._events = self._keep(memory / "memory.oom_control")
        # One hierarchy with the controller of CPUs nearly everywhere.
        used = made["cpu"] / "cpuacct.usage"
        self._cpu_used = self._keep(used) if used.exists() else None

    def hold_memory(self, total_mb: int) -> None:
        limit = (total_mb + _KERNEL_MEMORY_MB) * MEGABYTE
        _write(self._memory / "memory.limit_in_bytes", limit)

    def hold_cpu(self, memory_mb: int) -> None:
        _write(self._cpu / "cpu.cfs_period_us", _PERIOD_MICROSECONDS)
        _write(self._cpu / "cpu.cfs_quota_us", quota_microseconds(memory_mb))

    def free_cpu(self) -> None:
        _write(self._cpu / "cpu.cfs_quota_us", -1)

    def usage_bytes(self) -> int:
        return int(os.pread(self._usage, 32, 0))

    def anonymous_bytes(self) -> int:
        return _field(self._statistics, b"total_rss")

    def file_bytes(self) -> int:
        return _field(self._statistics, b"total_shmem")

    def peak_bytes(self) -> int:
        return int(os.pread(self._peak, 32, 0))

    def cpu_seconds(self) -> float | None:
        used = self._cpu_used
        return None if used is None else int(os.pread(used, 32, 0)) / 1e9

    def has_run_out(self) -> bool:
        return _field(self._events, b"oom_kill") > 0


class GroupV2(Group):
    """One directory in the single hierarchy."""

    def __init__(self, parent: Path, name: str) -> None:
        made = parent / name
        made.mkdir()
        super().__init__([made])
        self._directory = made
        _write(made / "pids.max", PROCESSES_MAX)
        # One process killed for memory takes the others with it.
        _write(made / "memory.oom.group", 1)
        if (made / "memory.swap.max").exists():
            _write(made / "memory.swap.max", 0)
        self._usage = self._keep(made / "memory.current")
        peak = made / "memory.peak"  # Linux 5.19
        self._peak = self._keep(peak if peak.exists() else made / "memory.current")
        self._statistics = self._keep(made / "memory.stat")
        self._events = self._keep(made / "memory.events")
        self._cpu_used = self._keep(made / "cpu.stat")

    def hold_memory(self, total_mb: int) -> None:
        _write(self._directory / "memory.max", (total_mb + _KERNEL_MEMORY_MB) * MEGABYTE)

    def hold_cpu(self, memory_mb: int) -> None:
        limit = self._directory / "cpu.max"
        # Not every system hands the controller of CPUs on to its users.
        if limit.exists():
            _write(limit, f"{quota_microseconds(memory_mb)} {_PERIOD_MICROSECONDS}")

    def free_cpu(self) -> None:
        limit = self._directory / "cpu.max"
        if limit.exists():
            _write(limit, "max")

    def usage_bytes(self) -> int:
        return int(os.pread(self._usage, 32, 0))

    def anonymous_bytes(self) -> int:
        return _field(self._statistics, b"anon")

    def file_bytes(self) -> int:
        return _field(self._statistics, b"shmem")

    def peak_bytes(self) -> int:
        return int(os.pread(self._peak, 32, 0))

    def cpu_seconds(self) -> float | None:
        return _field(self._cpu_used, b"usage_usec") / 1e6

    def has_run_out(self) -> bool:
        return _field(self._events, b"oom_kill") > 0


class Groups:
    """Where this process may make groups, and under which version."""

    def __init__(self, version: int, parents: dict[str, Path]) -> None:
        self.version = version
        self._parents = parents
        self._numbers = count()

    def make(self) -> Group:
        name = f"environment-{next(self._numbers)}"
        if self.version == 1:
            return GroupV1(self._parents, name)
        return GroupV2(self._parents["unified"], name)

    def sweep(self) -> None:
        """Kill and remove what hosts that are gone have left."""
        for own in self._parents.values():
            for parent in own.parent.glob(f"{_PREFIX}*"):
                if Path("/proc", parent.name.removeprefix(_PREFIX)).exists():
                    continue
                try:
                    left = [each for each in parent.iterdir() if each.is_dir()]
                except FileNotFoundError:
                    continue  # Another host sweeps as well.
                for each in left:
                    _kill_members(each)
                    _remove(each)
                _remove(parent)

    def close(self) -> None:
        for parent in self._parents.values():
            _remove(parent)


def _kill_members(directory: Path) -> None:
    try:
        members = (directory / "cgroup.procs").read_text().split()
    except OSError:
        return  # Another host sweeps as well.
    for line in members:
        try:
            os.kill(int(line), signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def version(server: int | None = None) -> int:
    """Which version Pileus, whose server is that process, may use; 0 for none."""
    if _find_v2(server or os.getpid()):
        return 2
    return 1 if _find_v1() else 0


def open_groups(server: int | None = None) -> Groups | None:
    """Make the parent groups of this process; None where the machine does not permit it."""
    name = f"{_PREFIX}{os.getpid()}"
    for version, places in ((2, _find_v2(server or os.getpid())), (1, _find_v1())):
        if places is None:
            continue
        parents = {controller: place / name for controller, place in places.items()}
        try:
            for parent in parents.values():
                parent.mkdir(exist_ok=True)
            if version == 2:
                delegation.delegate(places["unified"], parents["unified"])
        except OSError:
            continue
        return Groups(version, parents)
    return None


def _own_groups() -> dict[str, str]:
    """Controller list to this process's group, from /proc/self/cgroup."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path
    return own


def _mounts(kind: str) -> dict[str, tuple[Path, str]]:
    """Controller (`unified` for version 2) to its mount point and the group mounted there."""
    found: dict[str, tuple[Path, str]] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        fields, (filesystem, _, options) = left.split(), right.split(" ", 2)
        if filesystem != kind:
            continue
        names = options.split(",") if kind == "cgroup" else ["unified"]
        for name in names:
            found.setdefault(name, (Path(fields[4]), fields[3]))
    return found


def _place(mounted: tuple[Path, str], own: str) -> Path:
    point, root = mounted
    inside = own.removeprefix(root) if root != "/" else own
    return point / inside.lstrip("/")


def _find_v1() -> dict[str, Path] | None:
    own, mounts = _own_groups(), _mounts("cgroup")
    if any(each not in own or each not in mounts for each in _CONTROLLERS):
        return None
    places = {each: _place(mounts[each], own[each]) for each in _CONTROLLERS}
    return places if all(os.access(each, os.W_OK) for each in places.values()) else None


def _find_v2(server: int) -> dict[str, Path] | None:
    own, mounts = _own_groups(), _mounts("cgroup2")
    if "" not in own or "unified" not in mounts:
        return None
    root, _ = mounts["unified"]
    chosen = delegation.choose(_place(mounts["unified"], own[""]), root, server)
    return {"unified": chosen} if chosen else None
