"""Users of the machine: one for each environment, and one that is kept for each file system."""

from __future__ import annotations

from itertools import count
from pathlib import Path

# Above what distributions, containers and systemd hand out.
FIRST_UID = 1_900_000_000
_KEPT_MAX = 1_000_000
FIRST_PASSING_UID = FIRST_UID + _KEPT_MAX
_PASSING_MAX = 1_000_000


class UidTable:
    """One name a line; the line's number is the id's offset. Those of environments are no lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = count()
        self._offsets: dict[str, int] = {}
        if path.exists():
            for offset, name in enumerate(path.read_text().splitlines()):
                self._offsets[name] = offset

    def next(self) -> int:
        """One for an environment, of which nothing stays that could belong to a user."""
        return FIRST_PASSING_UID + next(self._numbers) % _PASSING_MAX

    def uid_of(self, name: str) -> int:
        """The one that this name keeps, also after a restart."""
        offset = self._offsets.get(name)
        if offset is None:
            offset = len(self._offsets)
            self._offsets[name] = offset
            with self._path.open("a") as lines:
                lines.write(f"{name}\n")
        return FIRST_UID + offset % _KEPT_MAX
