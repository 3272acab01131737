"""X-Ray's rows: traces, their segments, and sampling rules."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction


class TraceRow(NamedTuple):
    id: str
    at: int
    updated_at: int
    revision: int


class RuleRow(NamedTuple):
    name: str
    rule: str
    created_at: int
    modified_at: int


_NOTE_TRACE = """
INSERT INTO xray_traces (part, owner, id, at, updated_at, size_bytes, revision)
VALUES (:part, :owner, :id, :at, :now, :size, 1)
ON CONFLICT (part, owner, id) DO UPDATE SET updated_at = excluded.updated_at,
size_bytes = xray_traces.size_bytes + excluded.size_bytes, revision = xray_traces.revision + 1
"""
_SIZE = "SELECT size_bytes FROM xray_traces WHERE part = :part AND owner = :owner AND id = :id"
_PUT = """
INSERT INTO xray_segments (part, owner, trace_id, id, document)
VALUES (:part, :owner, :trace_id, :id, :document)
ON CONFLICT (part, owner, trace_id, id) DO UPDATE SET document = excluded.document
"""
_SEGMENTS = """
SELECT document FROM xray_segments
WHERE part = :part AND owner = :owner AND trace_id = :trace_id ORDER BY id LIMIT :limit
"""
_BY_TIME = """
SELECT id, at, updated_at, revision FROM xray_traces
WHERE part = :part AND owner = :owner AND at < :stop AND (at, id) > (:start, :after)
ORDER BY at, id LIMIT :limit
"""
_BY_UPDATE = """
SELECT id, at, updated_at, revision FROM xray_traces
WHERE part = :part AND owner = :owner AND updated_at < :stop
AND (updated_at, id) > (:start, :after)
ORDER BY updated_at, id LIMIT :limit
"""
_EXPIRED = """
SELECT id FROM xray_traces WHERE part = :part AND owner = :owner AND at < :before
ORDER BY at, id LIMIT :limit
"""
_OLDEST = """
SELECT at FROM xray_traces WHERE part = :part AND owner = :owner ORDER BY at, id LIMIT 1
"""
_FORGET_SEGMENTS = """
DELETE FROM xray_segments WHERE part = :part AND owner = :owner AND trace_id = :id
AND id IN (SELECT id FROM xray_segments
  WHERE part = :part AND owner = :owner AND trace_id = :id ORDER BY id LIMIT :limit)
"""
_FORGET_TRACE = "DELETE FROM xray_traces WHERE part = :part AND owner = :owner AND id = :id"
_RULES = """
SELECT name, rule, created_at, modified_at FROM xray_rules
WHERE part = :part AND owner = :owner ORDER BY name LIMIT :limit
"""
_PUT_RULE = """
INSERT INTO xray_rules (part, owner, name, rule, created_at, modified_at)
VALUES (:part, :owner, :name, :rule, :created, :now)
ON CONFLICT (part, owner, name) DO UPDATE SET rule = excluded.rule,
modified_at = excluded.modified_at
"""
_DROP_RULE = "DELETE FROM xray_rules WHERE part = :part AND owner = :owner AND name = :name"

SEGMENTS_MAX = 1_000


def put_segment(
    tx: Transaction, owner: str, trace_id: str, at: int, segment_id: str, document: str
) -> None:
    tx.run(_NOTE_TRACE, owner=owner, id=trace_id, at=at, size=len(document))
    tx.run(_PUT, owner=owner, trace_id=trace_id, id=segment_id, document=document)


def size_bytes(tx: Transaction, owner: str, trace_id: str) -> int:
    row = tx.one(_SIZE, owner=owner, id=trace_id)
    return 0 if row is None else row[0]


def segments(tx: Transaction, owner: str, trace_id: str) -> list[str]:
    """The documents of a trace."""
    rows = tx.all(
        _SEGMENTS, at_most=SEGMENTS_MAX, owner=owner, trace_id=trace_id, limit=SEGMENTS_MAX
    )
    return [document for (document,) in rows]


def traces(
    tx: Transaction, owner: str, start: int, after: str, stop: int, limit: int, by_update: bool
) -> list[TraceRow]:
    """Traces after a place in order of their begin, or of their newest part."""
    rows = tx.all(
        _BY_UPDATE if by_update else _BY_TIME, at_most=limit, owner=owner, start=start,
        after=after, stop=stop, limit=limit,
    )  # fmt: skip
    return [TraceRow(*row) for row in rows]


def expired(tx: Transaction, owner: str, before: int, limit: int) -> list[str]:
    rows = tx.all(_EXPIRED, at_most=limit, owner=owner, before=before, limit=limit)
    return [trace_id for (trace_id,) in rows]


def oldest_at(tx: Transaction, owner: str) -> int | None:
    row = tx.one(_OLDEST, owner=owner)
    return None if row is None else row[0]


def forget(tx: Transaction, owner: str, trace_id: str, limit: int) -> int:
    """Remove a trace, or so many of its segments; how many those were."""
    removed = tx.run(_FORGET_SEGMENTS, owner=owner, id=trace_id, limit=limit)
    if removed < limit:
        tx.run(_FORGET_TRACE, owner=owner, id=trace_id)
    return removed


def rules(tx: Transaction, owner: str, limit: int) -> list[RuleRow]:
    rows = tx.all(_RULES, at_most=limit, owner=owner, limit=limit)
    return [RuleRow(*row) for row in rows]


def put_rule(tx: Transaction, owner: str, name: str, rule: str, created_at: int) -> None:
    tx.run(_PUT_RULE, owner=owner, name=name, rule=rule, created=created_at)


def drop_rule(tx: Transaction, owner: str, name: str) -> bool:
    return tx.run(_DROP_RULE, owner=owner, name=name) > 0
