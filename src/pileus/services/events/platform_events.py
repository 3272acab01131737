"""Events of other services, which they announce, on the default bus of the resource's account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.kernel import arns
from pileus.kernel.changes import PlatformEvent
from pileus.services.events import event, names, put_events, routing
from pileus.services.events.event import Origin, Said

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def take(call: Call, fact: PlatformEvent) -> None:
    """Listener: runs inside the transaction of the service that announces."""
    tx = call.tx
    place = arns.parse(fact.resource)
    assert place is not None, f"not an ARN: {fact.resource}"
    # Some ARNs name neither account nor region (a bucket's); then the caller's are meant.
    account, region = place.account or call.account, place.region or call.region
    bus = arns.build("events", region, account, f"event-bus/{names.DEFAULT}")
    origin = Origin(tx.kernel.ids.uuid(), account, region, tx.now)
    detail = msgspec.json.encode(fact.detail).decode()
    resources = list(fact.resources or (fact.resource,))
    made = event.event(origin, Said(fact.source, fact.detail_type, detail, fact.detail, resources))
    if tx.kernel.store.is_together(tx.part, tx.kernel.store.partition(bus)):
        routing.take(tx.within(bus), bus, made, routing.Budget())
    else:
        put_events.send_on(tx, bus, made)
