"""Tags of streams and consumers, by the older operations on streams and by those on resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel import tags as kernel_tags
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import errors, store, stream_names
from pileus.services.kinesis.consumers import store as consumer_store
from pileus.services.kinesis.queues import store as queue_store

_PAGE_MAX = 50


def check(present: Mapping[str, str], added: Mapping[str, str]) -> None:
    """Raises what AWS answers to tags that it does not allow."""
    found = kernel_tags.problem(present, added)
    if found is None:
        return
    problem, key = found
    if problem is kernel_tags.Problem.TOO_MANY:
        raise errors.too_many_tags(kernel_tags.TAGS_MAX)
    raise errors.invalid_tag(key)


def must_be_there(tx: Transaction, arn: str) -> None:
    """Raises ResourceNotFoundException where there is no such stream, consumer or queue."""
    stream = store.find(tx, tx.about)
    queue = stream_names.queue_of(arn)
    if queue is not None:
        queue_store.find(tx, stream, queue.queue_id, arn)
    consumer = stream_names.consumer_of(arn)
    if consumer is None:
        return
    found = consumer_store.seek(tx, stream, consumer.name)
    if found is None or found.arn != arn:
        raise errors.consumer_not_found(consumer.name, stream.arn)


def tag_resource(call: Call, *, resource_arn: str, tags: Mapping[str, str]) -> None:
    must_be_there(call.tx, resource_arn)
    check(call.tx.tags(resource_arn), tags)
    call.tx.put_tags(resource_arn, tags)


def untag_resource(call: Call, *, resource_arn: str, tag_keys: Sequence[str]) -> None:
    must_be_there(call.tx, resource_arn)
    call.tx.remove_tags(resource_arn, tag_keys)


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, Any]:
    must_be_there(call.tx, resource_arn)
    return {"Tags": _listed(call.tx.tags(resource_arn))}


def add_tags_to_stream(
    call: Call,
    *,
    tags: Mapping[str, str],
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    tag_resource(call, resource_arn=call.about, tags=tags)


def remove_tags_from_stream(
    call: Call,
    *,
    tag_keys: Sequence[str],
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    untag_resource(call, resource_arn=call.about, tag_keys=tag_keys)


def list_tags_for_stream(
    call: Call,
    *,
    stream_name: str | None = None,
    stream_arn: str | None = None,
    exclusive_start_tag_key: str | None = None,
    limit: int = _PAGE_MAX,
) -> dict[str, Any]:
    must_be_there(call.tx, call.about)
    after = exclusive_start_tag_key or ""
    found = _listed(
        {key: value for key, value in sorted(call.tx.tags(call.about).items()) if key > after}
    )
    return {"Tags": found[:limit], "HasMoreTags": len(found) > limit}


def _listed(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in found.items()]
