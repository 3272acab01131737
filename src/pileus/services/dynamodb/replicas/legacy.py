"""Global tables as they were in 2017: tables of one name that are there already are linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.replicas import accepting, telling
from pileus.services.dynamodb.tables import store
from pileus.services.dynamodb.tables.settings import ACTIVE, CREATING, Replica, Table

GLOBAL_TABLES = "global-table"
LINK_TIMER = "dynamodb:link-replicas"
_LIST_MAX = 100
_VIEW = "NEW_AND_OLD_IMAGES"


class Candidate(NamedTuple):
    """What must be alike in all tables that are linked."""

    keys: tuple[str, ...]
    types: tuple[str, ...]


def the_table(call: Call, params: Mapping[str, Any]) -> str:
    return table_names.arn_of(call, params["GlobalTableName"])


async def create_global_table(
    call: Call, *, global_table_name: str, replication_group: list[dict[str, str]]
) -> dict[str, Any]:
    regions = [each.get("RegionName", call.region) for each in replication_group]
    if call.region not in regions:
        raise errors.invalid("The replication group must include the region of the request")
    await _check_alike(call, regions)
    return {"GlobalTableDescription": await call.transaction(begin, regions, about=call.about)}


async def _check_alike(call: Call, regions: Sequence[str]) -> None:
    found = set()
    for region in regions:
        found.add(await call.read(candidate, about=telling.in_region(call.about, region)))
    if len(found) > 1:
        raise errors.invalid("The tables of a global table must have the same keys")


def candidate(tx: Transaction) -> Candidate:
    """Step about a table: raises AWS's errors where it cannot be linked."""
    found = store.seek(tx, tx.about)
    if found is None:
        raise errors.backup_table_not_found(table_names.name_of(tx.about))
    table, state = found
    if table.status != ACTIVE:
        raise errors.table_in_use(table.name, "changed")
    if table.stream is None or not table.stream.is_on or table.stream.view != _VIEW:
        raise errors.invalid(
            "The tables of a global table must have a stream with the view type NEW_AND_OLD_IMAGES"
        )
    if state.items and not table.linked_at:
        raise errors.invalid("The tables of a global table must be empty when they are linked")
    return Candidate(table.keys, tuple(table.types[name] for name in table.keys))


def begin(tx: Transaction, regions: Sequence[str]) -> dict[str, Any]:
    """Step about a table: link it with those of other regions, which follow."""
    found = store.seek(tx, tx.about)
    assert found is not None, f"{tx.about} was there"
    table = found[0]
    if table.replicas or table.linked_at:
        raise errors.global_table_exists(table.name)
    own = telling.region_of(tx.about)
    replicas = tuple(Replica(each, CREATING) for each in dict.fromkeys(regions) if each != own)
    table = _linked(tx, table, replicas, tx.now)
    _link_later(tx, table, [])
    return _described(table)


def _linked(tx: Transaction, table: Table, replicas: tuple[Replica, ...], at: int) -> Table:
    versions = table.versions or store.new_number(tx)
    table = msgspec.structs.replace(table, replicas=replicas, versions=versions, linked_at=at)
    store.update(tx, table)
    tx.enlist(GLOBAL_TABLES, table.name, table.arn)
    return table


def _link_later(tx: Transaction, table: Table, removed: Sequence[str]) -> None:
    tx.set_timer(LINK_TIMER, table.arn, tx.now, {"removed": list(removed)})


async def link(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer of a member: have the others know each other, and those that left know nobody."""
    table: Table | None = await call.read(table_at, about=key)
    if table is None:
        return
    for region in payload["removed"]:
        await call.transaction(unlink, about=telling.in_region(key, region))
    regions = [telling.region_of(key), *(each.region for each in table.replicas)]
    for region in regions:
        member = telling.in_region(key, region)
        others = [each for each in regions if each != region]
        await call.transaction(link_member, others, table.linked_at, about=member)


def table_at(tx: Transaction) -> Table | None:
    """Step about a table."""
    found = store.seek(tx, tx.about)
    return None if found is None else found[0]


def link_member(tx: Transaction, others: Sequence[str], at: int) -> None:
    """Step about a member: its replicas are these and no others."""
    found = store.seek(tx, tx.about)
    if found is not None:
        _linked(tx, found[0], tuple(Replica(each, ACTIVE) for each in others), at)


def unlink(tx: Transaction) -> None:
    """Step about a table that is no member any more: it stays, by itself."""
    found = store.seek(tx, tx.about)
    if found is None or not found[0].linked_at:
        return
    table = found[0]
    for each in table.replicas:
        table = accepting.left(tx, table, each.region)
    store.update(tx, msgspec.structs.replace(table, linked_at=0))
    tx.delist(GLOBAL_TABLES, table.name)


def describe_global_table(call: Call, *, global_table_name: str) -> dict[str, Any]:
    return {"GlobalTableDescription": _described(find(call.tx))}


def find(tx: Transaction) -> Table:
    """Step about a member: it; raises GlobalTableNotFoundException."""
    found = store.seek(tx, tx.about)
    if found is None or not found[0].linked_at:
        raise errors.global_table_not_found(table_names.name_of(tx.about))
    return found[0]


def _described(table: Table) -> dict[str, Any]:
    own = Replica(telling.region_of(table.arn), ACTIVE)
    group = [
        {
            "RegionName": each.region, "ReplicaStatus": each.status,
            "ReplicaArn": telling.in_region(table.arn, each.region),
        }
        for each in (own, *table.replicas)
    ]  # fmt: skip
    is_active = all(each.status == ACTIVE for each in table.replicas)
    account = table.arn.split(":")[4]
    return {
        "ReplicationGroup": group,
        "GlobalTableArn": arns.build("dynamodb", "", account, f"global-table/{table.name}"),
        "CreationDateTime": table.linked_at,
        "GlobalTableStatus": ACTIVE if is_active else CREATING,
        "GlobalTableName": table.name,
    }


async def update_global_table(
    call: Call, *, global_table_name: str, replica_updates: list[dict[str, Any]]
) -> dict[str, Any]:
    await call.read(find, about=call.about)
    added = [each["Create"]["RegionName"] for each in replica_updates if "Create" in each]
    removed = [each["Delete"]["RegionName"] for each in replica_updates if "Delete" in each]
    if added:
        await _check_alike(call, [call.region, *added])
    described = await call.transaction(change, added, removed, about=call.about)
    return {"GlobalTableDescription": described}


def change(tx: Transaction, added: Sequence[str], removed: Sequence[str]) -> dict[str, Any]:
    """Step about a member: others come to the group, or leave it."""
    table = find(tx)
    replicas = list(table.replicas)
    for region in added:
        if region == telling.region_of(table.arn) or table.replica(region) is not None:
            raise errors.replica_exists(table.name, region)
        replicas.append(Replica(region, CREATING))
    for region in removed:
        if table.replica(region) is None:
            raise errors.replica_not_found(table.name, region)
        replicas = [each for each in replicas if each.region != region]
    table = _linked(tx, table, tuple(replicas), table.linked_at)
    _link_later(tx, table, removed)
    return _described(table)


async def list_global_tables(
    call: Call,
    *,
    exclusive_start_global_table_name: str | None = None,
    limit: int | None = None,
    region_name: str | None = None,
) -> dict[str, Any]:
    size = min(limit or _LIST_MAX, _LIST_MAX)
    about = telling.in_region(call.about, region_name) if region_name else call.about
    rows = await call.read(names, exclusive_start_global_table_name or "", size + 1, about=about)
    found = []
    for name, arn in rows[:size]:
        table: Table | None = await call.read(table_at, about=arn)
        if table is not None:
            regions = [telling.region_of(arn), *(each.region for each in table.replicas)]
            group = [{"RegionName": each} for each in regions]
            found.append({"GlobalTableName": name, "ReplicationGroup": group})
    answer: dict[str, Any] = {"GlobalTables": found}
    if len(rows) > size:
        answer["LastEvaluatedGlobalTableName"] = rows[size - 1][0]
    return answer


def names(tx: Transaction, after: str, limit: int) -> list[tuple[str, str]]:
    """Step about the account in a region."""
    return tx.listed(GLOBAL_TABLES, at_most=limit, after=after)
