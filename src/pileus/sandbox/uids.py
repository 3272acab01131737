"""Gives each function a user id of the machine of its own, the same one after a restart."""

from __future__ import annotations

from pathlib import Path

# Above what distributions, containers and systemd hand out.
FIRST_UID = 1_900_000_000
_FUNCTIONS_MAX = 1_000_000


class UidTable:
    """One function ARN a line; the line's number is the id's offset."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets: dict[str, int] = {}
        if path.exists():
            for offset, arn in enumerate(path.read_text().splitlines()):
                self._offsets[arn] = offset

    def uid_of(self, function_arn: str) -> int:
        offset = self._offsets.get(function_arn)
        if offset is None:
            offset = len(self._offsets)
            self._offsets[function_arn] = offset
            with self._path.open("a") as lines:
                lines.write(f"{function_arn}\n")
        return FIRST_UID + offset % _FUNCTIONS_MAX
