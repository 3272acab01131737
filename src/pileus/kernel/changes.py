"""Facts that services announce inside their transactions; listeners are listed in `app.py`."""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True):
    """Base of all facts: what happened, to which resource. Services define their own subtypes."""

    resource: str  # ARN
