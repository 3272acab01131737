"""What is known of a sampled invocation while it runs."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.trace_headers import TraceHeader


class Traced(NamedTuple):
    """A sampled invocation; the function's own segment is the parent of what it sends itself."""

    header: TraceHeader
    lambda_id: str
    function_id: str
    began_at: int

    @property
    def report(self) -> str:
        """What the REPORT line says of it."""
        root, segment = self.header.root, self.function_id
        return f"XRAY TraceId: {root}\tSegmentId: {segment}\tSampled: true\t"
