"""Where mappings of streams tell what they have given up, and in what form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.shards import batches
from pileus.kernel.shards.batches import GivenUp
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.mappings import stream_events
from pileus.services.lambda_.mappings.mapping_settings import Mapping

# By the service field of the destination's ARN.
# docs: lambda/latest/dg/kinesis-on-failure-destination
DESTINATIONS = ("sqs", "sns", "s3")
_POLICY = RetryPolicy(explains_dead_letters=False)


class Note(NamedTuple):
    to: str
    document: bytes
    attributes: dict[str, Any]


def note(call: Call, mapping: Mapping, given_up: GivenUp) -> Note | None:
    """The note for the mapping's destination; None where it has none."""
    if not mapping.on_failure:
        return None
    details = given_up.details
    document: dict[str, Any] = {
        "requestContext": {
            "requestId": details.get("requestId") or call.kernel.ids.uuid(),
            "functionArn": mapping.function_arn,
            "condition": given_up.condition,
            "approximateInvokeCount": given_up.attempts,
        }
    }
    if "responseContext" in details:
        document["responseContext"] = details["responseContext"]
    document |= batches.note(given_up, mapping.source_arn, call.now)
    attributes: dict[str, Any] = {}
    parts = arns.parse(mapping.on_failure)
    assert parts is not None
    if parts.service == "s3":
        document["payload"] = stream_events.payload(given_up.records)
        attributes["Key"] = _key(call, mapping, given_up.shard_id)
    return Note(mapping.on_failure, msgspec.json.encode(document), attributes)


def _key(call: Call, mapping: Mapping, shard_id: str) -> str:
    """docs: the same page, the naming of objects"""
    moment = datetime.fromtimestamp(call.now / 1000, UTC)
    when = f"{moment:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}"
    return f"aws/lambda/{mapping.uuid}/{shard_id}/{when}-{call.kernel.ids.uuid()}"


def hand_over(tx: Transaction, told: Note, because: str) -> None:
    tx.deliver(
        to=told.to, payload=told.document, because=because, attributes=told.attributes,
        policy=_POLICY,
    )  # fmt: skip
