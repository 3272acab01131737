"""An alias, and the version that it chooses for an event."""

from __future__ import annotations

import msgspec


class Alias(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A name for a version; with `other`, for two between which events are shared."""

    name: str
    version: str
    revision_id: str
    description: str = ""
    other: str = ""
    # The share of events that goes to `other`, from 0 to 1.
    weight: float = 0.0

    def choose(self, fraction: float) -> str:
        """The version for one event; `fraction` is chance, in [0, 1)."""
        return self.other if self.other and fraction < self.weight else self.version

    @property
    def versions(self) -> tuple[str, ...]:
        """All versions that events may run in."""
        return (self.version, self.other) if self.other else (self.version,)
