"""The service map: which services called which, counted over traces; pure but for reading them."""

from __future__ import annotations

from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.services.xray import errors, store, traces
from pileus.services.xray.documents import Document, Trace, ended_at, parts

_TRACES_AT_ONCE = 200
_Key = tuple[str, str]  # name and type


class _Count:
    """Requests of a service or along an edge."""

    def __init__(self) -> None:
        self.ok = self.errors = self.throttles = self.faults = 0
        self.seconds = 0.0
        self.start = float("inf")
        self.end = 0.0
        self.durations: dict[float, int] = {}

    def add(self, segment: Document) -> None:
        start: float = segment["start_time"]
        end = ended_at(segment)
        if segment.get("fault") is True:
            self.faults += 1
        elif segment.get("throttle") is True:
            self.throttles += 1
        elif segment.get("error") is True:
            self.errors += 1
        else:
            self.ok += 1
        self.start, self.end = min(self.start, start), max(self.end, end)
        self.seconds += end - start
        duration = round(end - start, 3)
        self.durations[duration] = self.durations.get(duration, 0) + 1

    def shown(self) -> dict[str, Any]:
        errors_in_all = self.errors + self.throttles
        return {
            "OkCount": self.ok,
            "ErrorStatistics": {
                "ThrottleCount": self.throttles, "OtherCount": self.errors,
                "TotalCount": errors_in_all,
            },
            "FaultStatistics": {"OtherCount": self.faults, "TotalCount": self.faults},
            "TotalCount": self.ok + errors_in_all + self.faults,
            "TotalResponseTime": self.seconds,
        }  # fmt: skip

    def histogram(self) -> list[dict[str, Any]]:
        return [{"Value": each, "Count": count} for each, count in sorted(self.durations.items())]

    def span(self) -> dict[str, int]:
        return {"StartTime": int(self.start * 1000), "EndTime": int(self.end * 1000)}


class _Graph:
    def __init__(self, account: str) -> None:
        self._account = account
        self._nodes: dict[_Key, _Count] = {}
        self._edges: dict[tuple[_Key, _Key], _Count] = {}
        self._roots: set[_Key] = set()

    def add(self, trace: Trace) -> None:
        owners: dict[str, _Key] = {}
        for segment in trace.segments:
            for each in parts(segment):
                if isinstance(each.get("id"), str):
                    owners[each["id"]] = _key(segment)
        for segment in trace.segments:
            key = _key(segment)
            self._nodes.setdefault(key, _Count()).add(segment)
            caller = owners.get(str(segment.get("parent_id")))
            if caller is None:
                # Whoever called did not trace: AWS shows a client there.
                caller = (key[0], "client")
                self._roots.add(caller)
                self._nodes.setdefault(caller, _Count()).add(segment)
            if caller != key:
                self._edges.setdefault((caller, key), _Count()).add(segment)

    def shown(self) -> list[dict[str, Any]]:
        numbers = {key: number for number, key in enumerate(self._nodes)}
        services = []
        for key, count in self._nodes.items():
            name, kind = key
            edges = [
                {
                    "ReferenceId": numbers[callee],
                    **edge.span(),
                    "SummaryStatistics": edge.shown(),
                    "ResponseTimeHistogram": edge.histogram(),
                    "Aliases": [],
                }
                for (caller, callee), edge in self._edges.items()
                if caller == key
            ]
            service = {
                "ReferenceId": numbers[key], "Name": name, "Names": [name], "Type": kind,
                "State": "active", **count.span(), "Edges": edges,
                "SummaryStatistics": count.shown(), "DurationHistogram": count.histogram(),
                "ResponseTimeHistogram": count.histogram(), "AccountId": self._account,
            }  # fmt: skip
            if key in self._roots:
                service["Root"] = True
            services.append(service)
        return services


def _key(segment: Document) -> _Key:
    kind = segment.get("origin")
    return segment["name"], kind if isinstance(kind, str) else "Service"


async def get_trace_graph(
    call: Call, *, trace_ids: list[str], next_token: str | None = None
) -> dict[str, Any]:
    traces.check_ids(trace_ids)
    graph = _Graph(call.account)
    for trace_id in trace_ids:
        graph.add(await traces.load(call, trace_id))
    return {"Services": graph.shown()}


async def get_service_graph(
    call: Call, *, start_time: int, end_time: int, next_token: str | None = None
) -> dict[str, Any]:
    traces.check_range(start_time, end_time)
    place = (start_time, "")
    if next_token:
        try:
            at, after = pagination.decode(next_token, int, str)
        except pagination.InvalidToken as error:
            raise errors.bad_token() from error
        place = (at, after)
    rows = await call.read(
        store.traces, call.about, *place, end_time, _TRACES_AT_ONCE, False, about=call.about
    )
    graph = _Graph(call.account)
    for row in rows:
        graph.add(await traces.load(call, row.id))
    answer = {
        "StartTime": start_time, "EndTime": end_time, "Services": graph.shown(),
        "ContainsOldGroupVersions": False,
    }  # fmt: skip
    if len(rows) == _TRACES_AT_ONCE:
        answer["NextToken"] = pagination.encode(rows[-1].at, rows[-1].id)
    return answer
