"""Operations on event source mappings."""

from __future__ import annotations

from typing import Any, Unpack

import msgspec

from pileus.kernel import arns, pagination
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError, not_implemented
from pileus.kernel.shards import progress
from pileus.kernel.shards.sources import Source
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.functions import function_names, pages, tagging
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.mappings import (
    mapping_errors,
    mapping_settings,
    store,
    stream_settings,
)
from pileus.services.lambda_.mappings.mapping_settings import Mapping, MappingSettings
from pileus.services.lambda_.versions import lookup

WORKER = "lambda:poller"
STATE_TIMER = "lambda:mapping"
TRANSITION_MS = 5_000
_DELETING = "Deleting"


async def create_event_source_mapping(
    call: Call,
    *,
    function_name: str,
    event_source_arn: str | None = None,
    starting_position: str | None = None,
    starting_position_timestamp: int | None = None,
    self_managed_event_source: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
    **settings: Unpack[MappingSettings],
) -> dict[str, Any]:
    if self_managed_event_source is not None:
        raise not_implemented("lambda", "CreateEventSourceMapping", "SelfManagedEventSource")
    mapping_settings.check_source("CreateEventSourceMapping", event_source_arn)
    assert event_source_arn is not None
    is_stream = event_source_arn.split(":")[2] != "sqs"
    if is_stream:
        stream_settings.check_start(
            event_source_arn, starting_position, starting_position_timestamp, call.now
        )
        settings.setdefault("batch_size", stream_settings.BATCH_SIZE_DEFAULT)
    elif starting_position is not None or starting_position_timestamp is not None:
        raise mapping_errors.starting_position_on_queue()
    tagging.check(tags or {})
    named = function_names.read(call, function_name)
    uuid = call.kernel.ids.uuid()
    mapping = mapping_settings.changed(
        Mapping(
            uuid=uuid,
            arn=call.arn(f"{tagging.MAPPINGS}:{uuid}"),
            source_arn=event_source_arn,
            function_arn=named.qualified_arn,
            modified_at=call.now,
        ),
        settings,
    )
    function = await _mapped_function(call, named)
    if is_stream:
        assert starting_position is not None
        mapping = await _started(call, mapping, starting_position, starting_position_timestamp)
    else:
        await _check_queue(call, event_source_arn, function)
    has_delays = call.kernel.settings.aws_delays
    await call.transaction(
        _insert, mapping, tags or {}, has_delays, about=tagging.mappings_of(call)
    )
    return mapping_settings.show(mapping, "Creating")


async def _started(call: Call, mapping: Mapping, kind: str, timestamp: int | None) -> Mapping:
    """The mapping with where it begins to read. Raises AWS's error where there is no stream."""
    source = Source(call, mapping.source_arn, "")
    try:
        await source.shards()
        start = await source.start(kind, timestamp)
    except AwsError as refusal:
        if refusal.code.startswith("AccessDenied"):
            raise mapping_errors.stream_forbidden(mapping.source_arn) from refusal
        if refusal.fault != "Sender" or refusal.code == "NotImplemented":
            raise
        raise mapping_errors.stream_not_found(mapping.source_arn) from refusal
    return msgspec.structs.replace(
        mapping, starting_position=kind, starting_timestamp=timestamp, start=start
    )


async def _mapped_function(call: Call, named: Named) -> Function:
    """The function that shall be fed: of an alias, the version that it points at first."""
    try:
        found: Function = (await call.read(lookup.find, named, about=named.arn)).function
    except AwsError as missing:
        raise mapping_errors.mapped_function_unknown() from missing
    return found


async def _check_queue(call: Call, queue_arn: str, function: Function) -> None:
    try:
        url = await queue_url(call, queue_arn)
        found = await call.invoke(
            "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["VisibilityTimeout"]
        )
    except AwsError as refusal:
        if refusal.code == "NotImplemented":
            raise
        raise mapping_errors.queue_unreachable(
            refusal.query_code or _code(refusal), refusal.message
        ) from (refusal)
    visibility_seconds = int(found["Attributes"]["VisibilityTimeout"])
    if visibility_seconds < function.timeout_seconds:
        raise mapping_errors.visibility_too_short(visibility_seconds, function.timeout_seconds)


def _code(refusal: AwsError) -> str:
    """The code by which AWS tells of queues here: that of SQS's query protocol."""
    if refusal.code in ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"):
        return "AWS.SimpleQueueService.NonExistentQueue"
    return refusal.code


async def queue_url(call: Call, queue_arn: str) -> str:
    parts = arns.parse(queue_arn)
    assert parts is not None
    found = await call.invoke(
        "sqs", "GetQueueUrl", QueueName=parts.resource, QueueOwnerAWSAccountId=parts.account
    )
    url: str = found["QueueUrl"]
    return url


def _insert(tx: Transaction, mapping: Mapping, tags: dict[str, str], has_delays: bool) -> None:
    _check_pair(tx, mapping)
    state = "Creating" if has_delays else mapping.settled_state
    _save(tx, msgspec.structs.replace(mapping, state=state))
    tx.put_tags(mapping.arn, tags)
    _settle_later_or_now(tx, mapping, has_delays)


def _check_pair(tx: Transaction, mapping: Mapping) -> None:
    uuid = store.find_pair(tx, mapping.source_arn, mapping.function_arn)
    if uuid is not None and uuid != mapping.uuid:
        name = function_names.split(mapping.function_arn).name
        exists = mapping_errors.mapping_exists
        if mapping.is_stream:
            exists = mapping_errors.stream_mapping_exists
        raise exists(mapping.source_arn, name, uuid)


def _save(tx: Transaction, mapping: Mapping) -> None:
    store.save_mapping(
        tx, mapping.uuid, mapping.source_arn, mapping.function_arn,
        mapping_settings.encode(mapping),
    )  # fmt: skip
    tx.wake(mapping.arn)


def _settle_later_or_now(tx: Transaction, mapping: Mapping, has_delays: bool) -> None:
    if has_delays:
        tx.set_timer(STATE_TIMER, mapping.uuid, tx.now + TRANSITION_MS)
    elif mapping.is_enabled:
        if mapping.is_stream:
            # It begins again with its new settings, after the batches that run.
            tx.dismiss(WORKER, mapping.uuid)
        tx.employ(WORKER, mapping.uuid)
    else:
        tx.dismiss(WORKER, mapping.uuid)


def settle(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: a change of state is done."""
    tx = call.tx
    text = store.load_mapping(tx, key)
    if text is None:
        return
    mapping = mapping_settings.decode(text)
    if mapping.state == _DELETING:
        _remove(tx, mapping)
        return
    _save(tx, msgspec.structs.replace(mapping, state=mapping.settled_state))
    _settle_later_or_now(tx, mapping, has_delays=False)


def _remove(tx: Transaction, mapping: Mapping) -> None:
    store.remove_mapping(tx, mapping.uuid)
    tagging.forget(tx, mapping.arn)
    tx.dismiss(WORKER, mapping.uuid)
    progress.forget_all(tx, mapping.uuid)
    tx.wake(mapping.arn)


async def update_event_source_mapping(
    call: Call,
    *,
    uuid: str,
    function_name: str | None = None,
    **settings: Unpack[MappingSettings],
) -> dict[str, Any]:
    about = tagging.mappings_of(call)
    current: Mapping = await call.read(load, uuid, about=about)
    made = mapping_settings.changed(current, settings)
    named = function_names.split(current.function_arn)
    if function_name is not None:
        named = function_names.read(call, function_name)
        made = msgspec.structs.replace(made, function_arn=named.qualified_arn)
    function = await _mapped_function(call, named)
    if function_name is not None and not current.is_stream:
        await _check_queue(call, current.source_arn, function)
    has_delays = call.kernel.settings.aws_delays
    updated, state = await call.transaction(
        _update, uuid, dict(settings), made.function_arn, has_delays, about=about
    )
    return mapping_settings.show(updated, state)


def _update(
    tx: Transaction, uuid: str, settings: Any, function_arn: str, has_delays: bool
) -> tuple[Mapping, str]:
    current = load(tx, uuid)
    if current.is_changing:
        raise mapping_errors.mapping_in_use("update")
    made = mapping_settings.changed(current, settings)
    made = msgspec.structs.replace(made, function_arn=function_arn, modified_at=tx.now)
    _check_pair(tx, made)
    state = "Updating"
    if made.is_enabled != current.is_enabled:
        state = "Enabling" if made.is_enabled else "Disabling"
    stored_state = state if has_delays else made.settled_state
    _save(tx, msgspec.structs.replace(made, state=stored_state))
    _settle_later_or_now(tx, made, has_delays)
    return made, state


def load(tx: Transaction, uuid: str) -> Mapping:
    text = store.load_mapping(tx, uuid)
    if text is None:
        raise mapping_errors.mapping_not_found()
    return mapping_settings.decode(text)


async def get_event_source_mapping(call: Call, *, uuid: str) -> dict[str, Any]:
    mapping = await call.read(load, uuid, about=tagging.mappings_of(call))
    return mapping_settings.show(mapping)


async def delete_event_source_mapping(call: Call, *, uuid: str) -> dict[str, Any]:
    has_delays = call.kernel.settings.aws_delays
    mapping = await call.transaction(_delete, uuid, has_delays, about=tagging.mappings_of(call))
    return mapping_settings.show(mapping, _DELETING)


def _delete(tx: Transaction, uuid: str, has_delays: bool) -> Mapping:
    mapping = load(tx, uuid)
    if mapping.is_changing:
        raise mapping_errors.mapping_in_use("delete")
    if has_delays:
        mapping = msgspec.structs.replace(mapping, state=_DELETING, is_enabled=False)
        _save(tx, mapping)
        tx.dismiss(WORKER, uuid)
        tx.set_timer(STATE_TIMER, uuid, tx.now + TRANSITION_MS)
    else:
        _remove(tx, mapping)
    return mapping


async def list_event_source_mappings(
    call: Call,
    *,
    event_source_arn: str | None = None,
    function_name: str | None = None,
    marker: str | None = None,
    max_items: int = store.MAPPINGS_PAGE_MAX,
) -> dict[str, Any]:
    function_arn = ""
    if function_name is not None:
        named = function_names.read(call, function_name)
        function_arn = named.qualified_arn
        await call.read(lookup.find, named, about=named.arn)
    limit = min(max_items, store.MAPPINGS_PAGE_MAX)
    found = await call.read(
        store.list_mappings, event_source_arn or "", function_arn, pages.position(marker),
        limit + 1, about=tagging.mappings_of(call),
    )  # fmt: skip
    mappings = [mapping_settings.decode(text) for text in found]
    answer: dict[str, Any] = {
        "EventSourceMappings": [mapping_settings.show(each) for each in mappings[:limit]]
    }
    if len(mappings) > limit:
        answer["NextMarker"] = pagination.encode(mappings[limit - 1].uuid)
    return answer
