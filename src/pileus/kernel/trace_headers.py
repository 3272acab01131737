"""The header X-Amzn-Trace-Id: Root=1-...;Parent=...;Sampled=1.

docs: xray/latest/devguide/xray-concepts, "Tracing header"
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
SEGMENT_ID = re.compile(r"[0-9a-f]{16}")
LINEAGE = re.compile(r"[0-9a-f:|]{1,512}")
_LENGTH_MAX = 1024


class TraceHeader(NamedTuple):
    """`root` and `parent` are empty, and `is_sampled` is None, where the header has none."""

    root: str = ""
    parent: str = ""
    is_sampled: bool | None = None
    # Lambda's count of the runs that led here.
    lineage: str = ""

    def __str__(self) -> str:
        parts = [f"Root={self.root}"]
        if self.parent:
            parts.append(f"Parent={self.parent}")
        if self.is_sampled is not None:
            parts.append(f"Sampled={int(self.is_sampled)}")
        if self.lineage:
            parts.append(f"Lineage={self.lineage}")
        return ";".join(parts)


@lru_cache(maxsize=256)
def parse(text: str) -> TraceHeader:
    """What a header says; what makes no sense is left out."""
    root = parent = lineage = ""
    is_sampled: bool | None = None
    for part in text[:_LENGTH_MAX].split(";"):
        key, _, value = part.strip().partition("=")
        if key.lower() == "root" and TRACE_ID.fullmatch(value):
            root = value
        elif key.lower() == "parent" and SEGMENT_ID.fullmatch(value):
            parent = value
        elif key.lower() == "sampled" and value in ("0", "1"):
            is_sampled = value == "1"
        elif key == "Lineage" and LINEAGE.fullmatch(value):
            lineage = value
    return TraceHeader(root, parent, is_sampled, lineage)
