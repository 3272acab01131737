"""Publish and its batch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.errors import AwsError
from pileus.kernel.service import the_account
from pileus.services.sns import (
    errors,
    fan_out,
    fifo,
    messages,
    push,
    push_events,
    sms,
    store,
    topic_arns,
)
from pileus.services.sns.deliveries import Outgoing
from pileus.services.sns.messages import Draft, Message
from pileus.services.sns.topic_attributes import TopicAttributes

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery
    from pileus.services.sns.signing import Prepared
    from pileus.services.sns.store import State

# docs: sns-batch-api-actions
ENTRIES_MAX = 10
_NO_TOPIC = TopicAttributes()
_ID_LENGTH_MAX = 80
_ID = re.compile(r"[A-Za-z0-9_-]+")


def the_target(call: Call, params: Mapping[str, Any]) -> str:
    """The topic, or the account for a message to one phone or device."""
    topic, target = params.get("TopicArn"), params.get("TargetArn")
    if [topic, target, params.get("PhoneNumber")].count(None) != 2:
        if topic is None and target is None:
            raise errors.invalid_because("TopicArn or TargetArn", "no value for required parameter")
        raise errors.invalid_parameter("TopicArn or TargetArn or PhoneNumber, and only one of them")
    if topic is not None:
        return topic_arns.topic_of(call, "TopicArn", topic)
    if target is not None:
        if ":endpoint/" in target:
            return push.application_of(target, "TargetArn")
        return topic_arns.topic_of(call, "TargetArn", target)
    return the_account(call, params)


def publish(
    call: Call,
    *,
    message: str,
    topic_arn: str | None = None,
    target_arn: str | None = None,
    phone_number: str | None = None,
    subject: str | None = None,
    message_structure: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    message_deduplication_id: str | None = None,
    message_group_id: str | None = None,
) -> dict[str, Any]:
    draft = messages.draft(
        message, subject, message_structure, message_attributes, message_deduplication_id,
        message_group_id,
    )  # fmt: skip
    if phone_number is not None or ":app/" in call.about:
        return _send_directly(call, draft, phone_number, target_arn or "")
    topic, state = store.find(call.tx, call.about)
    draft.check_for(topic.attributes)
    outgoing = Outgoing(call.tx, topic)
    answer = _take(call, outgoing, state, draft.message)
    outgoing.hand_over()
    return answer


def _send_directly(
    call: Call, draft: Draft, phone_number: str | None, target_arn: str
) -> dict[str, Any]:
    """A message to one phone or one device."""
    draft.check_for(_NO_TOPIC)
    message = msgspec.structs.replace(draft.message, id=call.tx.kernel.ids.uuid())
    if phone_number is not None:
        sms.publish(call, phone_number, message)
    else:
        text = message.for_protocol(push.platform_of(call.about))
        push.send(call.tx, call.about, target_arn, text, message.id)
    return {"MessageId": message.id}


def publish_batch(
    call: Call, *, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]
) -> dict[str, Any]:
    entries = publish_batch_request_entries
    _check_batch(entries)
    topic, state = store.find(call.tx, call.about)
    drafts = [_draft(number, entry) for number, entry in enumerate(entries, 1)]
    size = sum(draft.size_bytes for draft in drafts if isinstance(draft, Draft))
    if size > topic.attributes.message_bytes_max:
        raise errors.batch_too_long()
    outgoing = Outgoing(call.tx, topic)
    successful: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for number, (entry, draft) in enumerate(zip(entries, drafts, strict=True)):
        try:
            if isinstance(draft, AwsError):
                raise draft
            draft.check_for(topic.attributes)
        except AwsError as error:
            failed.append(
                {
                    "Id": entry["Id"],
                    "Code": error.code,
                    "Message": error.message,
                    "SenderFault": error.fault == "Sender",
                }
            )
            continue
        taken = _take(call, outgoing, state, draft.message, number)
        successful.append({"Id": entry["Id"], **taken})
    outgoing.hand_over()
    return {"Successful": successful, "Failed": failed}


def _take(
    call: Call, outgoing: Outgoing, state: State, drafted: Message, number: int = 0
) -> dict[str, Any]:
    """Give the message its name and address it; the number is its place in its batch."""
    topic = outgoing.topic
    prepared: Prepared | None = call.prepared
    message = msgspec.structs.replace(
        drafted,
        id=call.tx.kernel.ids.uuid() if prepared is None else prepared.ids[number],
        topic_arn=topic.arn,
        published_at=call.tx.now if prepared is None else prepared.at,
        signature_version=topic.attributes.signature_version,
        host_url=call.host_url,
        trace_header=call.context.trace_id,
    )
    if not topic.attributes.is_fifo:
        fan_out.fan_out(call, outgoing, state, message)
        return {"MessageId": message.id}
    state, message, is_new = fifo.number(call, topic, message)
    if is_new:
        fan_out.fan_out(call, outgoing, state, message)
    return {"MessageId": message.id, "SequenceNumber": message.sequence_number}


def accept(call: Call, delivery: Delivery) -> None:
    """Target: publish what another service hands over to a topic."""
    attributes = delivery.attributes
    if ":app/" in delivery.to:
        if push_events.is_failure(delivery):
            push_events.take_failure(call.tx, delivery)
            return
        push.send(
            call.tx, delivery.to, attributes["EndpointArn"], delivery.payload,
            attributes["MessageId"],
        )  # fmt: skip
        return
    draft = messages.draft(
        delivery.payload, attributes.get("Subject"), attributes.get("MessageStructure"),
        attributes.get("MessageAttributes"), attributes.get("MessageDeduplicationId"),
        attributes.get("MessageGroupId"),
    )  # fmt: skip
    topic, state = store.find(call.tx, delivery.to)
    draft.check_for(topic.attributes)
    outgoing = Outgoing(call.tx, topic)
    _take(call, outgoing, state, draft.message)
    outgoing.hand_over()


def _check_batch(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raise what makes AWS refuse the whole batch."""
    if not entries:
        raise errors.empty_batch()
    if len(entries) > ENTRIES_MAX:
        raise errors.too_many_entries()
    seen: set[str] = set()
    for entry in entries:
        entry_id = entry["Id"]
        if len(entry_id) > _ID_LENGTH_MAX:
            raise errors.batch_entry_id_too_long(entry_id)
        if not _ID.fullmatch(entry_id):
            raise errors.batch_entry_id_has_bad_character(entry_id)
        if entry_id in seen:
            raise errors.batch_ids_not_distinct()
        seen.add(entry_id)


def _draft(number: int, entry: Mapping[str, Any]) -> Draft | AwsError:
    try:
        return messages.draft(
            entry["Message"], entry.get("Subject"), entry.get("MessageStructure"),
            entry.get("MessageAttributes"), entry.get("MessageDeduplicationId"),
            entry.get("MessageGroupId"),
            f"publishBatchRequestEntries.{number}.member.messageAttributes",
        )  # fmt: skip
    except AwsError as error:
        # What the model itself forbids fails the whole batch.
        if error.code == "ValidationError":
            raise
        return error
