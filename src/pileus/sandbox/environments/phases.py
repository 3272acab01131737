"""Where an environment is in its life, and why one is shut down."""

from __future__ import annotations

from enum import Enum

# docs: runtimes-extensions-api, "Shutdown phase"
SPINDOWN, TIMEOUT, FAILURE = "SPINDOWN", "TIMEOUT", "FAILURE"


class Phase(Enum):
    """Where an environment is in its life."""

    INIT = "init"
    INIT_FAILED = "init failed"  # the next invocation tries again, as AWS does
    READY = "ready"
    ENDING = "ending"  # killed; some process may still be there
    ENDED = "ended"
