"""What a table may look like: CreateTable's and UpdateTable's members, checked in AWS's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables import capacity_changes
from pileus.services.dynamodb.tables.settings import (
    PAY_PER_REQUEST,
    PROVISIONED,
    Index,
    Throughput,
)

# docs: ServiceQuotas
GLOBAL_INDEXES_MAX = 20
LOCAL_INDEXES_MAX = 5
INCLUDED_MAX = 100
# docs: GSI.DesignPattern.MultiAttributeKeys; of a global index's partition and sort key each.
KEY_ATTRIBUTES_MAX = 4
_VIEWS = frozenset({"NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"})


def types(definitions: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Attribute types by name."""
    found: dict[str, str] = {}
    for each in definitions or ():
        name = each["AttributeName"]
        if name in found:
            raise errors.invalid_values(f"Duplicate AttributeName in AttributeDefinitions: {name}")
        found[name] = each["AttributeType"]
    return found


def keys(schema: Sequence[Mapping[str, str]], defined: Mapping[str, str]) -> tuple[str, str | None]:
    """Partition and sort key of a table or an index."""
    if schema[0]["KeyType"] != "HASH":
        raise errors.invalid_values(
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
        )
    if len(schema) > 2:
        raise errors.invalid(
            f"1 validation error detected: Value '{_shown(schema)}' at 'keySchema' failed to "
            "satisfy constraint: Member must have length less than or equal to 2"
        )
    names = [each["AttributeName"] for each in schema]
    if len(schema) == 2:
        if schema[1]["KeyType"] != "RANGE":
            raise errors.invalid_values(
                "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
            )
        if names[0] == names[1]:
            raise errors.invalid(
                "Both the Hash Key and the Range Key element in the KeySchema have the same name"
            )
    _check_defined(names, defined)
    return names[0], names[1] if len(names) == 2 else None


def _check_defined(names: Sequence[str], defined: Mapping[str, str]) -> None:
    if any(name not in defined for name in names):
        raise errors.invalid_values(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: "
            f"[{', '.join(names)}], AttributeDefinitions: [{', '.join(defined)}]"
        )


def has_several(schema: Sequence[Mapping[str, str]]) -> bool:
    """Whether a key has more attributes than a table's can have."""
    return len(schema) > 2 or [each["KeyType"] for each in schema] == ["HASH", "HASH"]


def several_keys(
    schema: Sequence[Mapping[str, str]], defined: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """The attributes of a global index's partition and sort key."""
    found: dict[str, list[str]] = {"HASH": [], "RANGE": []}
    names = [each["AttributeName"] for each in schema]
    for each in schema:
        if each["KeyType"] == "HASH" and found["RANGE"]:
            raise errors.invalid_values(
                "Invalid KeySchema: All HASH key elements must come before RANGE key elements"
            )
        found[each["KeyType"]].append(each["AttributeName"])
    if not found["HASH"]:
        raise errors.invalid_values(
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
        )
    for kind, attributes in found.items():
        if len(attributes) > KEY_ATTRIBUTES_MAX:
            raise errors.invalid_values(
                f"Invalid KeySchema: The number of {kind} key elements exceeds the limit of "
                f"{KEY_ATTRIBUTES_MAX}"
            )
    if len(set(names)) < len(names):
        raise errors.invalid_values("Invalid KeySchema: Some elements have the same name")
    _check_defined(names, defined)
    return found["HASH"], found["RANGE"]


def _shown(schema: Sequence[Mapping[str, str]]) -> str:
    elements = (
        f"KeySchemaElement(attributeName={each['AttributeName']}, keyType={each['KeyType']})"
        for each in schema
    )
    return f"[{', '.join(elements)}]"


def throughput(billing: str, given: Mapping[str, int] | None, index: str = "") -> Throughput:
    """Provisioned capacity, which there is in one billing mode only."""
    where = f" for index: {index}" if index else ""
    if billing == PAY_PER_REQUEST:
        if given is not None:
            raise errors.invalid_values(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                "BillingMode is PAY_PER_REQUEST" + where
            )
        return Throughput()
    if given is None:
        if index:
            raise errors.invalid_values(f"ProvisionedThroughput must be specified{where}")
        raise errors.invalid(
            "No provisioned throughput specified for the table"
            if not billing
            else "One or more parameter values were invalid: ReadCapacityUnits and "
            "WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    return Throughput(given["ReadCapacityUnits"], given["WriteCapacityUnits"])


def billing_mode(given: str | None) -> str:
    return given or PROVISIONED


def check_all_used(
    defined: Mapping[str, str], table_keys: Sequence[str], indexes: Sequence[Index]
) -> None:
    """Attributes are defined for keys only."""
    used = {*table_keys, *(name for index in indexes for name in index.keys)}
    if used == set(defined):
        return
    if indexes:
        raise errors.invalid_values(
            "Some AttributeDefinitions are not used. AttributeDefinitions: "
            f"[{', '.join(defined)}], keys used: [{', '.join(sorted(used))}]"
        )
    raise errors.invalid_values(
        "Number of attributes in KeySchema does not exactly match number of attributes defined "
        "in AttributeDefinitions"
    )


# Indexes.


def local_indexes(
    given: Sequence[Mapping[str, Any]] | None,
    defined: Mapping[str, str],
    partition_key: str,
    sort_key: str | None,
    number: Callable[[], int],
) -> list[Index]:
    if given is None:
        return []
    if not given:
        raise errors.invalid_values("List of LocalSecondaryIndexes is empty")
    if len(given) > LOCAL_INDEXES_MAX:
        raise errors.invalid_values(
            f"Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}"
        )
    if sort_key is None:
        raise errors.invalid_values(
            "Table KeySchema does not have a range key, which is required when specifying a "
            "LocalSecondaryIndex"
        )
    found = []
    for each in given:
        name = each["IndexName"]
        index = _index(each, defined, False, PAY_PER_REQUEST, number)
        if index.sort_key is None:
            raise errors.invalid_values(
                f"Index KeySchema does not have a range key for index: {name}"
            )
        if index.partition_key != partition_key:
            raise errors.invalid_values(
                f"Index KeySchema does not have the same leading hash key as table KeySchema for "
                f"index: {name}. index hash key: {index.partition_key}, table hash key: "
                f"{partition_key}"
            )
        found.append(index)
    return found


def global_indexes(
    given: Sequence[Mapping[str, Any]] | None,
    defined: Mapping[str, str],
    billing: str,
    number: Callable[[], int],
) -> list[Index]:
    if given is None:
        return []
    if not given:
        raise errors.invalid_values("List of GlobalSecondaryIndexes is empty")
    if len(given) > GLOBAL_INDEXES_MAX:
        raise errors.invalid_values(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}"
        )
    return [_index(each, defined, True, billing, number) for each in given]


def global_index(
    given: Mapping[str, Any],
    defined: Mapping[str, str],
    billing: str,
    number: Callable[[], int],
) -> Index:
    return _index(given, defined, True, billing, number)


def _index(
    given: Mapping[str, Any],
    defined: Mapping[str, str],
    is_global: bool,
    billing: str,
    number: Callable[[], int],
) -> Index:
    name, schema = given["IndexName"], given["KeySchema"]
    if is_global and has_several(schema):
        partition_keys, sort_keys = several_keys(schema, defined)
    else:
        partition_key, sort_key = keys(schema, defined)
        partition_keys, sort_keys = [partition_key], [] if sort_key is None else [sort_key]
    projection = given["Projection"]
    kind, included = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        raise errors.invalid_values("Unknown ProjectionType: null")
    if kind == "INCLUDE" and not included:
        raise errors.invalid_values(
            "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"
        )
    if kind != "INCLUDE" and included is not None:
        raise errors.invalid_values(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    capacity = Throughput()
    if is_global:
        capacity = throughput(billing, given.get("ProvisionedThroughput"), name)
    asked, warm = given.get("OnDemandThroughput"), given.get("WarmThroughput")
    return Index(
        name=name,
        number=number(),
        is_global=is_global,
        partition_key=partition_keys[0],
        more_partition_keys=tuple(partition_keys[1:]),
        sort_key=sort_keys[0] if sort_keys else None,
        more_sort_keys=tuple(sort_keys[1:]),
        projection=kind,
        included=tuple(included or ()),
        throughput=capacity,
        on_demand=None if asked is None else capacity_changes.on_demand(billing, asked, None),
        warm=None if warm is None else capacity_changes.warmed(billing, capacity, None, warm),
    )


def check_indexes(indexes: Sequence[Index]) -> None:
    """Names are used once, and not too many attributes are projected in all."""
    seen: set[str] = set()
    for index in indexes:
        if index.name in seen:
            raise errors.invalid_values(f"Duplicate index name: {index.name}")
        seen.add(index.name)
    if sum(len(index.included) for index in indexes) > INCLUDED_MAX:
        raise errors.invalid_values(
            "Number of Attributes specified in NonKeyAttributes exceeds the limit of "
            f"{INCLUDED_MAX} across all secondary indexes"
        )


# Streams and encryption.


def stream_view(given: Mapping[str, Any]) -> str:
    """The view type of a stream that shall be on; empty for one that shall not."""
    view = given.get("StreamViewType")
    if given["StreamEnabled"]:
        if view not in _VIEWS:
            raise errors.invalid_values(
                "StreamViewType must be specified when StreamEnabled is true"
            )
        return str(view)
    if view is not None:
        raise errors.invalid_values(
            "StreamViewType must not be specified when StreamEnabled is false"
        )
    return ""


def sse(given: Mapping[str, Any] | None, default_key: str) -> dict[str, Any] | None:
    """The description of encryption by KMS; None for a key of DynamoDB's own."""
    if given is None:
        return None
    key = given.get("KMSMasterKeyId")
    if not given.get("Enabled"):
        if key is not None or given.get("SSEType") is not None:
            raise errors.invalid_values(
                "SSEType and KMSMasterKeyId can only be specified when SSE is enabled"
            )
        return None
    if given.get("SSEType") == "AES256":
        raise errors.invalid_values("Unsupported SSE type: AES256")
    return {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key or default_key}
