"""CloudWatch Logs' filter patterns: compiled once, then asked for each event.

The specification is docs/reference/log_filters.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from pileus.languages.log_filters.errors import InvalidPattern, unclosed
from pileus.languages.log_filters.field_pattern import compile_fields
from pileus.languages.log_filters.json_pattern import compile_json
from pileus.languages.log_filters.terms import compile_terms

__all__ = ["InvalidPattern", "LogFilter", "compile_filter"]


@dataclass(frozen=True)
class LogFilter:
    """A compiled pattern. `extract` gives the fields of a matching event; only space-delimited
    patterns name any.
    """

    matches: Callable[[str], bool]
    extract: Callable[[str], dict[str, str] | None]


@lru_cache(maxsize=256)
def compile_filter(pattern: str) -> LogFilter:
    """Compile a filter pattern; raises InvalidPattern."""
    text = pattern.strip()
    if text.startswith("{"):
        if not text.endswith("}") or len(text) < 2:
            raise unclosed("{", "}")
        return _without_fields(compile_json(text[1:-1]))
    if text.startswith("["):
        if not text.endswith("]") or len(text) < 2:
            raise unclosed("[", "]")
        extract = compile_fields(text[1:-1])
        return LogFilter(lambda message: extract(message) is not None, extract)
    return _without_fields(compile_terms(text))


def _without_fields(matches: Callable[[str], bool]) -> LogFilter:
    return LogFilter(matches, lambda message: {} if matches(message) else None)
