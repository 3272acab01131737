"""Takes what other regions wrote: the last writer wins, whatever the order of arrival."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.deliveries import Delivery
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import keys, writes
from pileus.services.dynamodb.replicas import store, telling
from pileus.services.dynamodb.replicas.telling import Message, Write
from pileus.services.dynamodb.tables import leftovers, time_to_live
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import DELETING, Table


def accept(call: Call, delivery: Delivery) -> None:
    """Target: what another region's table tells this one; who is no member is not heard."""
    tx = call.tx
    found = table_store.seek(tx, delivery.to)
    if found is None or found[0].status == DELETING:
        return
    table = found[0]
    if telling.in_region(delivery.because, telling.region_of(delivery.to)) != delivery.to:
        raise errors.invalid(f"{delivery.because} is no replica of {delivery.to}")
    message = msgspec.msgpack.decode(delivery.body, type=Message)
    if table.replica(message.region) is None:
        return
    if message.leaves:
        table_store.update(tx, left(tx, table, message.region))
    elif message.expiry is not None:
        if message.expiry != table.ttl_attribute:
            time_to_live.change(tx, table, message.expiry)
    else:
        apply(tx, table, message.writes)


def apply(tx: Transaction, table: Table, told: Sequence[Write]) -> None:
    """Write what is later than what is there."""
    for each in told:
        key = keys.key_of(table, each.key)
        if each.version < store.find(tx, table.versions, key):
            continue
        old = writes.followed(tx, table, key)
        writes.write(tx, table, key, old, each.item, is_replicated=True)
        telling.put_version(tx, table, key, each.version, is_gone=each.item is None)


def left(tx: Transaction, table: Table, region: str) -> Table:
    """The table without one of its replicas; its caller keeps the table."""
    replicas = tuple(each for each in table.replicas if each.region != region)
    if replicas:
        return msgspec.structs.replace(table, replicas=replicas)
    leftovers.drop_later(tx, "versions", table.versions)
    return msgspec.structs.replace(table, replicas=(), versions=0)
