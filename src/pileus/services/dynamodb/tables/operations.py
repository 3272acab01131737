"""Operations on tables: create, describe, list, delete; and the limits of the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import not_implemented
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.history import store as history_store
from pileus.services.dynamodb.streams import streams
from pileus.services.dynamodb.tables import (
    capacity_changes,
    descriptions,
    policies,
    rules,
    store,
    tagging,
    upkeep,
)
from pileus.services.dynamodb.tables.settings import (
    ACTIVE,
    CREATING,
    DELETING,
    PAY_PER_REQUEST,
    Table,
    Throughput,
)

TABLES = "table"
_PAGE = 100
# How long it takes where AWS's delays are played.
_CREATION_MS, _DELETION_MS = 8_000, 8_000
# docs: ServiceQuotas, default quotas
_ACCOUNT_UNITS, _TABLE_UNITS = 80_000, 40_000


class CreateMembers(TypedDict, total=False):
    """What CreateTable may leave out."""

    attribute_definitions: list[dict[str, str]]
    key_schema: list[dict[str, str]]
    local_secondary_indexes: list[dict[str, Any]]
    global_secondary_indexes: list[dict[str, Any]]
    billing_mode: str
    provisioned_throughput: dict[str, int]
    stream_specification: dict[str, Any]
    sse_specification: dict[str, Any]
    tags: list[dict[str, str]]
    table_class: str
    deletion_protection_enabled: bool
    resource_policy: str
    on_demand_throughput: dict[str, int]
    warm_throughput: dict[str, int]
    global_table_source_arn: str
    vector_indexes: list[dict[str, Any]]


def create_table(
    call: Call, *, table_name: str, **members: Unpack[CreateMembers]
) -> dict[str, Any]:
    tx, arn = call.tx, call.about
    for name, member in (
        ("global_table_source_arn", "GlobalTableSourceArn"), ("vector_indexes", "VectorIndexes")
    ):  # fmt: skip
        if members.get(name) is not None:
            raise not_implemented("dynamodb", "CreateTable", member)
    table = made(tx, arn, members)
    tags = tagging.checked({}, members.get("tags") or [])
    if store.seek(tx, arn) is not None:
        raise errors.table_exists(table.name)
    store.insert(tx, table)
    if tags:
        tx.put_tags(arn, tags)
    tx.enlist(TABLES, table.name, arn)
    stream = members.get("stream_specification")
    view = rules.stream_view(stream) if stream is not None else ""
    if view:
        table = streams.begin(tx, table, view)
        store.update(tx, table)
    described = descriptions.of_table(tx, table, status=CREATING)
    if tx.kernel.settings.aws_delays:
        store.update(tx, msgspec.structs.replace(table, status=CREATING))
        tx.set_timer(upkeep.SETTLE_TIMER, arn, tx.now + _CREATION_MS, {"id": table.id})
    return {"TableDescription": described}


def made(tx: Transaction, arn: str, members: Mapping[str, Any]) -> Table:
    """The table that is asked for; raises AWS's errors."""
    definitions, schema = members.get("attribute_definitions"), members.get("key_schema")
    if definitions is None or schema is None:
        name = "keySchema" if schema is None else "attributeDefinitions"
        raise errors.invalid(
            f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: "
            "Member must not be null"
        )
    billing = rules.billing_mode(members.get("billing_mode"))
    given = members.get("provisioned_throughput")
    throughput = rules.throughput(billing if members.get("billing_mode") or given else "", given)
    defined = rules.types(definitions)
    partition_key, sort_key = rules.keys(schema, defined)

    def number() -> int:
        return store.new_number(tx)

    indexes = [
        *rules.local_indexes(
            members.get("local_secondary_indexes"), defined, partition_key, sort_key, number
        ),
        *rules.global_indexes(members.get("global_secondary_indexes"), defined, billing, number),
    ]
    rules.check_indexes(indexes)
    rules.check_all_used(defined, [each["AttributeName"] for each in schema], indexes)
    policy = members.get("resource_policy")
    region = arn.split(":")[3]
    default_key = f"arn:aws:kms:{region}:{arn.split(':')[4]}:alias/aws/dynamodb"
    return Table(
        arn=arn,
        number=number(),
        id=tx.kernel.ids.uuid(),
        created_at=tx.now,
        types=defined,
        partition_key=partition_key,
        sort_key=sort_key,
        billing=billing,
        throughput=throughput,
        on_demand_since=tx.now if billing == PAY_PER_REQUEST else 0,
        indexes=tuple(indexes),
        status=ACTIVE,
        table_class=members.get("table_class") or "",
        is_protected=bool(members.get("deletion_protection_enabled")),
        sse=rules.sse(members.get("sse_specification"), default_key),
        on_demand=_on_demand(billing, members.get("on_demand_throughput")),
        warm=_warm(billing, throughput, members.get("warm_throughput")),
        policy=policies.made(tx, policy) if policy is not None else None,
    )


def _on_demand(billing: str, given: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if given is None else capacity_changes.on_demand(billing, given, None)


def _warm(
    billing: str, throughput: Throughput, given: Mapping[str, int] | None
) -> dict[str, int] | None:
    if given is None:
        return None
    return capacity_changes.warmed(billing, throughput, None, given)


def described(tx: Transaction, arn: str) -> tuple[Table, store.State]:
    """The table, in whatever state; raises ResourceNotFoundException by its name."""
    found = store.seek(tx, arn)
    if found is None:
        raise errors.table_not_found(table_names.name_of(arn))
    return found


def describe_table(call: Call, *, table_name: str) -> dict[str, Any]:
    table, state = described(call.tx, call.about)
    return {"Table": descriptions.of_table(call.tx, table, (state.items, state.bytes))}


def delete_table(call: Call, *, table_name: str) -> dict[str, Any]:
    tx, arn = call.tx, call.about
    table, state = described(tx, arn)
    if table.status in (CREATING, DELETING):
        change = "created" if table.status == CREATING else "deleted"
        raise errors.table_in_use(table.name, change)
    if any(each.status in (CREATING, DELETING) for each in table.replicas):
        raise errors.table_in_use(table.name, "updated")
    if history_store.is_held_by(tx, table.number, history_store.COPY_HOLD):
        raise errors.table_in_use(table.name, "backed up")
    if table.is_protected:
        raise errors.deletion_protected()
    shown = descriptions.of_table(tx, table, (state.items, state.bytes), DELETING)
    for member in ("AttributeDefinitions", "KeySchema", "CreationDateTime"):
        shown.pop(member)
    if tx.kernel.settings.aws_delays:
        store.update(tx, msgspec.structs.replace(table, status=DELETING))
        tx.set_timer(upkeep.SETTLE_TIMER, arn, tx.now + _DELETION_MS, {"id": table.id})
    else:
        upkeep.remove(tx, table, state)
    return {"TableDescription": shown}


def list_tables(
    call: Call, *, exclusive_start_table_name: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    size = limit or _PAGE
    rows = call.tx.listed(TABLES, at_most=size + 1, after=exclusive_start_table_name or "")
    names = [name for name, _ in rows[:size]]
    found: dict[str, Any] = {"TableNames": names}
    if len(rows) > size:
        found["LastEvaluatedTableName"] = names[-1]
    return found


def describe_limits(call: Call) -> dict[str, Any]:
    return {
        "AccountMaxReadCapacityUnits": _ACCOUNT_UNITS,
        "AccountMaxWriteCapacityUnits": _ACCOUNT_UNITS,
        "TableMaxReadCapacityUnits": _TABLE_UNITS,
        "TableMaxWriteCapacityUnits": _TABLE_UNITS,
    }


def describe_endpoints(call: Call) -> dict[str, Any]:
    address = call.host_url.partition("://")[2]
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}
