"""The commands that look after a store from outside: snapshot, restore, doctor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pileus.kernel.database.archive import Manifest, SnapshotRefused
from pileus.kernel.database.doctor import Finding, Level, examine
from pileus.kernel.database.snapshot import restore_snapshot, take_snapshot
from pileus.kernel.database.store import StoreRefused

_EMBEDDED = "sqlite"
_FILE = click.Path(path_type=Path, dir_okay=False)


def _place(command: Callable[..., Any]) -> Callable[..., Any]:
    """The two options that say where a store is."""
    data = click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("data"),
        show_default=True,
        help="Directory that holds everything that is kept.",
    )
    store = click.option(
        "--store",
        default=_EMBEDDED,
        show_default=True,
        help="sqlite, or a PostgreSQL connection string (postgresql://...).",
    )
    return data(store(command))


@click.command()
@click.argument("file", type=_FILE)
@_place
def snapshot(file: Path, data: Path, store: str) -> None:
    """Copy the whole store, as of one moment, into FILE; Pileus may run meanwhile."""
    if store == _EMBEDDED:
        manifest = _answered(take_snapshot, data, file)
    else:
        from pileus.kernel.database.postgres_dump import take_postgres_snapshot

        manifest = _answered(take_postgres_snapshot, store, data, file)
    click.echo(f"{file}: the rows and {manifest.blobs} large contents of {data}.")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Replace a store that is there.")
@_place
def restore(file: Path, force: bool, data: Path, store: str) -> None:
    """Make the store what FILE, a snapshot, holds; Pileus must be stopped."""
    if store == _EMBEDDED:
        manifest = _answered(restore_snapshot, file, data, is_forced=force)
    else:
        from pileus.kernel.database.postgres_dump import restore_postgres_snapshot

        manifest = _answered(restore_postgres_snapshot, file, store, data, is_forced=force)
    click.echo(f"{data}: restored from {file}, with {manifest.blobs} large contents.")


def _answered(work: Callable[..., Manifest], *args: Any, **options: Any) -> Manifest:
    try:
        return work(*args, **options)
    except (SnapshotRefused, StoreRefused, OSError) as refusal:
        raise click.ClickException(str(refusal)) from None


@click.command()
@click.option("--read-contents", is_flag=True, help="Hash every large content too.")
@_place
def doctor(read_contents: bool, data: Path, store: str) -> None:
    """Look the store over and say what is wrong with it; changes nothing."""
    from pileus import app

    tables = app.schemas(app.SERVICES)
    if store == _EMBEDDED:
        findings = examine(data, tables, reads_contents=read_contents)
    else:
        from pileus.kernel.database.postgres_doctor import examine_postgres

        findings = examine_postgres(store, data, tables, reads_contents=read_contents)
    for finding in findings:
        click.echo(_line(finding))
    if any(finding.level is Level.ERROR for finding in findings):
        raise SystemExit(1)


def _line(finding: Finding) -> str:
    text = f"{finding.level:7} {finding.subject}: {finding.text}"
    return f"{text} {finding.remedy}" if finding.remedy else text
