"""Rows of archives, archived events and replays."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction


class Archive(msgspec.Struct, frozen=True, omit_defaults=True):
    source: str  # the bus's ARN
    created_at: int
    description: str | None = None
    pattern: str = ""
    # 0: for ever.
    retention_days: int = 0
    kms_key: str | None = None


class Kept(NamedTuple):
    """An archive as it stands."""

    id: str
    archive: Archive
    events: int
    size_bytes: int
    expires_at: int


class Replay(msgspec.Struct, frozen=True, omit_defaults=True):
    archive: str  # ARN
    destination: dict[str, Any]
    starts_at: int
    ends_at: int
    started_at: int
    description: str | None = None


class Progress(NamedTuple):
    replay: Replay
    state: str
    last_at: int
    last_id: str
    ended_at: int


class Archived(NamedTuple):
    at: int
    id: str
    event: str


_FIND = """
SELECT id, archive, events, size_bytes, expires_at FROM events_archives
WHERE part = :part AND arn = :arn
"""
_INSERT = """
INSERT INTO events_archives (part, arn, id, archive, events, size_bytes, expires_at)
VALUES (:part, :arn, :id, :archive, 0, 0, 0)
"""
_UPDATE = "UPDATE events_archives SET archive = :archive WHERE part = :part AND arn = :arn"
_DELETE = "DELETE FROM events_archives WHERE part = :part AND arn = :arn"
_COUNT = """
UPDATE events_archives SET events = events + :events, size_bytes = size_bytes + :size_bytes
WHERE part = :part AND arn = :arn
"""
_SET_EXPIRES = "UPDATE events_archives SET expires_at = :at WHERE part = :part AND arn = :arn"
_ADD = """
INSERT INTO events_archived (part, archive, at, id, archived_at, size_bytes, event)
VALUES (:part, :archive, :at, :id, :now, :size_bytes, :event)
ON CONFLICT (part, archive, at, id) DO NOTHING
"""
_PAGE = """
SELECT at, id, event FROM events_archived
WHERE part = :part AND archive = :archive AND at >= :after_at AND at <= :until
  AND (at > :after_at OR id > :after_id)
ORDER BY at, id LIMIT :limit
"""
_OLDEST = """
SELECT archived_at, at, id, size_bytes FROM events_archived
WHERE part = :part AND archive = :archive ORDER BY archived_at, at, id LIMIT :limit
"""
_REMOVE = """
DELETE FROM events_archived
WHERE part = :part AND archive = :archive AND at = :at AND id = :id
"""
_FIND_REPLAY = """
SELECT replay, state, last_at, last_id, ended_at FROM events_replays
WHERE part = :part AND arn = :arn
"""
_INSERT_REPLAY = """
INSERT INTO events_replays (part, arn, replay, state, last_at, last_id, ended_at)
VALUES (:part, :arn, :replay, :state, 0, '', 0)
"""
_MOVE_REPLAY = """
UPDATE events_replays
SET state = :state, last_at = :last_at, last_id = :last_id, ended_at = :ended_at
WHERE part = :part AND arn = :arn
"""

_archive_of = msgspec.json.Decoder(Archive).decode
_replay_of = msgspec.json.Decoder(Replay).decode


def seek(tx: Transaction, arn: str) -> Kept | None:
    row = tx.one(_FIND, arn=arn)
    if row is None:
        return None
    archive_id, archive, events, size_bytes, expires_at = row
    return Kept(archive_id, _archive_of(archive), events, size_bytes, expires_at)


def insert(tx: Transaction, arn: str, archive: Archive) -> None:
    tx.run(_INSERT, arn=arn, id=tx.kernel.ids.uuid(), archive=_text(archive))


def update(tx: Transaction, arn: str, archive: Archive) -> None:
    tx.run(_UPDATE, arn=arn, archive=_text(archive))


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)


def add(tx: Transaction, arn: str, archive_id: str, archived: Archived) -> None:
    """Keep an event; one that is there already is not counted twice."""
    size = len(archived.event.encode())
    if tx.run(
        _ADD, archive=archive_id, at=archived.at, id=archived.id, size_bytes=size,
        event=archived.event,
    ):  # fmt: skip
        tx.run(_COUNT, arn=arn, events=1, size_bytes=size)


def page(
    tx: Transaction, archive_id: str, after: tuple[int, str], until: int, limit: int
) -> list[Archived]:
    """Events after one of a time and id, up to an instant."""
    rows = tx.all(
        _PAGE, at_most=limit, archive=archive_id, after_at=after[0], after_id=after[1],
        until=until, limit=limit,
    )  # fmt: skip
    return [Archived(*row) for row in rows]


def remove_oldest(tx: Transaction, archive_id: str, until: int, limit: int) -> tuple[int, int, int]:
    """Remove a page of what was archived up to an instant.

    How many events and bytes went, and when the oldest of the others was archived (0: none).
    """
    rows = tx.all(_OLDEST, at_most=limit, archive=archive_id, limit=limit)
    gone = [row for row in rows if row[0] <= until]
    tx.run_many(_REMOVE, [{"archive": archive_id, "at": row[1], "id": row[2]} for row in gone])
    oldest = rows[len(gone)][0] if len(gone) < len(rows) else 0
    if gone and not oldest:
        rest = tx.one(_OLDEST, archive=archive_id, limit=1)
        oldest = rest[0] if rest is not None else 0
    return len(gone), sum(row[3] for row in gone), oldest


def count_removed(tx: Transaction, arn: str, events: int, size_bytes: int) -> None:
    tx.run(_COUNT, arn=arn, events=-events, size_bytes=-size_bytes)


def set_expires_at(tx: Transaction, arn: str, at: int) -> None:
    tx.run(_SET_EXPIRES, arn=arn, at=at)


def seek_replay(tx: Transaction, arn: str) -> Progress | None:
    row = tx.one(_FIND_REPLAY, arn=arn)
    if row is None:
        return None
    replay, state, last_at, last_id, ended_at = row
    return Progress(_replay_of(replay), state, last_at, last_id, ended_at)


def insert_replay(tx: Transaction, arn: str, replay: Replay, state: str) -> None:
    tx.run(_INSERT_REPLAY, arn=arn, replay=_text(replay), state=state)


def move_replay(tx: Transaction, arn: str, progress: Progress) -> None:
    tx.run(
        _MOVE_REPLAY, arn=arn, state=progress.state, last_at=progress.last_at,
        last_id=progress.last_id, ended_at=progress.ended_at,
    )  # fmt: skip


def _text(value: Archive | Replay) -> str:
    return msgspec.json.encode(value).decode()
