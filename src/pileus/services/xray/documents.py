"""A trace put together from its documents, and what it sums up to; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

Document = dict[str, Any]
_DEPTH_MAX = 50


class Trace(NamedTuple):
    """Segments in order of their begin, each with the subsegments that were sent apart."""

    id: str
    segments: list[Document]

    @property
    def duration_seconds(self) -> float:
        if not self.segments:
            return 0.0
        start: float = self.segments[0]["start_time"]
        return max(0.0, round(max(map(ended_at, self.segments)) - start, 3))


def ended_at(segment: Mapping[str, Any]) -> float:
    """In seconds; the begin of one that is still in progress."""
    end: float = segment.get("end_time", segment["start_time"])
    return end


def assemble(trace_id: str, texts: Sequence[str]) -> Trace:
    """Hang subsegments that were sent by themselves below their parents."""
    documents = [msgspec.json.decode(text) for text in texts]
    known: dict[str, Document] = {}
    for document in documents:
        for each in parts(document):
            if isinstance(each.get("id"), str):
                known[each["id"]] = each
    segments = []
    for document in documents:
        parent = known.get(document.get("parent_id", ""))
        if document.get("type") != "subsegment" or parent is None or _is_within(parent, document):
            segments.append(document)
        else:
            if not isinstance(parent.get("subsegments"), list):
                parent["subsegments"] = []
            parent["subsegments"].append(document)
    segments.sort(key=lambda each: each["start_time"])
    return Trace(trace_id, segments)


def _is_within(part: Document, whole: Document) -> bool:
    return any(each is part for each in parts(whole))


def parts(document: Document, depth: int = 0) -> Iterator[Document]:
    """A segment and all subsegments in it."""
    yield document
    nested = document.get("subsegments")
    if isinstance(nested, list) and depth < _DEPTH_MAX:
        for each in nested:
            if isinstance(each, dict):
                yield from parts(each, depth + 1)


def service_of(segment: Mapping[str, Any], account: str) -> dict[str, Any]:
    """ServiceId of a segment."""
    name = segment["name"]
    kind = segment.get("origin")
    return {
        "Name": name, "Names": [name], "AccountId": account,
        "Type": kind if isinstance(kind, str) else "client",
    }  # fmt: skip


def has(trace: Trace, flag: str) -> bool:
    """Whether any segment ended in `fault`, `error` or `throttle`."""
    return any(segment.get(flag) is True for segment in trace.segments)


def annotated(trace: Trace) -> Iterator[tuple[str, Any, Document]]:
    """(key, value, segment) of everything that was annotated."""
    for segment in trace.segments:
        for each in parts(segment):
            noted = each.get("annotations")
            if isinstance(noted, dict):
                for key, value in noted.items():
                    if isinstance(value, str | int | float | bool):
                        yield key, value, segment


def http_of(segment: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    http = segment.get("http")
    found = http.get(part) if isinstance(http, dict) else None
    return found if isinstance(found, dict) else {}


def summary(trace: Trace, account: str, revision: int) -> dict[str, Any]:
    """As GetTraceSummaries shows a trace."""
    services = [service_of(segment, account) for segment in trace.segments]
    unique = list({(each["Name"], each["Type"]): each for each in services}.values())
    root = trace.segments[0]
    shown: dict[str, Any] = {
        "Id": trace.id,
        "StartTime": int(root["start_time"] * 1000),
        "Duration": trace.duration_seconds,
        "ResponseTime": max(0.0, round(ended_at(root) - root["start_time"], 3)),
        "HasFault": has(trace, "fault"),
        "HasError": has(trace, "error"),
        "HasThrottle": has(trace, "throttle"),
        "IsPartial": any(each.get("in_progress") is True for each in trace.segments),
        "Http": _http(root),
        "Annotations": _annotations(trace, account),
        "Users": _users(trace, account),
        "ServiceIds": unique,
        "ResourceARNs": [{"ARN": arn} for arn in _arns(trace)],
        "InstanceIds": [],
        "AvailabilityZones": [],
        "EntryPoint": services[0],
        "FaultRootCauses": [],
        "ErrorRootCauses": [],
        "ResponseTimeRootCauses": [],
        "Revision": revision,
    }
    return shown


def _http(root: Document) -> dict[str, Any]:
    request, response = http_of(root, "request"), http_of(root, "response")
    given = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
    }
    shown: dict[str, Any] = {key: each for key, each in given.items() if isinstance(each, str)}
    if type(response.get("status")) is int:
        shown["HttpStatus"] = response["status"]
    return shown


def _annotations(trace: Trace, account: str) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for key, value, segment in annotated(trace):
        kind = "StringValue"
        if isinstance(value, bool):
            kind = "BooleanValue"
        elif isinstance(value, int | float):
            kind = "NumberValue"
        shown = {"AnnotationValue": {kind: value}, "ServiceIds": [service_of(segment, account)]}
        found.setdefault(key, []).append(shown)
    return found


def _users(trace: Trace, account: str) -> list[dict[str, Any]]:
    return [
        {"UserName": segment["user"], "ServiceIds": [service_of(segment, account)]}
        for segment in trace.segments
        if isinstance(segment.get("user"), str)
    ]


def _arns(trace: Trace) -> list[str]:
    arns = (segment.get("resource_arn") for segment in trace.segments)
    return list(dict.fromkeys(arn for arn in arns if isinstance(arn, str)))
