"""Operations on queues: create, delete, find, list, attributes, purge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pileus.kernel import pagination
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import attributes as queue_attributes
from pileus.services.sqs import errors, queue_tags, rules, store, upkeep
from pileus.services.sqs.attributes import QueueAttributes
from pileus.services.sqs.kinds import kind_of
from pileus.services.sqs.queue_urls import name_of, url_of
from pileus.services.sqs.store import Queue

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# The lists of an account: its queues by name, and its sources by "DEAD-LETTER-QUEUE/SOURCE".
QUEUES = "queue"
SOURCES = "dead-letter-source"
PAGE_MAX = 1_000
_READABLE = {
    "All",
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
}
_COUNTS = {name for name in _READABLE if name.startswith("Approximate")}


class Creation(NamedTuple):
    """A CreateQueue as its transaction sees it."""

    wanted: dict[str, str]
    tags: dict[str, str]


async def create_queue(
    call: Call,
    *,
    queue_name: str,
    attributes: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    arn, wanted = call.about, attributes or {}
    parsed = queue_attributes.for_new_queue(arn, queue_name, wanted)
    queue_tags.check({}, tags or {}, queue_name)
    await _check_dead_letter_queue(call, arn, parsed)
    await call.transaction(create, Creation(wanted, tags or {}), about=arn)
    return {"QueueUrl": url_of(call.host_url, arn)}


async def _check_dead_letter_queue(call: Call, arn: str, attributes: QueueAttributes) -> None:
    """Ask the queue that shall take dead letters whether it is there and lets us."""
    if attributes.redrive is None:
        return
    target = attributes.redrive.dead_letter_arn
    found: QueueAttributes | None = await call.read(attributes_of, about=target)
    if found is None:
        raise errors.invalid_value(
            "RedrivePolicy", attributes.redrive_text, "Dead letter target does not exist."
        )
    if not found.redrive_allow.allows(arn):
        raise errors.invalid_value(
            "RedrivePolicy",
            attributes.redrive_text,
            f"Queue {arn} is not allowed to use the dead-letter queue {target}: see its "
            "RedriveAllowPolicy.",
        )


def attributes_of(tx: Transaction) -> QueueAttributes | None:
    """Step: the attributes of the queue that the transaction is about, if it is there."""
    found = store.seek(tx, tx.about)
    return None if found is None else found[0].attributes


def create(tx: Transaction, creation: Creation) -> None:
    """Step: make the queue, unless an equal one is there already."""
    arn, name, wanted = tx.about, name_of(tx.about), creation.wanted
    found = store.seek(tx, arn)
    if found is not None:
        different = queue_attributes.first_difference(found[0].attributes, arn, wanted)
        if different is not None:
            raise errors.queue_name_exists(different)
        return
    if tx.kernel.quotas.is_enforced and store.was_deleted_since(
        tx, arn, tx.now - rules.DELETED_NAME_MS
    ):
        raise errors.queue_deleted_recently()
    attributes = queue_attributes.for_new_queue(arn, name, wanted)
    store.insert(tx, arn, attributes)
    tx.put_tags(arn, creation.tags)
    tx.enlist(QUEUES, name, arn)
    _enlist_source(tx, None, attributes)


def _enlist_source(
    tx: Transaction, before: QueueAttributes | None, after: QueueAttributes | None
) -> None:
    """Keep the list of the sources of each dead-letter queue."""
    name = name_of(tx.about)
    old = before.redrive.dead_letter_arn if before and before.redrive else ""
    new = after.redrive.dead_letter_arn if after and after.redrive else ""
    if old and old != new:
        tx.delist(SOURCES, f"{name_of(old)}/{name}")
    if new and old != new:
        tx.enlist(SOURCES, f"{name_of(new)}/{name}", tx.about)


def delete_queue(call: Call, *, queue_url: str) -> None:
    tx, arn = call.tx, call.about
    queue, state = store.find(tx, arn)
    store.delete(tx, arn)
    tx.remove_tags(arn, list(tx.tags(arn)))
    tx.delist(QUEUES, queue.name)
    _enlist_source(tx, queue.attributes, None)
    upkeep.drop_later(tx, state.generation, queue.attributes.is_fifo)
    if tx.kernel.quotas.is_enforced:
        store.remember_deletion(tx, arn)
        tx.set_timer(upkeep.FORGET_DELETION_TIMER, arn, tx.now + rules.DELETED_NAME_MS)
    # Whoever waits for messages learns that the queue is gone.
    tx.wake(arn)


def purge_queue(call: Call, *, queue_url: str) -> None:
    tx, arn = call.tx, call.about
    queue, state = store.find(tx, arn)
    since = tx.now - rules.PURGE_PAUSE_MS
    if tx.kernel.quotas.is_enforced and state.purged_at > since:
        raise errors.purge_queue_in_progress(queue.name)
    store.renew_generation(tx, arn)
    upkeep.drop_later(tx, state.generation, queue.attributes.is_fifo)


def get_queue_url(
    call: Call, *, queue_name: str, queue_owner_aws_account_id: str | None = None
) -> dict[str, Any]:
    store.find(call.tx, call.about)
    return {"QueueUrl": url_of(call.host_url, call.about)}


def list_queues(
    call: Call,
    *,
    queue_name_prefix: str | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    urls, token = _page(call, call.tx, QUEUES, queue_name_prefix or "", next_token, max_results)
    result: dict[str, Any] = {"QueueUrls": urls} if urls else {}
    if token:
        result["NextToken"] = token
    return result


async def list_dead_letter_source_queues(
    call: Call, *, queue_url: str, next_token: str | None = None, max_results: int | None = None
) -> dict[str, Any]:
    arn = call.about
    if await call.read(attributes_of, about=arn) is None:
        raise errors.queue_does_not_exist()
    account = arn.rpartition(":")[0] + ":"
    return dict(
        await call.read(
            list_sources, call.host_url, f"{name_of(arn)}/", next_token, max_results, about=account
        )
    )


def list_sources(
    tx: Transaction, host_url: str, prefix: str, next_token: str | None, max_results: int | None
) -> dict[str, Any]:
    """Step about the account: one page of the sources of a dead-letter queue."""
    assert tx.call is not None
    urls, token = _page(tx.call, tx, SOURCES, prefix, next_token, max_results)
    return {"queueUrls": urls, **({"NextToken": token} if token else {})}


def _page(
    call: Call,
    tx: Transaction,
    kind: str,
    prefix: str,
    next_token: str | None,
    max_results: int | None,
) -> tuple[list[str], str]:
    """URLs of one page, and the token for the next one (only where MaxResults was given)."""
    if max_results is not None and not 1 <= max_results <= PAGE_MAX:
        raise errors.invalid_value(
            "MaxResults", max_results, f"MaxResults must be an integer between 1 and {PAGE_MAX}."
        )
    if next_token and max_results is None:
        raise errors.invalid_parameter(
            "MaxResults is a mandatory parameter when you provide a value for NextToken."
        )
    after = ""
    if next_token:
        try:
            [after] = pagination.decode(next_token, str)
        except pagination.InvalidToken:
            raise errors.invalid_parameter("Invalid or expired next token.") from None
    limit = max_results or PAGE_MAX
    rows = tx.listed(kind, at_most=limit + 1, prefix=prefix, after=after)
    urls = [url_of(call.host_url, arn) for _, arn in rows[:limit]]
    has_more = max_results is not None and len(rows) > limit
    return urls, pagination.encode(rows[limit - 1][0]) if has_more else ""


# Attributes.


def get_queue_attributes(
    call: Call, *, queue_url: str, attribute_names: list[str] | None = None
) -> dict[str, Any]:
    queue, state = store.find(call.tx, call.about)
    names = set(attribute_names or ())
    for name in names:
        if name not in _READABLE and name not in queue_attributes.SETTABLE:
            raise errors.unknown_attribute(name)
    values = {**_facts(queue), **queue.attributes.print()}
    if "All" in names or names & _COUNTS:
        counts = kind_of(queue).counts(call.tx, queue, state)
        values["ApproximateNumberOfMessages"] = str(counts.visible)
        values["ApproximateNumberOfMessagesNotVisible"] = str(counts.in_flight)
        values["ApproximateNumberOfMessagesDelayed"] = str(counts.delayed)
    if "All" not in names:
        values = {name: value for name, value in values.items() if name in names}
    return {"Attributes": values} if values else {}


def _facts(queue: Queue) -> dict[str, str]:
    return {
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(queue.created_at // 1000),
        "LastModifiedTimestamp": str(queue.modified_at // 1000),
    }


async def set_queue_attributes(call: Call, *, queue_url: str, attributes: dict[str, str]) -> None:
    present: QueueAttributes | None = await call.read(attributes_of, about=call.about)
    if present is None:
        raise errors.queue_does_not_exist()
    if "RedrivePolicy" in attributes:
        await _check_dead_letter_queue(call, call.about, present.changed(call.about, attributes))
    await call.transaction(change_attributes, attributes, about=call.about)


def change_attributes(tx: Transaction, wanted: dict[str, str]) -> None:
    """Step: set attributes of the queue that the transaction is about."""
    queue, _ = store.find(tx, tx.about)
    attributes = queue.attributes.changed(tx.about, wanted)
    if attributes == queue.attributes:
        return
    store.update(tx, queue, attributes)
    _enlist_source(tx, queue.attributes, attributes)
    if attributes.retention_seconds != queue.attributes.retention_seconds:
        upkeep.expire_soon(tx, tx.about)
    # A FIFO queue's delay also holds for the messages that are there.
    tx.wake(tx.about)
