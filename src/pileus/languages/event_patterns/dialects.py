"""How much of the language of event patterns each service takes."""

from __future__ import annotations

from typing import NamedTuple


class Dialect(NamedTuple):
    """What a service takes of the language."""

    has_wildcards: bool = True
    # Whether prefix and suffix may ignore case.
    has_affixes_of_any_case: bool = True
    # What may stand within anything-but; None is all, in lists too.
    exclusions: frozenset[str] | None = None


EVENTBRIDGE = Dialect()
# docs: eventbridge/latest/userguide/eb-create-pattern-operators, the column of pipes
PIPES = Dialect(has_wildcards=False, exclusions=frozenset())
