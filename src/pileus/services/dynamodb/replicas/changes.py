"""UpdateTable's ReplicaUpdates: which replicas shall be made, changed, removed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.replicas import members, telling
from pileus.services.dynamodb.streams import streams
from pileus.services.dynamodb.tables import store
from pileus.services.dynamodb.tables.settings import CREATING, DELETING, UPDATING, Replica, Table

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_VIEW = "NEW_AND_OLD_IMAGES"


def changed(tx: Transaction, table: Table, updates: Sequence[Mapping[str, Any]]) -> Table:
    """The table as it is asked to be, with timers set that make it so; raises AWS's errors."""
    if table.linked_at:
        raise errors.invalid(
            "The table is a member of a global table of the version 2017.11.29, which "
            "UpdateGlobalTable changes"
        )
    for each in updates:
        if len(each) != 1:
            raise errors.invalid_values(
                "One of ReplicationGroupUpdate's Create, Update and Delete must be specified"
            )
        ((action, wanted),) = each.items()
        region = wanted["RegionName"]
        replica = table.replica(region)
        if action == "Create":
            table = _with_new(tx, table, wanted)
        elif replica is None:
            raise errors.invalid(
                f"Replica specification for region {region} is invalid: the table has no replica "
                "in this region"
            )
        elif action == "Delete":
            table = _with_going(tx, table, replica)
        else:
            settings = {**replica.settings, **wanted}
            table = table.changed_replica(msgspec.structs.replace(replica, settings=settings))
    return table


def _with_new(tx: Transaction, table: Table, wanted: Mapping[str, Any]) -> Table:
    region = wanted["RegionName"]
    if not _REGION.fullmatch(region):
        raise errors.invalid(f"Unsupported region: {region}")
    if table.replica(region) is not None or _is_there(tx, telling.in_region(table.arn, region)):
        raise errors.invalid(
            f"Failed to create a the new replica of table with name: '{table.name}' because one "
            "or more replicas already existed as tables."
        )
    if table.stream is None or not table.stream.is_on:
        table = streams.begin(tx, table, _VIEW)
    elif table.stream.view != _VIEW:
        raise errors.invalid_values(
            "A table with replicas must have a stream with the view type NEW_AND_OLD_IMAGES"
        )
    table = members.with_replica(tx, table, Replica(region, CREATING, dict(wanted)))
    payload = {"id": tx.kernel.ids.uuid()}
    tx.set_timer(members.JOIN_TIMER, f"{table.arn} {region}", tx.now, payload)
    return msgspec.structs.replace(table, status=UPDATING)


def _is_there(tx: Transaction, arn: str) -> bool:
    """Whether a table is there; in another file of the store that shows when it is made."""
    is_together = tx.kernel.store.is_together(tx.part, tx.kernel.store.partition(arn))
    return is_together and store.seek(tx.within(arn), arn) is not None


def _with_going(tx: Transaction, table: Table, replica: Replica) -> Table:
    at = tx.now + (members.CHANGE_MS if tx.kernel.settings.aws_delays else 0)
    tx.set_timer(members.LEAVE_TIMER, f"{table.arn} {replica.region}", at)
    table = table.changed_replica(msgspec.structs.replace(replica, status=DELETING))
    return msgspec.structs.replace(table, status=UPDATING)
