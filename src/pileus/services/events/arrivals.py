"""What others hand over to EventBridge's resources, sorted by the resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.kernel import arns
from pileus.services.events import errors, hand_over, routing
from pileus.services.events.archives import archives

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery

_BY_KIND = {
    "archive": archives.accept,
    "event-bus": routing.accept,
    "rule": hand_over.accept_dead_letter,
}


def accept(call: Call, delivery: Delivery) -> None:
    """Target: an event for a bus or an archive, or one that a rule's target did not take."""
    parts = arns.parse(delivery.to)
    kind = parts.resource.partition("/")[0] if parts is not None else ""
    take = _BY_KIND.get(kind)
    if take is None:
        raise errors.unknown_destination(delivery.to)
    take(call, delivery)
