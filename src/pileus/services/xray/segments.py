"""Segments on their way in: PutTraceSegments, and what services hand over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.deliveries import Delivery
from pileus.kernel.trace_headers import SEGMENT_ID, TRACE_ID
from pileus.kernel.transaction import Transaction
from pileus.services.xray import errors, store

EXPIRE = "xray:expire"
# docs: xray/latest/devguide/xray-api-segmentdocuments, and the quotas in general/latest/gr/xray
DOCUMENT_BYTES_MAX = 65_536
TRACE_BYTES_MAX = 500_000
DOCUMENTS_MAX = 50
KEPT_MS = 30 * 24 * 3_600_000
_NAME_LENGTH_MAX = 200
_EXPIRED_AT_ONCE = 200
_HOUR_MS = 3_600_000
_SECONDS_MAX = 1 << 33


class _Segment(NamedTuple):
    trace_id: str
    id: str
    document: str


class _Refused(Exception):
    """A document that is not taken: the code, and the id if it has one."""

    def __init__(self, code: str, segment_id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.segment_id = segment_id


_read = msgspec.json.Decoder(dict[str, Any]).decode


def put_trace_segments(call: Call, *, trace_segment_documents: list[str]) -> dict[str, Any]:
    if len(trace_segment_documents) > DOCUMENTS_MAX:
        raise errors.invalid_request(
            f"The number of segment documents must not be greater than {DOCUMENTS_MAX}"
        )
    refused = _take(call.tx, trace_segment_documents)
    return {
        "UnprocessedTraceSegments": [
            {"ErrorCode": each.code, **({"Id": each.segment_id} if each.segment_id else {})}
            for each in refused
        ]
    }


def accept(call: Call, delivery: Delivery) -> None:
    """Take documents that a service handed over, as a list of texts."""
    try:
        documents = msgspec.json.decode(delivery.payload, type=list[str])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise errors.invalid_request(f"Not a list of documents: {error}") from error
    _take(call.tx, documents[:DOCUMENTS_MAX])


def _take(tx: Transaction, documents: list[str]) -> list[_Refused]:
    refused: list[_Refused] = []
    owner = tx.about
    for document in documents:
        try:
            segment = _check(document, tx.now)
            if store.size_bytes(tx, owner, segment.trace_id) + len(document) > TRACE_BYTES_MAX:
                raise _Refused("TraceSizeLimitExceeded", segment.id)
        except _Refused as refusal:
            refused.append(refusal)
            continue
        at = began_at(segment.trace_id)
        oldest_at = store.oldest_at(tx, owner)
        if oldest_at is None or at < oldest_at:
            tx.set_timer(EXPIRE, owner, due_at(at))
        store.put_segment(tx, owner, segment.trace_id, at, segment.id, segment.document)
    return refused


def began_at(trace_id: str) -> int:
    """The instant in a trace's id."""
    return int(trace_id[2:10], 16) * 1000


def due_at(at: int) -> int:
    """When a trace should be forgotten: the full hour after its retention."""
    expiry = at + KEPT_MS
    return expiry + _HOUR_MS - expiry % _HOUR_MS


def _check(document: str, now: int) -> _Segment:
    try:
        found = _read(document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _Refused("ParseError") from error
    segment_id = found.get("id")
    if not isinstance(segment_id, str) or not segment_id:
        raise _Refused("MissingId")
    if not SEGMENT_ID.fullmatch(segment_id):
        raise _Refused("InvalidId", segment_id[:64])
    if len(document.encode()) > DOCUMENT_BYTES_MAX:
        raise _Refused("SegmentSizeLimitExceeded", segment_id)
    trace_id = found.get("trace_id")
    if trace_id is None:
        raise _Refused("MissingTraceId", segment_id)
    if not isinstance(trace_id, str) or not TRACE_ID.fullmatch(trace_id):
        raise _Refused("InvalidTraceId", segment_id)
    if began_at(trace_id) < now - KEPT_MS:
        raise _Refused("TraceIdTooOld", segment_id)
    name = found.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME_LENGTH_MAX:
        raise _Refused("InvalidName", segment_id)
    _check_times(found, segment_id)
    if found.get("type") == "subsegment" and not isinstance(found.get("parent_id"), str):
        raise _Refused("MissingParentId", segment_id)
    # PostgreSQL stores no U+0000, which may stand escaped in JSON.
    return _Segment(trace_id, segment_id, msgspec.json.encode(found).decode())


def _check_times(found: dict[str, Any], segment_id: str) -> None:
    start, end = found.get("start_time"), found.get("end_time")
    if start is None:
        raise _Refused("MissingStartTime", segment_id)
    if not _is_time(start):
        raise _Refused("InvalidStartTime", segment_id)
    if end is None:
        found.pop("end_time", None)
        if found.get("in_progress") is not True:
            raise _Refused("MissingEndTime", segment_id)
    elif not _is_time(end):
        raise _Refused("InvalidEndTime", segment_id)


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _SECONDS_MAX


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: forget a page of traces that are older than thirty days."""
    tx = call.tx
    before = tx.now - KEPT_MS
    room = _EXPIRED_AT_ONCE
    for trace_id in store.expired(tx, tx.about, before, _EXPIRED_AT_ONCE):
        room -= 1 + store.forget(tx, tx.about, trace_id, max(1, room))
        if room <= 0:
            tx.set_timer(EXPIRE, key, tx.now, payload)
            return
    oldest_at = store.oldest_at(tx, tx.about)
    if oldest_at is not None:
        tx.set_timer(EXPIRE, key, due_at(oldest_at), payload)
