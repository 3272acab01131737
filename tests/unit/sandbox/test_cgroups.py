"""Control groups of version 2, on files that look like them; version 1 is tried for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from pileus.sandbox.isolation import cgroups

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


def test_memory_is_read(group: cgroups.GroupV2) -> None:
    assert (200 << 20, 100 << 20, 50 << 20, 300 << 20, True) == (
        group.usage_bytes(),
        group.anonymous_bytes(),
        group.file_bytes(),
        group.peak_bytes(),
        group.has_run_out(),
    )


def test_members_are_read(group: cgroups.GroupV2, tmp_path: Path) -> None:
    (tmp_path / "made" / "cgroup.procs").write_text("12\n34\n")
    assert [12, 34] == group.members()


@pytest.mark.parametrize(
    ("memory_mb", "quota"),
    [(128, 1447), (1769, 20_000), (3538, 40_000), (10_240, 115_771), (64, 1000)],
)
def test_the_share_of_the_cpu_follows_memory(memory_mb: int, quota: int) -> None:
    assert quota == cgroups.quota_microseconds(memory_mb)
