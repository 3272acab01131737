"""ImportTable, DescribeImport, ListImports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError, not_implemented
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.exports import operations as exports
from pileus.services.dynamodb.exports import tokens
from pileus.services.dynamodb.imports import error_logs, reading, store
from pileus.services.dynamodb.imports.store import Import
from pileus.services.dynamodb.tables import operations as tables
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import CREATING

IMPORTS = "import"
_ID = re.compile(r"\d{14}-[0-9a-f]{8}")
_LIST_MAX = 25
# A small table is imported before the answer is given; others go on behind it.
_WAIT_SECONDS = 1.0
_MEMBERS = {
    "AttributeDefinitions": "attribute_definitions",
    "KeySchema": "key_schema",
    "BillingMode": "billing_mode",
    "ProvisionedThroughput": "provisioned_throughput",
    "OnDemandThroughput": "on_demand_throughput",
    "SSESpecification": "sse_specification",
    "GlobalSecondaryIndexes": "global_secondary_indexes",
}
# What the model says of tokens of lists: groups of sixteen digits, 112 at least.
_TOKEN_GROUP_BYTES, _TOKEN_MIN_BYTES = 8, 56


def the_table(call: Call, params: Mapping[str, Any]) -> str:
    return table_names.arn_of(call, params["TableCreationParameters"]["TableName"])


def the_import(call: Call, params: Mapping[str, Any]) -> str:
    """The table that an import makes: they share a partition."""
    arn: str = params["ImportArn"]
    table, _, id = arn.partition("/import/")
    if not _ID.fullmatch(id) or not table_names.NAME.fullmatch(table.partition(":table/")[2]):
        raise errors.import_not_found(arn)
    return table_names.table_of(table)


async def import_table(
    call: Call,
    *,
    s3_bucket_source: dict[str, Any],
    input_format: str,
    table_creation_parameters: dict[str, Any],
    client_token: str | None = None,
    input_format_options: dict[str, Any] | None = None,
    input_compression_type: str | None = None,
) -> dict[str, Any]:
    if "VectorIndexes" in table_creation_parameters:
        raise not_implemented("dynamodb", "ImportTable", "TableCreationParameters.VectorIndexes")
    if input_format_options is not None and input_format != "CSV":
        raise errors.invalid("InputFormatOptions can only be specified when InputFormat is CSV")
    asked = {
        "source": s3_bucket_source,
        "format": input_format,
        "options": input_format_options,
        "compression": input_compression_type or "NONE",
        "parameters": table_creation_parameters,
    }
    kept = await call.transaction(begin, client_token, asked, about=call.about)
    if not call.kernel.settings.aws_delays:
        async with call.watching(kept.arn) as changed:
            while await call.read(is_going_on, kept.arn, about=call.about):
                if not await changed(real_seconds=_WAIT_SECONDS):
                    break
    return {"ImportTableDescription": described(kept)}


def is_going_on(tx: Transaction, arn: str) -> bool:
    """Step about a table."""
    found = store.find(tx, arn)
    return found is not None and found.status == store.IN_PROGRESS


def begin(tx: Transaction, token: str | None, asked: Mapping[str, Any]) -> Import:
    """Step about a table: make it, and have it filled; the same import for the same token."""
    conflict = AwsError(
        "ImportConflictException",
        "The client token was used with other parameters within the last eight hours.",
    )
    present = tokens.known(tx, token, asked, conflict)
    if present is not None:
        found = store.find(tx, present)
        assert found is not None, f"{present} is gone before its token"
        return found
    parameters = asked["parameters"]
    members = {_MEMBERS[name]: each for name, each in parameters.items() if name in _MEMBERS}
    table = msgspec.structs.replace(tables.made(tx, tx.about, members), status=CREATING)
    if table_store.seek(tx, tx.about) is not None:
        raise errors.table_exists(table.name)
    table_store.insert(tx, table)
    tx.enlist(tables.TABLES, table.name, tx.about)
    arn = f"{table.arn}/import/{tx.now:014d}-{tx.kernel.ids.hexadecimal(8)}"
    kept = Import(arn, table.arn, table.id, tx.now, token or "", **asked)
    store.put(tx, kept)
    tokens.remember(tx, token, asked, arn)
    tx.enlist(IMPORTS, f"{table.name}/{kept.id}", arn)
    tx.set_timer(reading.IMPORT_TIMER, arn, tx.now)
    return kept


def described(kept: Import) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ImportArn": kept.arn,
        "ImportStatus": kept.status,
        "TableArn": kept.table_arn,
        "TableId": kept.table_id,
        "S3BucketSource": kept.source,
        "ErrorCount": kept.errors,
        "CloudWatchLogGroupArn": error_logs.group_arn(kept),
        "InputFormat": kept.format,
        "InputCompressionType": kept.compression,
        "TableCreationParameters": kept.parameters,
        "StartTime": kept.started_at,
        "ProcessedSizeBytes": kept.processed_bytes,
        "ProcessedItemCount": kept.processed_items,
        "ImportedItemCount": kept.imported_items,
    }
    for member, value in (
        ("ClientToken", kept.token), ("InputFormatOptions", kept.options),
        ("EndTime", kept.ended_at), ("FailureCode", kept.failure_code),
        ("FailureMessage", kept.failure_message),
    ):  # fmt: skip
        if value:
            found[member] = value
    return found


def describe_import(call: Call, *, import_arn: str) -> dict[str, Any]:
    found = store.find(call.tx, import_arn)
    if found is None:
        raise errors.import_not_found(import_arn)
    return {"ImportTableDescription": described(found)}


async def list_imports(
    call: Call,
    *,
    table_arn: str | None = None,
    page_size: int | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    size = page_size or _LIST_MAX
    prefix = "" if table_arn is None else f"{table_names.name_of(table_arn)}/"
    after = "" if next_token is None else _place(next_token)
    rows = await call.read(exports.names, IMPORTS, prefix, after, size + 1, about=call.about)
    found = []
    for _, arn in rows[:size]:
        about = table_names.table_of(arn.partition("/import/")[0])
        summary = await call.read(summarised, arn, about=about)
        found += [] if summary is None else [summary]
    answer: dict[str, Any] = {"ImportSummaryList": found}
    if len(rows) > size:
        answer["NextToken"] = _token(rows[size - 1][0])
    return answer


def _token(place: str) -> str:
    content = place.encode()
    length = max(_TOKEN_MIN_BYTES, len(content))
    length += -length % _TOKEN_GROUP_BYTES
    return content.ljust(length, b"\0").hex()


def _place(token: str) -> str:
    try:
        place = bytes.fromhex(token).rstrip(b"\0").decode()
    except ValueError:
        place = "\0"
    if "\0" in place:
        raise errors.invalid("Invalid NextToken")
    return place


def summarised(tx: Transaction, arn: str) -> dict[str, Any] | None:
    """Step about a table: one of its imports, if it is still there."""
    kept = store.find(tx, arn)
    if kept is None:
        return None
    wanted = (
        "ImportArn", "ImportStatus", "TableArn", "S3BucketSource", "CloudWatchLogGroupArn",
        "InputFormat", "StartTime", "EndTime",
    )  # fmt: skip
    found = described(kept)
    return {name: found[name] for name in wanted if name in found}
