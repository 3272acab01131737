"""EventBridge's event patterns: compiled once, then held against each event.

The specification is docs/reference/event_patterns.md.
"""

from __future__ import annotations

from functools import lru_cache

from pileus.languages.event_patterns.dialects import EVENTBRIDGE, PIPES, Dialect
from pileus.languages.event_patterns.errors import InvalidPattern
from pileus.languages.event_patterns.grammar import read
from pileus.languages.event_patterns.index import PatternIndex
from pileus.languages.event_patterns.pattern import Pattern, split_names

__all__ = [
    "EVENTBRIDGE",
    "PIPES",
    "Dialect",
    "InvalidPattern",
    "Pattern",
    "PatternIndex",
    "compile",
    "split_names",
]


@lru_cache(maxsize=256)
def compile(text: str, dialect: Dialect = EVENTBRIDGE) -> Pattern:
    """Compile a pattern as a service takes it. Raises InvalidPattern."""
    return Pattern(read(text, dialect))
