"""What an environment asks of its processes, however they are kept apart."""

from __future__ import annotations

import socket
from typing import Protocol


class Processes(Protocol):
    """Every process of one environment; `sandbox_tree.py` and `plain_tree.py` have them."""

    # Of their memory, what they have from the zygote and would have themselves without it.
    shared_bytes: int

    def start_runtime(self) -> None:
        """Start it after the extensions, which have registered."""

    def terminate_runtime(self) -> None:
        """Ask its process to end: SIGTERM."""

    def end_runtime(self) -> None:
        """End its process, and leave the others."""

    async def connect_inside(self, port: int) -> socket.socket:
        """A connection to whoever listens there; raises OSError."""
        ...

    def start_runtime_again(self) -> None: ...

    def kill_runtime(self) -> None:
        """End the runtime and its children; the sandbox stays for another try."""

    def kill(self) -> None:
        """End everything; the environment hears of it through `tree_ended`."""

    def init_has_ended(self) -> None:
        """From now on the CPU limit holds."""

    def has_run_out_of_memory(self) -> bool: ...

    def memory_peak_bytes(self) -> int: ...

    def cpu_ms(self) -> float | None:
        """What they have taken since this was asked last; None where nobody counts it."""

    def watch_memory(self, is_busy: bool) -> None: ...
