"""Facts that services announce inside their transactions; listeners are listed in `app.py`."""

from __future__ import annotations

from typing import Any

import msgspec


class Fact(msgspec.Struct, frozen=True):
    """Base of all facts: what happened, to which resource. Services define their own subtypes."""

    resource: str  # ARN


class PlatformEvent(Fact, frozen=True):
    """What a service tells EventBridge's default bus, in the words of AWS's own events."""

    source: str  # "aws.s3"
    detail_type: str  # "Object Created"
    detail: dict[str, Any]
    # ARNs that the event names; the fact's resource where there are none.
    resources: tuple[str, ...] = ()
