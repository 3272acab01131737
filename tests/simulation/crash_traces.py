"""Traffic of traces for the crash test: a segment that was taken is in its trace, whole."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import count

from simulation.crash_client import Client
from simulation.crash_queues import Turn

_AT_ONCE = 5  # docs: BatchGetTraces, TraceIds


class TraceTraffic:
    """Each trace has two segments, put one after the other; what was acknowledged is shown."""

    name = "traces"

    def __init__(self) -> None:
        # The documents of each trace by the ids of their segments.
        self.acknowledged: dict[str, dict[str, str]] = {}
        self.problems: list[str] = []
        self._numbers = count()
        self._total = 0

    def prepare(self, client: Client) -> None:
        """A trace is there as soon as a segment is put."""

    def turns(self) -> Sequence[Turn]:
        return [self.put]

    def put(self, client: Client, chance: random.Random) -> None:
        number, part = divmod(next(self._numbers), 2)
        began = client.platform_now().timestamp()
        trace_id = f"1-{int(began) & ~0xFFF:08x}-{number:024x}"
        segment_id = f"{number * 2 + part:016x}"
        document = json.dumps(
            {
                "trace_id": trace_id, "id": segment_id, "name": f"part-{part}",
                "start_time": began, "end_time": began + 1,
            }
        )  # fmt: skip
        body = json.dumps({"TraceSegmentDocuments": [document]}).encode()
        answer = client.post("xray", "/TraceSegments", {"content-type": "application/json"}, body)
        if answer.get("UnprocessedTraceSegments"):
            self.problems.append(f"a segment was refused: {answer}")
            return
        self.acknowledged.setdefault(trace_id, {})[segment_id] = document

    def settle(self, client: Client) -> None:
        xray = client.boto3("xray")
        wanted = sorted(self.acknowledged)
        for begin in range(0, len(wanted), _AT_ONCE):
            found = xray.batch_get_traces(TraceIds=wanted[begin : begin + _AT_ONCE])["Traces"]
            shown = {
                trace["Id"]: {each["Id"]: each["Document"] for each in trace["Segments"]}
                for trace in found
            }
            for trace_id in wanted[begin : begin + _AT_ONCE]:
                for segment_id, document in self.acknowledged[trace_id].items():
                    kept = shown.get(trace_id, {}).get(segment_id)
                    if kept is None or json.loads(kept) != json.loads(document):
                        self.problems.append(f"segment {segment_id} of {trace_id} is {kept}")
        self._total += sum(map(len, self.acknowledged.values()))
        self.acknowledged.clear()

    def summary(self) -> str:
        return f"{self._total} segments"
