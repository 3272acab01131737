"""How often an event has come through a function already, as its trace header tells. Pure.

The header's field `Lineage` counts for each function the runs that led here, for example
`a87bd80c:3|68fd508a:1`.
SDKs send the header on with what a function asks of other services.
docs: lambda/latest/dg/invocation-recursion; xray/latest/devguide/xray-concepts, "Tracing header"
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

# After so many runs the next one is refused.
RUNS_MAX = 16
# Of a chain through more functions the oldest are forgotten.
_FUNCTIONS_MAX = 16
_COUNT_MAX = 32_767
_ENTRY = re.compile(r"([0-9a-f]{8}):(\d{1,5})")
_FIELD = "Lineage"


@lru_cache(maxsize=4096)
def mark(function_arn: str) -> str:
    """By what a function is known in lineages."""
    return hashlib.sha256(function_arn.encode()).hexdigest()[:8]


def runs(header: str, function_arn: str) -> int:
    """How often the function has run on the way to this header."""
    return 0 if _FIELD not in header else _counts(header).get(mark(function_arn), 0)


def extended(header: str, function_arn: str) -> str:
    """The header for one more run of the function."""
    if _FIELD not in header:
        # Nearly all events come here for the first time.
        return f"{header};{_FIELD}={mark(function_arn)}:1".removeprefix(";")
    counts = _counts(header)
    name = mark(function_arn)
    counts[name] = min(counts.pop(name, 0) + 1, _COUNT_MAX)
    kept = list(counts.items())[-_FUNCTIONS_MAX:]
    lineage = "|".join(f"{each}:{count}" for each, count in kept)
    others = [part for part in header.split(";") if part and not part.startswith(f"{_FIELD}=")]
    return ";".join([*others, f"{_FIELD}={lineage}"])


def _counts(header: str) -> dict[str, int]:
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == _FIELD:
            return {match[1]: int(match[2]) for match in _ENTRY.finditer(value)}
    return {}
