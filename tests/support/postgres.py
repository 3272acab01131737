"""A PostgreSQL server of the tests' own, started from the installed binaries."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

# PostgreSQL refuses to run as root.
ORDINARY_USERS = ("postgres", "nobody")

END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

INITDB_OPTIONS = ("--no-sync", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "deadlock_timeout": "100ms",
}


@cache
def binaries() -> Path | None:
    """The folder of the newest installed server, wherever distributions hide it."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(installed, key=lambda path: float(path.parent.parent.name))
    return newest[-1].parent if newest else None


class Server:
    """A running server, which gives each test a schema of its own: cheaper than a database."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process
        self._made = 0

    def url(self, schema: str = "public") -> str:
        """The address of one schema."""
        options = f"options=-csearch_path%3D{schema}"
        return f"postgresql:///postgres?host={self.folder}&user=pileus&{options}"

    def new_database(self) -> str:
        """Make what is to its users an empty database; return its address."""
        import psycopg

        self._made += 1
        name = f"test_{self._made}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop it, with whoever is still connected."""
        import psycopg

        name = url.rsplit("%3D", 1)[1]
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(END_OTHERS)
            connection.execute(f"DROP SCHEMA {name} CASCADE")


def skip_without_postgres() -> Path:
    """Return the folder of the binaries, or skip the test naming what is missing."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed (no initdb in PATH or /usr/lib/postgresql)")
    return folder


@contextmanager
def running_server() -> Iterator[Server]:
    """Make a cluster in a temporary folder, run it, remove both."""
    programs = skip_without_postgres()
    user = _ordinary_user()
    folder = Path(tempfile.mkdtemp(prefix="pileus-pg-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        _run(
            [programs / "initdb", "-D", data, "-U", "pileus", *INITDB_OPTIONS],
            user,
        )
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *settings],
            stdout=log,
            stderr=log,
            cwd=folder,
            **_as_user(user),
        )
        log.close()
        try:
            _await_ready(programs, folder, process)
            yield Server(folder, process)
        finally:
            # SIGQUIT: stop at once, nothing here is worth a checkpoint.
            process.send_signal(signal.SIGQUIT)
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await_ready(programs: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        asked = [programs / "pg_isready", "-q", "-h", folder, "-U", "pileus", "-t", "1"]
        if subprocess.run(asked, check=False).returncode == 0:
            return
    raise AssertionError("PostgreSQL did not start:\n" + (folder / "log").read_text())


def _ordinary_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ORDINARY_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _as_user(user: pwd.struct_passwd | None) -> dict[str, object]:
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(command: list[object], user: pwd.struct_passwd | None) -> None:
    made = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        check=False,
        cwd="/",
        **_as_user(user),
    )
    assert 0 == made.returncode, made.stderr.decode()
