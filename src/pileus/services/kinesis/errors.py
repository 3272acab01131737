"""The errors that Kinesis answers, in AWS's words where docs/services/kinesis.md says so."""

from __future__ import annotations

from datetime import UTC, datetime

from pileus.kernel import arns
from pileus.kernel.errors import AwsError

_LIMITS_PAGE = (
    "http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html"  # as AWS says it
)


def _named(arn: str) -> str:
    """`foo under account 123456789012`, as AWS names streams."""
    parts = arns.parse(arn)
    assert parts is not None
    return f"{parts.resource.removeprefix('stream/')} under account {parts.account}"


def invalid_argument(message: str) -> AwsError:
    return AwsError("InvalidArgumentException", message)


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def dry_run() -> AwsError:
    return AwsError(
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun parameter was set.",
    )


# Streams.


def stream_not_found(arn: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Stream {_named(arn)} not found.")


def stream_exists(arn: str) -> AwsError:
    return AwsError("ResourceInUseException", f"Stream {_named(arn)} already exists.")


def stream_not_active(arn: str, status: str) -> AwsError:
    return AwsError(
        "ResourceInUseException",
        f"Stream {_named(arn)} not ACTIVE, instead in state {status}",
    )


def stream_has_consumers(arn: str) -> AwsError:
    return AwsError(
        "ResourceInUseException",
        f"Stream {_named(arn)} has registered consumers. Deregister them, or set "
        "EnforceConsumerDeletion, to delete the stream.",
    )


def no_stream_named() -> AwsError:
    return invalid_argument("Either StreamName or StreamARN must be specified.")


def name_and_arn_differ(name: str, arn: str) -> AwsError:
    return invalid_argument(f"StreamName {name} does not match StreamARN {arn}.")


def invalid_arn(arn: str) -> AwsError:
    return invalid_argument(f"{arn} is not the ARN of a stream or of a consumer.")


def on_demand(arn: str) -> AwsError:
    return validation(f"Request is invalid. Stream {_named(arn)} is in On-Demand mode.")


def too_many_shards(account: str, region: str, count: int, limit: int, more: int) -> AwsError:
    return AwsError(
        "LimitExceededException",
        f"This request would exceed the shard limit for the account {account} in {region}. Current "
        f"shard count for the account: {count}. Limit: {limit}. Number of additional shards that "
        f"would have resulted from this request: {more}. Refer to the AWS Service Limits page "
        f"({_LIMITS_PAGE}) for current limits and how to request higher limits.",
    )


# Retention.


def retention_too_short(hours: int) -> AwsError:
    return invalid_argument(
        "Minimum allowed retention period is 24 hours. Requested retention period "
        f"({hours} hours) is too short."
    )


def retention_too_long(hours: int) -> AwsError:
    return invalid_argument(
        "Maximum allowed retention period is 8760 hours. Requested retention period "
        f"({hours} hours) is too long."
    )


def retention_not_longer(name: str, hours: int, present: int) -> AwsError:
    return invalid_argument(
        f"Requested retention period ({hours} hours) for stream {name} can not be shorter than "
        f"existing retention period ({present} hours). Use DecreaseRetentionPeriod API."
    )


def retention_not_shorter(name: str, hours: int, present: int) -> AwsError:
    return invalid_argument(
        f"Requested retention period ({hours} hours) for stream {name} can not be longer than "
        f"existing retention period ({present} hours). Use IncreaseRetentionPeriod API."
    )


# Shards.


def shard_does_not_exist(arn: str, shard_id: str) -> AwsError:
    """For readers."""
    return AwsError(
        "ResourceNotFoundException", f"Shard {shard_id} in stream {_named(arn)} does not exist"
    )


def shard_not_found(arn: str, shard_id: str) -> AwsError:
    """For splits and merges."""
    return AwsError(
        "ResourceNotFoundException", f"Could not find shard {shard_id} in stream {_named(arn)}."
    )


def shard_is_closed(arn: str, shard_id: str) -> AwsError:
    return invalid_argument(
        f"Shard {shard_id} in stream {_named(arn)} has already been merged or split, and thus is "
        "not eligible for merging or splitting."
    )


def not_within_shard(arn: str, key: int, shard_id: str, low: int, high: int) -> AwsError:
    return invalid_argument(
        f"NewStartingHashKey {key} used in SplitShard() on shard {shard_id} in stream "
        f"{_named(arn)} is not both greater than one plus the shard's StartingHashKey {low} and "
        f"less than the shard's EndingHashKey {high}."
    )


def not_adjacent(arn: str, shard_id: str, other_id: str) -> AwsError:
    return invalid_argument(
        f"Shards {shard_id} and {other_id} in stream {_named(arn)} are not an adjacent pair of "
        "shards eligible for merging"
    )


def scaled_too_far(is_up: bool, count: int, target: int) -> AwsError:
    how = "up over double" if is_up else "down below half"
    return invalid_argument(
        f"UpdateShardCount cannot scale {how} your current open shard count. Current open shard "
        f"count: {count} Target shard count: {target}"
    )


def scaled_too_often(arn: str, limit: int) -> AwsError:
    return AwsError(
        "LimitExceededException",
        f"Stream {_named(arn)} was scaled {limit} times within 24 hours, which is the limit.",
    )


# Puts.


def invalid_hash_key(key: int) -> AwsError:
    return invalid_argument(
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified "
        f"value was {key}"
    )


def invalid_ordering_number(arn: str, number: str) -> AwsError:
    return invalid_argument(
        f"ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {_named(arn)} is "
        "invalid."
    )


def record_too_large(size_max: int) -> AwsError:
    return invalid_argument(
        f"The size of a record, its partition key included, must not exceed {size_max} bytes."
    )


def records_too_large() -> AwsError:
    return invalid_argument("Records size exceeds 10 MB limit")


def not_for_provisioned(what: str) -> AwsError:
    return invalid_argument(f"{what} is for streams in On-Demand mode only.")


def no_partition_key() -> AwsError:
    return invalid_argument("A record of this stream needs a PartitionKey.")


def rate_exceeded(arn: str, shard_id: str) -> AwsError:
    return AwsError(
        "ProvisionedThroughputExceededException",
        f"Rate exceeded for shard {shard_id} in stream {_named(arn)}.",
    )


# Reads.


def invalid_iterator() -> AwsError:
    return invalid_argument("Invalid ShardIterator.")


def iterator_expired(made_at: int, now: int, tolerated_ms: int) -> AwsError:
    return AwsError(
        "ExpiredIteratorException",
        f"Iterator expired. The iterator was created at time {_date(made_at)} while right now it "
        f"is {_date(now)} which is further in the future than the tolerated delay of "
        f"{tolerated_ms} milliseconds.",
    )


def _date(at: int) -> str:
    """Java's form of a date, which AWS uses in this message."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%a %b %d %H:%M:%S} UTC {moment.year}"


def number_and_type(kind: str, is_given: bool) -> AwsError:
    which = f"{kind} and also a" if is_given else f"{kind} and no"
    return invalid_argument(
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
        "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
        f"Request specified {which} StartingSequenceNumber."
    )


def no_timestamp() -> AwsError:
    return invalid_argument("Must specify timestamp parameter for iterator of type AT_TIMESTAMP.")


def timestamp_in_future(at: int, now: int) -> AwsError:
    return invalid_argument(
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
        f"timestampInMillis: {at}, currentTimestampInMillis: {now}"
    )


def foreign_number(arn: str, number: str, shard_id: str) -> AwsError:
    return invalid_argument(
        f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard_id} in stream "
        f"{_named(arn)} is invalid because it did not come from this stream."
    )


def number_of_other_shard(encoded_id: str, shard_id: str) -> AwsError:
    return invalid_argument(
        f"Invalid StartingSequenceNumber. It encodes {encoded_id}, while it was used in a call to "
        f"a shard with {shard_id}"
    )


def invalid_token() -> AwsError:
    return invalid_argument("The provided NextToken is invalid.")


def expired_token() -> AwsError:
    return AwsError(
        "ExpiredNextTokenException", "The provided NextToken has expired; it is valid for 300 s."
    )


def token_and_name(what: str) -> AwsError:
    return invalid_argument(f"NextToken and {what} cannot be provided together.")


# Consumers.


def consumer_exists(name: str, arn: str) -> AwsError:
    return AwsError(
        "ResourceInUseException", f"Consumer {name} under stream {_named(arn)} already exists."
    )


def consumer_not_found(name: str, arn: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException", f"Consumer {name} under stream {_named(arn)} not found."
    )


def consumer_not_active(name: str, created_at: int, arn: str) -> AwsError:
    parts = arns.parse(arn)
    assert parts is not None
    return AwsError(
        "ResourceInUseException",
        f"Consumer {name} with creation timestamp {created_at // 1000} under stream: "
        f"{parts.resource.removeprefix('stream/')} , account {parts.account} is not in ACTIVE "
        "status.",
    )


def too_many_consumers(limit: int) -> AwsError:
    return AwsError(
        "LimitExceededException", f"A stream can have at most {limit} registered consumers."
    )


def subscription_exists(arn: str, shard_id: str, consumer: str) -> AwsError:
    parts = arns.parse(arn)
    assert parts is not None
    stream = parts.resource.removeprefix("stream/")
    return AwsError(
        "ResourceInUseException",
        "Another active subscription exists for this consumer: "
        f"{parts.account}:{stream}:{shard_id}:{consumer}",
    )


def name_or_arn_of_consumer() -> AwsError:
    return invalid_argument("Either ConsumerARN, or StreamARN and ConsumerName, must be specified.")


# Queues.


def queue_not_found(arn: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Queue {arn} not found.")


def queue_exists(name: str) -> AwsError:
    return AwsError("ResourceInUseException", f"Queue {name} already exists.")


def queue_not_active(name: str, status: str) -> AwsError:
    return AwsError("ResourceInUseException", f"Queue {name} not ACTIVE, instead in state {status}")


def queues_need_on_demand(arn: str) -> AwsError:
    return validation(
        f"Request is invalid. Stream {_named(arn)} is in Provisioned mode, and queues need "
        "On-Demand mode."
    )


def stream_has_queues(arn: str) -> AwsError:
    return AwsError(
        "ResourceInUseException", f"Stream {_named(arn)} has queues. Delete them first."
    )


def invalid_receipt() -> AwsError:
    return invalid_argument("The ReceiptHandle is not the latest of a record of this queue.")


def record_not_held() -> AwsError:
    return AwsError(
        "ResourceNotFoundException", "The record was acknowledged or has left the stream."
    )


# Settings.


def no_commitment() -> AwsError:
    return validation(
        "Warm throughput needs an account whose MinimumThroughputBillingCommitment is enabled."
    )


def provisioned(arn: str) -> AwsError:
    return validation(f"Request is invalid. Stream {_named(arn)} is in Provisioned mode.")


def no_such_policy(arn: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{arn} has no resource policy.")


def invalid_policy(reason: str) -> AwsError:
    return invalid_argument(f"The policy is not valid: {reason}")


def invalid_tag(key: str) -> AwsError:
    return invalid_argument(f"The tag with the key {key!r} is not allowed.")


def too_many_tags(limit: int) -> AwsError:
    return invalid_argument(f"A resource can have at most {limit} tags.")
