"""One event: as its sender gave it, as rules see it, and as targets get it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

# The order of an event's fields is AWS's.
_encode = msgspec.json.Encoder().encode
# Not AWS's, which does not tell its own.
_DEPTH_MAX = 500


class Event(NamedTuple):
    """An event's text, its fields as rules are matched against, and its X-Ray trace header."""

    text: str
    fields: dict[str, Any]
    trace: str = ""

    @property
    def id(self) -> str:
        found: str = self.fields["id"]
        return found


class Origin(NamedTuple):
    """What Pileus itself says about an event."""

    id: str
    account: str
    region: str
    now: int


class Said(NamedTuple):
    """What its sender says; `detail` is the JSON text and `parsed` what it means."""

    source: str
    detail_type: str
    detail: str
    parsed: dict[str, Any]
    resources: list[str]
    at: int | None = None
    trace: str = ""


def event(origin: Origin, said: Said) -> Event:
    at = origin.now if said.at is None else said.at
    fields: dict[str, Any] = {
        "version": "0",
        "id": origin.id,
        "detail-type": said.detail_type,
        "source": said.source,
        "account": origin.account,
        "time": time_text(at // 1000),
        "region": origin.region,
        "resources": said.resources,
    }
    head = _encode(fields).decode()
    fields["detail"] = said.parsed
    return Event(f'{head[:-1]},"detail":{said.detail}}}', fields, said.trace)


def read(text: str, trace: str = "") -> Event:
    """An event that was written by `event`."""
    return Event(text, msgspec.json.decode(text), trace)


def replayed(text: str, replay_name: str) -> Event:
    """An archived event, as a replay sends it."""
    named = f'{text[:-1]},"replay-name":{_encode(replay_name).decode()}}}'
    return read(named)


def scheduled(origin: Origin, rule_arn: str, at: int) -> Event:
    said = Said("aws.events", "Scheduled Event", "{}", {}, [rule_arn], at)
    return event(origin, said)


@lru_cache(maxsize=1024)
def time_text(seconds: int) -> str:
    """An instant as events tell it: whole seconds of UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def compact(detail: str) -> str:
    """JSON without the space between its parts; everything else stays as it was written."""
    found: str = msgspec.json.format(detail, indent=-1)
    return found


def is_deep(detail: str, parsed: Any) -> bool:
    """Whether a detail is nested more deeply than all that read it later can be sure to follow."""
    if detail.count("{") + detail.count("[") <= _DEPTH_MAX:
        return False
    level: list[Any] = [parsed]
    for _ in range(_DEPTH_MAX):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def size_bytes(entry: Mapping[str, Any]) -> int:
    """docs: eb-putevents, calculating event entry sizes."""
    text = (entry.get("Detail") or "") + (entry.get("DetailType") or "")
    text += entry.get("Source") or ""
    if entry.get("Resources"):
        text += "".join(entry["Resources"])
    size = len(text) if text.isascii() else len(text.encode())
    return size + (14 if entry.get("Time") is not None else 0)
