"""Control groups of version 2, on files that look like them; version 1 is tried for real."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pileus.sandbox.isolation import cgroups, delegation

FILES = {
    "cgroup.procs": "",
    "memory.max": "max",
    "memory.oom.group": "0",
    "memory.swap.max": "max",
    "memory.current": "209715200\n",
    "memory.peak": "314572800\n",
    "memory.stat": "anon 104857600\nfile 1\nshmem 52428800\n",
    "memory.events": "low 0\noom 1\noom_kill 1\n",
    "pids.max": "max",
    "cpu.max": "max 100000",
    "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n",
}


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cgroups.GroupV2:
    make = Path.mkdir

    def make_with_files(path: Path, **options: bool) -> None:
        make(path, **options)
        for name, text in FILES.items():
            (path / name).write_text(text)

    monkeypatch.setattr(Path, "mkdir", make_with_files)
    return cgroups.GroupV2(tmp_path, "made")


def test_the_groups_limit_is_memory_and_temporary_files(
    group: cgroups.GroupV2, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    group.hold_memory(128 + 512)
    # 32 MB are left for what the kernel counts besides.
    assert [str((640 + 32) << 20), "1024", "1", "0"] == [
        (made / name).read_text()
        for name in ("memory.max", "pids.max", "memory.oom.group", "memory.swap.max")
    ]


def test_the_cpu_is_held_after_init(group: cgroups.GroupV2, tmp_path: Path) -> None:
    assert "max 100000" == (tmp_path / "made" / "cpu.max").read_text()
    group.hold_cpu(1769)
    assert "20000 20000" == (tmp_path / "made" / "cpu.max").read_text()
    group.free_cpu()
    assert "max" == (tmp_path / "made" / "cpu.max").read_text()


def test_memory_is_read(group: cgroups.GroupV2) -> None:
    assert (200 << 20, 100 << 20, 50 << 20, 300 << 20, True) == (
        group.usage_bytes(),
        group.anonymous_bytes(),
        group.file_bytes(),
        group.peak_bytes(),
        group.has_run_out(),
    )


def test_the_time_of_the_processor_is_read(group: cgroups.GroupV2) -> None:
    assert 2.5 == group.cpu_seconds()


def test_members_are_read(group: cgroups.GroupV2, tmp_path: Path) -> None:
    (tmp_path / "made" / "cgroup.procs").write_text("12\n34\n")
    assert [12, 34] == group.members()


@pytest.mark.parametrize(
    ("memory_mb", "quota"),
    [(128, 1447), (1769, 20_000), (3538, 40_000), (10_240, 115_771), (64, 1000)],
)
def test_the_share_of_the_cpu_follows_memory(memory_mb: int, quota: int) -> None:
    assert quota == cgroups.quota_microseconds(memory_mb)


def machine(directory: Path, name: str, members: set[int], controllers: str) -> Path:
    """A group's directory with the files that decide."""
    place = directory / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "cgroup.controllers").write_text(controllers)
    (place / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in members))
    (place / "cgroup.subtree_control").write_text("")
    if name:
        (place / "cgroup.type").write_text("domain\n")
    return place


ALL = "cpuset cpu io memory pids"
ME = os.getpid()
STRANGER = 1


def test_a_delegated_group_of_our_own_is_used(tmp_path: Path) -> None:
    root, own = machine(tmp_path, "", {STRANGER}, ALL), machine(tmp_path, "own", {ME}, ALL)
    assert own == delegation.choose(own, root, ME)


def test_a_group_that_others_share_is_left_alone(tmp_path: Path) -> None:
    root = machine(tmp_path, "", {STRANGER}, ALL)
    own = machine(tmp_path, "own", {ME, STRANGER}, ALL)
    assert root == delegation.choose(own, root, ME)


def test_a_containers_root_is_used_with_those_that_started_us(tmp_path: Path) -> None:
    root = machine(tmp_path, "container", {ME, os.getppid()}, ALL)
    assert root == delegation.choose(root, root, ME)


@pytest.mark.parametrize("controllers", ["", "cpu memory", "cpu pids"])
def test_a_group_without_the_needed_controllers_is_of_no_use(
    tmp_path: Path, controllers: str
) -> None:
    root = machine(tmp_path, "", {STRANGER}, controllers)
    own = machine(tmp_path, "own", {ME}, controllers)
    assert delegation.choose(own, root, ME) is None


def test_after_a_restart_the_group_above_our_leaf_is_used(tmp_path: Path) -> None:
    root, own = machine(tmp_path, "", {STRANGER}, ALL), machine(tmp_path, "own", set(), ALL)
    leaf = machine(tmp_path, f"own/{delegation.LEAF}", {ME}, ALL)
    assert own == delegation.choose(leaf, root, ME)


def test_delegating_moves_the_processes_to_a_leaf_and_passes_on_what_there_is(
    tmp_path: Path,
) -> None:
    own = machine(tmp_path, "own", {ME}, "memory pids")
    parent = machine(tmp_path, "own/pileus-1", set(), "memory pids")
    delegation.delegate(own, parent)
    assert [str(ME), "+memory +pids", "+memory +pids"] == [
        (own / delegation.LEAF / "cgroup.procs").read_text(),
        (own / "cgroup.subtree_control").read_text(),
        (parent / "cgroup.subtree_control").read_text(),
    ]
