"""The errors that DynamoDB answers, in AWS's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pileus.kernel.errors import AwsError


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def invalid_values(reason: str) -> AwsError:
    return invalid(f"One or more parameter values were invalid: {reason}")


# Tables.


def not_found() -> AwsError:
    return AwsError("ResourceNotFoundException", "Requested resource not found")


def table_not_found(name: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException", f"Requested resource not found: Table: {name} not found"
    )


def resource_not_found(arn: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found"
    )


def backup_table_not_found(name: str) -> AwsError:
    return AwsError("TableNotFoundException", f"Table not found: {name}")


def backup_table_in_use(name: str, change: str) -> AwsError:
    return AwsError("TableInUseException", f"Table is being {change}: {name}")


def backup_not_found(arn: str) -> AwsError:
    return AwsError("BackupNotFoundException", f"Backup not found: {arn}")


def backup_in_use(arn: str) -> AwsError:
    return AwsError(
        "BackupInUseException",
        f"Backup is being created or restored to a table: {arn}",
    )


def restored_table_exists(name: str) -> AwsError:
    return AwsError("TableAlreadyExistsException", f"Table already exists: {name}")


def recovery_unavailable(name: str) -> AwsError:
    return AwsError(
        "PointInTimeRecoveryUnavailableException",
        f"Point in time recovery is not enabled for table '{name}'",
    )


def invalid_restore_time() -> AwsError:
    return AwsError(
        "InvalidRestoreTimeException",
        "RestoreDateTime must be between EarliestRestorableDateTime and LatestRestorableDateTime.",
    )


def global_table_exists(name: str) -> AwsError:
    return AwsError(
        "GlobalTableAlreadyExistsException", f"Global table with name: '{name}' already exists."
    )


def global_table_not_found(name: str) -> AwsError:
    return AwsError(
        "GlobalTableNotFoundException",
        f"Global table not found: Global table with name: '{name}' does not exist.",
    )


def replica_exists(name: str, region: str) -> AwsError:
    return AwsError(
        "ReplicaAlreadyExistsException",
        f"Global table with name: '{name}' already has a replica in region: '{region}'.",
    )


def replica_not_found(name: str, region: str) -> AwsError:
    return AwsError(
        "ReplicaNotFoundException",
        f"Global table with name: '{name}' has no replica in region: '{region}'.",
    )


def export_not_found(arn: str) -> AwsError:
    return AwsError("ExportNotFoundException", f"Export not found: {arn}")


def import_not_found(arn: str) -> AwsError:
    return AwsError("ImportNotFoundException", f"Import not found: {arn}")


def invalid_table_name() -> AwsError:
    return invalid(
        "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, "
        "and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
    )


def table_exists(name: str) -> AwsError:
    return AwsError("ResourceInUseException", f"Table already exists: {name}")


def table_in_use(name: str, change: str) -> AwsError:
    return AwsError(
        "ResourceInUseException",
        f"Attempt to change a resource which is still in use: Table is being {change}: {name}",
    )


def deletion_protected() -> AwsError:
    return invalid(
        "Resource cannot be deleted as it is currently protected against deletion. "
        "Disable deletion protection first."
    )


def too_many_index_changes() -> AwsError:
    return AwsError(
        "LimitExceededException",
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously "
        "per table",
    )


def capacity_unchanged(what: str, kind: str, read: int, write: int) -> AwsError:
    return invalid(
        f"The provisioned throughput for the {what} will not change. The requested value equals "
        f"the current value. Current ReadCapacityUnits provisioned for the {kind}: {read}. "
        f"Requested ReadCapacityUnits: {read}. Current WriteCapacityUnits provisioned for the "
        f"{kind}: {write}. Requested WriteCapacityUnits: {write}. Refer to the Amazon DynamoDB "
        "Developer Guide for current limits and how to request higher limits."
    )


def too_many_decreases(count: int, last: str, following: str) -> AwsError:
    return AwsError(
        "LimitExceededException",
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given "
        "UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be "
        f"performed at most once every 3600 seconds. Number of decreases today: {count}. "
        f"Last decrease at {last}. Next decrease can be made at {following}",
    )


def too_many_switches(last: str, following: str) -> AwsError:
    return AwsError(
        "LimitExceededException",
        "Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 1 "
        f"day(s). Last update at {last}. Next update can be made at {following}",
    )


def too_many_class_changes() -> AwsError:
    return AwsError(
        "LimitExceededException",
        "Subscriber limit exceeded: Updates to the table class are limited to 2 in 30 days",
    )


def index_not_found(name: str) -> AwsError:
    return invalid(f"The table does not have the specified index: {name}")


def settings_index_not_found(name: str) -> AwsError:
    return AwsError("IndexNotFoundException", f"Index not found: {name}")


def named_index_not_found(name: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException", f"Requested resource not found: Index: {name} not found"
    )


def policy_not_found(arn: str) -> AwsError:
    return AwsError(
        "PolicyNotFoundException",
        f"Resource-based policy not found for the provided ResourceArn: {arn}",
    )


def policy_revision_differs() -> AwsError:
    return AwsError(
        "PolicyNotFoundException",
        "Resource-based policy not found for the provided ResourceArn: the revision id is not "
        "that of the policy.",
    )


# Items.


def condition_failed(item: dict[str, Any] | None = None) -> AwsError:
    members: dict[str, Any] = {} if item is None else {"Item": item}
    return AwsError("ConditionalCheckFailedException", "The conditional request failed", **members)


DUPLICATE_ITEM = "Duplicate primary key exists in table"


def duplicate_item() -> AwsError:
    return AwsError("DuplicateItemException", DUPLICATE_ITEM)


class KeyUnsuitable(AwsError):
    """A key that does not suit its table, which transactions and batches tell in their own way."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def key_mismatch() -> AwsError:
    return KeyUnsuitable("The provided key element does not match the schema")


def key_missing(name: str) -> AwsError:
    return KeyUnsuitable(
        f"One or more parameter values were invalid: Missing the key {name} in the item"
    )


def key_type_differs(name: str, wanted: str, found: str) -> AwsError:
    return KeyUnsuitable(
        "One or more parameter values were invalid: "
        f"Type mismatch for key {name} expected: {wanted} actual: {found}"
    )


def empty_index_key(what: str, index: str, key: str, is_update: bool) -> AwsError:
    how = (
        "The update expression attempted to update a secondary index key to a value that is not "
        "supported."
        if is_update
        else "A value specified for a secondary index key is not supported."
    )
    return invalid(
        f"One or more parameter values are not valid. {how} The AttributeValue for a key attribute "
        f"cannot contain an empty {what} value. IndexName: {index}, IndexKey: {key}"
    )


def throughput_exceeded(reason: str, arn: str) -> AwsError:
    """`reason` is AWS's, as TableReadProvisionedThroughputExceeded; `arn` is what was exceeded."""
    reasons = [{"reason": reason, "resource": arn}]
    if "OnDemand" in reason:
        return AwsError(
            "ThrottlingException",
            "Throughput exceeds the maximum OnDemandThroughput configured on table or index",
            throttlingReasons=reasons,
        )
    message = (
        "The level of configured provisioned throughput for one or more global secondary indexes "
        "of the table was exceeded. Consider increasing your provisioning level for the "
        "under-provisioned global secondary indexes with the UpdateTable API"
        if reason.startswith("Index")
        else "The level of configured provisioned throughput for the table was exceeded. Consider "
        "increasing your provisioning level with the UpdateTable API."
    )
    return AwsError("ProvisionedThroughputExceededException", message, ThrottlingReasons=reasons)


# Transactions.


def transaction_canceled(reasons: Sequence[dict[str, Any]]) -> AwsError:
    codes = ", ".join(reason["Code"] for reason in reasons)
    return AwsError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        CancellationReasons=list(reasons),
    )


def token_differs() -> AwsError:
    return AwsError(
        "IdempotentParameterMismatchException",
        "The provided client token has already been used with different request parameters.",
    )


def tables_apart() -> AwsError:
    return AwsError(
        "NotImplemented",
        "A transaction over tables that lie in different files of the store is not implemented.",
        status=501,
        fault="Receiver",
    )


# Streams.


def stream_not_found(arn: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found"
    )


def shard_not_found(shard: str, arn: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException",
        f"Requested resource not found: Shard does not exist: {shard} in {arn}",
    )


def iterator_expired() -> AwsError:
    return AwsError(
        "ExpiredIteratorException",
        "Iterator expired. The iterator was created at time and is more than 15 minutes old.",
    )


def iterator_invalid() -> AwsError:
    return invalid("Invalid ShardIterator")


def records_trimmed() -> AwsError:
    return AwsError(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard.",
    )
