"""The probe makes a whole sandbox, and names the step that a machine refuses, with the remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pileus.sandbox.isolation import remedies

# What container runtimes do to a process, then the probe.
IN_A_CONTAINER = """
import asyncio, ctypes, os, struct, sys
from pathlib import Path
from pileus.sandbox.fleet_local import LocalFleet
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import linux, seccomp
directory, *restrictions = sys.argv[1:]
if "masked /proc" in restrictions:
    linux.unshare(linux.CLONE_NEWNS, "container")
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", "/proc/fs", "tmpfs", linux.MS_RDONLY)
if "few capabilities" in restrictions:
    kept = 0xA80425FB  # Docker's default set.
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0), 8)
    sets = ctypes.create_string_buffer(struct.pack("IIIIII", kept, kept, 0, 0, 0, 0), 24)
    linux.syscall("capset", header, sets)
if "filter" in restrictions:
    linux.forbid_new_privileges()
    seccomp.apply(has_groups=True)
settings = FleetSettings(directory + "/state", directory + "/packages")
fleet = LocalFleet(settings, lambda name, listener: None)
print(asyncio.run(fleet.probe()), end="")
"""


def probe(directory: Path, *restrictions: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", IN_A_CONTAINER, str(directory), *restrictions],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert "" == answer.stderr
    return answer.stdout


def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("to be a container: this needs root")


def test_nothing_is_refused_here(tmp_path: Path) -> None:
    needs_root()
    assert "" == probe(tmp_path)


def test_a_container_as_the_remedy_starts_it_refuses_nothing(tmp_path: Path) -> None:
    needs_root()
    assert "" == probe(tmp_path, "few capabilities")


@pytest.mark.parametrize(
    ("restrictions", "step"),
    [
        (["filter"], "mount namespace: Operation not permitted."),
        (["few capabilities", "filter"], "user namespace: Operation not permitted."),
        (["few capabilities", "masked /proc"], "mount proc /proc: Operation not permitted."),
    ],
    ids=["filter", "capabilities-and-filter", "masked-proc"],
)
def test_a_container_that_refuses_is_told_from_others(
    tmp_path: Path, restrictions: list[str], step: str
) -> None:
    needs_root()
    told = probe(tmp_path, *restrictions)
    assert f"The sandbox could not be made: {step}" in told
    assert "docker run --security-opt seccomp=unconfined" in told
    assert "--isolation process" in told


@pytest.mark.parametrize(
    ("setting", "value", "command"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1",
         "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0",
         "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
    ],
)  # fmt: skip
def test_a_setting_that_refuses_is_named_with_its_command(
    tmp_path: Path, setting: str, value: str, command: str
) -> None:
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(f"{value}\n")
    assert command in remedies.explain("user namespace", 1, tmp_path)


def test_an_old_kernel_is_named(tmp_path: Path) -> None:
    assert "Linux 5.12 or newer is needed" in remedies.explain("mount_setattr", 38, tmp_path)
