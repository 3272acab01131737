"""ExportTableToPointInTime, DescribeExport, ListExports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.backups import continuous
from pileus.services.dynamodb.exports import files, filters, store, tokens, writing
from pileus.services.dynamodb.exports.store import FULL, INCREMENTAL, Export, Request
from pileus.services.dynamodb.history import holds, past
from pileus.services.dynamodb.tables import store as table_store

EXPORTS = "export"
_ID = re.compile(r"\d{14}-[0-9a-f]{8}")
_LIST_MAX = 25
# A small table is exported before the answer is given; others go on behind it.
_WAIT_SECONDS = 1.0
_MINUTE_MS = 60_000
# docs: S3DataExport_Requesting, the period of an incremental export
_PERIOD_MIN_MS, _PERIOD_MAX_MS = 15 * _MINUTE_MS, 24 * 60 * _MINUTE_MS


class ExportMembers(TypedDict, total=False):
    """What ExportTableToPointInTime may leave out."""

    export_time: int
    client_token: str
    s3_bucket_owner: str
    s3_prefix: str
    s3_sse_algorithm: str
    s3_sse_kms_key_id: str
    export_format: str
    export_type: str
    incremental_export_specification: dict[str, Any]
    filter_specification: dict[str, Any]


def the_table(call: Call, params: Mapping[str, Any]) -> str:
    return table_names.arn_of(call, params["TableArn"])


def the_export(call: Call, params: Mapping[str, Any]) -> str:
    """The table that an export is of: they share a partition."""
    arn: str = params["ExportArn"]
    table, _, id = arn.partition("/export/")
    if not _ID.fullmatch(id) or not table_names.NAME.fullmatch(table.partition(":table/")[2]):
        raise errors.export_not_found(arn)
    return table_names.table_of(table)


async def export_table_to_point_in_time(
    call: Call, *, table_arn: str, s3_bucket: str, **members: Unpack[ExportMembers]
) -> dict[str, Any]:
    export = await call.transaction(begin, s3_bucket, members, about=call.about)
    if not call.kernel.settings.aws_delays:
        async with call.watching(export.arn) as changed:
            while await call.read(is_going_on, export.arn, about=call.about):
                if not await changed(real_seconds=_WAIT_SECONDS):
                    break
    return {"ExportDescription": described(export)}


def is_going_on(tx: Transaction, arn: str) -> bool:
    """Step about a table."""
    found = store.find(tx, arn)
    return found is not None and found.status == store.IN_PROGRESS


def begin(tx: Transaction, s3_bucket: str, members: ExportMembers) -> Export:
    """Step about a table: have it exported; the same export for the same token."""
    conflict = AwsError(
        "ExportConflictException",
        "The client token was used with other parameters within the last eight hours.",
    )
    token = members.get("client_token")
    asked = {"bucket": s3_bucket, **members}
    present = tokens.known(tx, token, asked, conflict)
    if present is not None:
        found = store.find(tx, present)
        assert found is not None, f"{present} is gone before its token"
        return found
    table, state = continuous.recoverable(tx)
    request = _request(continuous.window(table, tx.now).earliest, tx.now, s3_bucket, members)
    wanted = members.get("filter_specification")
    if wanted:
        request = msgspec.structs.replace(request, filter=filters.specification(table, wanted))
    full = request.type == FULL
    position = past.position_at(
        tx, table.changes, state.position, request.at if full else request.from_at
    )
    last = 0 if full else past.position_at(tx, table.changes, state.position, request.to_at)
    arn = f"{table.arn}/export/{tx.now:014d}-{tx.kernel.ids.hexadecimal(8)}"
    export = Export(
        arn, request, table.arn, table.id, table.keys, tx.now, table.number, table.changes,
        position, last,
    )  # fmt: skip
    held = holds.take(tx, table, writing.HOLD + arn, position)
    if held is not table:
        table_store.update(tx, held)
    store.put(tx, export)
    tokens.remember(tx, token, asked, arn)
    tx.enlist(EXPORTS, f"{table.name}/{export.id}", arn)
    tx.set_timer(writing.EXPORT_TIMER, arn, tx.now)
    return export


def _request(earliest: int, now: int, bucket: str, members: ExportMembers) -> Request:
    """Raises AWS's errors for instants that cannot be exported."""
    kind = members.get("export_type") or FULL
    asked = members.get("incremental_export_specification")
    times: dict[str, Any] = {}
    if kind == INCREMENTAL:
        if asked is None or members.get("export_time") is not None:
            raise errors.invalid(
                "IncrementalExportSpecification, and no ExportTime, must be specified when "
                "ExportType is INCREMENTAL_EXPORT"
            )
        to_at = asked.get("ExportToTime", now)
        from_at = asked.get("ExportFromTime", to_at - _PERIOD_MAX_MS)
        if not _PERIOD_MIN_MS <= to_at - from_at <= _PERIOD_MAX_MS:
            raise errors.invalid(
                "The difference between ExportFromTime and ExportToTime must be at least 15 "
                "minutes and at most 24 hours"
            )
        _check_time(earliest, from_at, now)
        _check_time(earliest, to_at, now)
        view = asked.get("ExportViewType") or "NEW_AND_OLD_IMAGES"
        times = {"from_at": from_at, "to_at": to_at, "view": view}
    else:
        if asked is not None:
            raise errors.invalid(
                "IncrementalExportSpecification must not be specified when ExportType is "
                "FULL_EXPORT"
            )
        times = {"at": members.get("export_time", now)}
        _check_time(earliest, times["at"], now)
    return Request(
        bucket=bucket,
        format=members.get("export_format") or "DYNAMODB_JSON",
        type=kind,
        token=members.get("client_token") or "",
        owner=members.get("s3_bucket_owner") or "",
        prefix=(members.get("s3_prefix") or "").strip("/"),
        sse=members.get("s3_sse_algorithm") or "",
        kms_key=members.get("s3_sse_kms_key_id") or "",
        **times,
    )


def _check_time(earliest: int, at: int, now: int) -> None:
    # AWS tells and takes whole seconds.
    if not earliest // 1000 * 1000 <= at <= now:
        raise AwsError(
            "InvalidExportTimeException",
            "The specified ExportTime is outside of the point in time recovery window.",
        )


def described(export: Export) -> dict[str, Any]:
    asked = export.request
    found: dict[str, Any] = {
        "ExportArn": export.arn,
        "ExportStatus": export.status,
        "StartTime": export.started_at,
        "TableArn": export.table_arn,
        "TableId": export.table_id,
        "S3Bucket": asked.bucket,
        "S3SseAlgorithm": asked.sse or "AES256",
        "ExportFormat": asked.format,
        "ExportType": asked.type,
    }
    if asked.type == FULL:
        found["ExportTime"] = asked.at
    else:
        found["IncrementalExportSpecification"] = {
            "ExportFromTime": asked.from_at, "ExportToTime": asked.to_at,
            "ExportViewType": asked.view,
        }  # fmt: skip
    for member, value in (
        ("ClientToken", asked.token), ("S3BucketOwner", asked.owner), ("S3Prefix", asked.prefix),
        ("S3SseKmsKeyId", asked.kms_key), ("EndTime", export.ended_at),
        ("FailureCode", export.failure_code), ("FailureMessage", export.failure_message),
    ):  # fmt: skip
        if value:
            found[member] = value
    if asked.filter is not None:
        found["FilterSpecification"] = asked.filter.shown
    if export.status == store.COMPLETED:
        found["ExportManifest"] = files.manifest_key(export, "summary")
        found |= {"BilledSizeBytes": export.size, "ItemCount": export.items}
    return found


def describe_export(call: Call, *, export_arn: str) -> dict[str, Any]:
    found = store.find(call.tx, export_arn)
    if found is None:
        raise errors.export_not_found(export_arn)
    return {"ExportDescription": described(found)}


async def list_exports(
    call: Call,
    *,
    table_arn: str | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    size = max_results or _LIST_MAX
    prefix = "" if table_arn is None else f"{table_names.name_of(table_arn)}/"
    after = ""
    if next_token is not None:
        try:
            [after] = pagination.decode(next_token, str)
        except pagination.InvalidToken:
            raise errors.invalid("Invalid NextToken") from None
    rows = await call.read(names, EXPORTS, prefix, after, size + 1, about=call.about)
    found = []
    for _, arn in rows[:size]:
        about = table_names.table_of(arn.partition("/export/")[0])
        summary = await call.read(summarised, arn, about=about)
        found += [] if summary is None else [summary]
    answer: dict[str, Any] = {"ExportSummaries": found}
    if len(rows) > size:
        answer["NextToken"] = pagination.encode(rows[size - 1][0])
    return answer


def names(tx: Transaction, kind: str, prefix: str, after: str, limit: int) -> list[tuple[str, str]]:
    """Step about the account."""
    return tx.listed(kind, at_most=limit, prefix=prefix, after=after)


def summarised(tx: Transaction, arn: str) -> dict[str, Any] | None:
    """Step about a table: one of its exports, if it is still there."""
    found = store.find(tx, arn)
    if found is None:
        return None
    return {
        "ExportArn": arn, "ExportStatus": found.status, "ExportType": found.request.type,
    }  # fmt: skip
