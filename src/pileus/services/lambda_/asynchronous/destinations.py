"""Where the record of an asynchronous invocation can go, and the form in which it goes there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.deliveries import Handover, RetryPolicy

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# By the service field of the destination's ARN. Buckets take the records of failures only.
# docs: lambda/latest/dg/invocation-async-retain-records
ON_SUCCESS = ("lambda", "sns", "sqs", "events")
ON_FAILURE = (*ON_SUCCESS, "s3")


# AWS counts a refusal by the destination as a failure, and does not send again.
ONCE = RetryPolicy(retries_refusals=False)


def hand_over(tx: Transaction, to: str, function_arn: str, record: bytes, outcome: str) -> Handover:
    """Hand a record over for the function of this transaction; `outcome` is Success or Failure."""
    parts = arns.parse(to)
    assert parts is not None
    attributes: dict[str, Any] = {}
    payload = record
    if parts.service == "events":
        payload = _event(tx, to, function_arn, record, outcome)
    elif parts.service == "s3":
        attributes["Key"] = _key(tx, function_arn)
    return tx.deliver(to=to, payload=payload, because=tx.about, attributes=attributes, policy=ONCE)


def _event(tx: Transaction, to: str, function_arn: str, record: bytes, outcome: str) -> bytes:
    function = arns.parse(function_arn)
    assert function is not None
    moment = datetime.fromtimestamp(tx.now / 1000, UTC)
    return msgspec.json.encode(
        {
            "version": "0",
            "id": tx.kernel.ids.uuid(),
            "detail-type": f"Lambda Function Invocation Result - {outcome}",
            "source": "lambda",
            "account": function.account,
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": function.region,
            "resources": [to, function_arn],
            "detail": msgspec.Raw(record),
        }
    )


def _key(tx: Transaction, function_arn: str) -> str:
    """docs: the same page, "Configuring an Amazon S3 destination": the naming of objects."""
    name = function_arn.split(":")[6]
    moment = datetime.fromtimestamp(tx.now / 1000, UTC)
    when = moment.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S")
    return f"aws/lambda/async/{name}/{when}-{tx.kernel.ids.uuid()}"
