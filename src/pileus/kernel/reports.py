"""What the control plane reads of parts that lie outside the kernel."""

from __future__ import annotations

from typing import Any, Protocol


class InitReport(Protocol):
    """The user's init scripts: which have run, and how each ended."""

    def report(self) -> dict[str, Any]: ...
