"""The table that a restore makes: as the source was, but for what the request overrides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import msgspec

from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables import rules
from pileus.services.dynamodb.tables.settings import (
    CREATING,
    PAY_PER_REQUEST,
    Index,
    Table,
    Throughput,
)


class Overrides(TypedDict, total=False):
    """What both restoring operations may leave out."""

    billing_mode_override: str
    global_secondary_index_override: list[dict[str, Any]]
    local_secondary_index_override: list[dict[str, Any]]
    provisioned_throughput_override: dict[str, int]
    on_demand_throughput_override: dict[str, int]
    sse_specification_override: dict[str, Any]
    vector_index_override: list[dict[str, Any]]


def made(
    source: Table,
    overrides: Mapping[str, Any],
    *,
    arn: str,
    id: str,
    now: int,
    number: Callable[[], int],
) -> Table:
    """Raises AWS's errors. Streams, time to live, tags, policies, protection are not restored."""
    billing = overrides.get("billing_mode_override") or source.billing
    given = overrides.get("provisioned_throughput_override")
    if given is None and billing != PAY_PER_REQUEST and source.billing == billing:
        throughput = Throughput(source.throughput.read, source.throughput.write)
    else:
        throughput = rules.throughput(billing, given)
    indexes = [
        *_indexes(source, overrides.get("local_secondary_index_override"), False, billing, number),
        *_indexes(source, overrides.get("global_secondary_index_override"), True, billing, number),
    ]
    used = {*source.keys, *(name for index in indexes for name in index.keys)}
    parts = arn.split(":")
    sse = source.sse
    if overrides.get("sse_specification_override") is not None:
        default_key = f"arn:aws:kms:{parts[3]}:{parts[4]}:alias/aws/dynamodb"
        sse = rules.sse(overrides["sse_specification_override"], default_key)
    on_demand = overrides.get("on_demand_throughput_override") or source.on_demand
    return Table(
        arn=arn,
        number=number(),
        id=id,
        created_at=now,
        types={name: kind for name, kind in source.types.items() if name in used},
        partition_key=source.partition_key,
        sort_key=source.sort_key,
        billing=billing,
        throughput=throughput,
        indexes=tuple(indexes),
        status=CREATING,
        table_class=source.table_class,
        sse=sse,
        on_demand=on_demand if billing == PAY_PER_REQUEST else None,
    )


def _indexes(
    source: Table,
    wanted: Sequence[Mapping[str, Any]] | None,
    is_global: bool,
    billing: str,
    number: Callable[[], int],
) -> list[Index]:
    """The source's indexes of a kind, or those of them that are asked for."""
    there = {index.name: index for index in source.indexes if index.is_global == is_global}
    chosen: list[tuple[str, Mapping[str, Any]]] = [(name, {}) for name in there]
    if wanted is not None:
        chosen = [(_name_of(there, each), each) for each in wanted]
    found = []
    for name, given in chosen:
        index = there[name]
        asked, on_demand = given.get("ProvisionedThroughput"), given.get("OnDemandThroughput")
        if not is_global or (billing == PAY_PER_REQUEST and asked is None):
            throughput = Throughput()
        elif asked is None and source.billing == billing:
            throughput = Throughput(index.throughput.read, index.throughput.write)
        else:
            throughput = rules.throughput(billing, asked, name)
        changes = {
            "number": number(), "throughput": throughput, "status": "ACTIVE", "is_filling": False,
            "on_demand": on_demand or index.on_demand,
        }  # fmt: skip
        found.append(msgspec.structs.replace(index, **changes))
    rules.check_indexes(found)
    return found


def _name_of(there: Mapping[str, Index], wanted: Mapping[str, Any]) -> str:
    """Indexes may be left out, but not be others than the source has."""
    name: str = wanted["IndexName"]
    index = there.get(name)
    if index is None:
        raise errors.invalid_values(
            f"Secondary index {name} does not exist in the table to be restored"
        )
    names = [each["AttributeName"] for each in wanted["KeySchema"]]
    projection = wanted["Projection"]
    included = tuple(projection.get("NonKeyAttributes") or ())
    is_same = (
        names == list(index.keys)
        and projection.get("ProjectionType", index.projection) == index.projection
        and set(included) == set(index.included)
    )
    if not is_same:
        raise errors.invalid_values(
            f"Secondary index {name} differs from that of the table to be restored"
        )
    return name
