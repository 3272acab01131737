"""Kinesis streams that a table's changes go to: enable, change, disable, describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables import operations, store
from pileus.services.dynamodb.tables.settings import ACTIVE, Destination, Table

SETTLE_TIMER = "dynamodb:settle-destination"
_ENABLING, _DISABLING, _UPDATING = "ENABLING", "DISABLING", "UPDATING"
_DISABLED, _FAILED = "DISABLED", "ENABLE_FAILED"
_ENDED = (_DISABLED, _FAILED)
_DEFAULT_PRECISION = "MILLISECOND"
# docs: kds_gettingstarted, limits
_DESTINATIONS_MAX = 2
# How long it takes where AWS's delays are played.
_CHANGE_MS = 10_000


def _precision(configuration: Mapping[str, Any] | None) -> str | None:
    return (configuration or {}).get("ApproximateCreationDateTimePrecision")


async def enable_kinesis_streaming_destination(
    call: Call,
    *,
    table_name: str,
    stream_arn: str,
    enable_kinesis_streaming_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    problem = ""
    try:
        found = await call.invoke("kinesis", "DescribeStreamSummary", StreamARN=stream_arn)
        if found["StreamDescriptionSummary"]["StreamStatus"] not in ("ACTIVE", "UPDATING"):
            problem = f"The stream is not active: {stream_arn}"
    except AwsError as refusal:
        if refusal.fault == "Receiver":
            raise
        problem = refusal.message
    precision = _precision(enable_kinesis_streaming_configuration) or _DEFAULT_PRECISION
    wanted = Destination(stream_arn, ACTIVE, precision, problem)
    shown: dict[str, Any] = await call.transaction(enable, wanted, about=call.about)
    return shown


def enable(tx: Transaction, wanted: Destination) -> dict[str, Any]:
    """Step about a table: have it tell a stream of its changes."""
    table = _active(tx)
    present = table.destination(wanted.stream_arn)
    if present is not None and present.status not in _ENDED:
        raise errors.invalid(
            "Table is not in a valid state to enable Kinesis Streaming Destination: "
            "KinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE "
            "operation."
        )
    others = [each for each in table.destinations if each.stream_arn != wanted.stream_arn]
    if sum(each.status not in _ENDED for each in others) >= _DESTINATIONS_MAX:
        raise AwsError(
            "LimitExceededException",
            f"A table can have up to {_DESTINATIONS_MAX} Kinesis streaming destinations.",
        )
    end = _FAILED if wanted.problem else ACTIVE
    # Of those that ended, only the last ones are told of.
    kept = [each for each in others if each.status not in _ENDED] or others[-1:]
    table = msgspec.structs.replace(table, destinations=(*kept, wanted))
    return _changed(tx, table, wanted, _ENABLING, end, "Enable")


def disable_kinesis_streaming_destination(
    call: Call,
    *,
    table_name: str,
    stream_arn: str,
    enable_kinesis_streaming_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    table = _active(call.tx)
    present = _find(table, stream_arn)
    if present.status != ACTIVE:
        raise errors.invalid(
            "Table is not in a valid state to disable Kinesis Streaming Destination: "
            "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."
        )
    return _changed(call.tx, table, present, _DISABLING, _DISABLED, "Enable")


def update_kinesis_streaming_destination(
    call: Call,
    *,
    table_name: str,
    stream_arn: str,
    update_kinesis_streaming_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    table = _active(call.tx)
    precision = _precision(update_kinesis_streaming_configuration)
    if precision is None:
        raise errors.invalid(
            "Streaming destination cannot be updated with given parameters: "
            "UpdateKinesisStreamingConfiguration cannot be null or contain only null values"
        )
    present = _find(table, stream_arn)
    if present.status != ACTIVE:
        raise errors.invalid(
            "Table is not in a valid state to update Kinesis Streaming Destination: "
            "KinesisStreamingDestination must be ACTIVE to perform UPDATE operation."
        )
    if present.precision == precision:
        raise errors.invalid(
            f"Invalid Request: Precision is already set to the desired value of {precision} for "
            f"tableId: {table.id}, kdsArn: {stream_arn}"
        )
    wanted = msgspec.structs.replace(present, precision=precision)
    return _changed(call.tx, table, wanted, _UPDATING, ACTIVE, "Update")


def describe_kinesis_streaming_destination(call: Call, *, table_name: str) -> dict[str, Any]:
    table, _ = operations.described(call.tx, call.about)
    return {
        "TableName": table.name,
        "KinesisDataStreamDestinations": [_shown(each) for each in table.destinations],
    }


def _shown(destination: Destination) -> dict[str, Any]:
    found: dict[str, Any] = {
        "StreamArn": destination.stream_arn,
        "DestinationStatus": destination.status,
        "ApproximateCreationDateTimePrecision": destination.precision,
    }
    if destination.problem and destination.status == _FAILED:
        found["DestinationStatusDescription"] = destination.problem
    return found


def _active(tx: Transaction) -> Table:
    table, _ = operations.described(tx, tx.about)
    if table.status != ACTIVE:
        raise errors.table_in_use(table.name, "updated")
    return table


def _find(table: Table, stream_arn: str) -> Destination:
    present = table.destination(stream_arn)
    if present is None:
        raise errors.invalid(
            "Table is not in a valid state to enable Kinesis Streaming Destination: No streaming "
            f"destination with streamArn: {stream_arn} found for table with tableName: {table.name}"
        )
    return present


def _changed(
    tx: Transaction, table: Table, wanted: Destination, status: str, end: str, verb: str
) -> dict[str, Any]:
    """Keep a destination in the state that it ends in, or in the one before for a while."""
    has_delays = tx.kernel.settings.aws_delays
    kept = msgspec.structs.replace(wanted, status=status if has_delays else end)
    store.update(tx, table.with_destination(kept))
    if has_delays:
        key = f"{table.arn} {wanted.stream_arn}"
        tx.set_timer(SETTLE_TIMER, key, tx.now + _CHANGE_MS, {"id": table.id, "status": end})
    return {
        "TableName": table.name,
        "StreamArn": wanted.stream_arn,
        "DestinationStatus": status,
        f"{verb}KinesisStreamingConfiguration": {
            "ApproximateCreationDateTimePrecision": wanted.precision
        },
    }


def settle(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a destination has changed, where AWS's delays are played."""
    arn, _, stream_arn = key.partition(" ")
    found = store.seek(call.tx, arn)
    present = found[0].destination(stream_arn) if found is not None else None
    if found is None or present is None or found[0].id != payload["id"]:
        return
    kept = msgspec.structs.replace(present, status=payload["status"])
    store.update(call.tx, found[0].with_destination(kept))
