"""SendMessage and its batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel.errors import AwsError
from pileus.services.sqs import batches, deposits, drafts, errors, throttles
from pileus.services.sqs.attributes import MESSAGE_BYTES_MAX
from pileus.services.sqs.drafts import Draft

if TYPE_CHECKING:
    from pileus.kernel.call import Call

Members = dict[str, Any]


def send_message(
    call: Call,
    *,
    queue_url: str,
    message_body: str,
    delay_seconds: int | None = None,
    message_attributes: Members | None = None,
    message_system_attributes: Members | None = None,
    message_deduplication_id: str | None = None,
    message_group_id: str | None = None,
) -> dict[str, Any]:
    draft = drafts.draft(
        deposits.sender_id(call.context), message_body, delay_seconds, message_attributes,
        message_system_attributes or deposits.trace_of(call.context), message_deduplication_id,
        message_group_id,
    )  # fmt: skip
    throttles.check(call.tx, call.about, "SendMessage", [message_group_id or ""])
    deposited = deposits.deposit(call.tx, call.about, draft)
    return draft.answer(deposited.message_id, deposited.sequence_number)


def send_message_batch(
    call: Call, *, queue_url: str, entries: list[dict[str, Any]]
) -> dict[str, Any]:
    batches.check(entries, "SendMessageBatchRequestEntry", "MessageBody")
    sender = deposits.sender_id(call.context)
    trace = deposits.trace_of(call.context)
    outcomes: list[tuple[str, Draft | AwsError]] = [
        (entry["Id"], _draft(sender, entry, trace)) for entry in entries
    ]
    size = sum(draft.size_bytes for _, draft in outcomes if isinstance(draft, Draft))
    if size > MESSAGE_BYTES_MAX:
        raise errors.batch_too_long(size, MESSAGE_BYTES_MAX)
    groups = [entry.get("MessageGroupId") or "" for entry in entries]
    throttles.check(call.tx, call.about, "SendMessage", groups)
    return batches.answer(_deposit_all(call, outcomes))


def _draft(sender: str, entry: dict[str, Any], trace: Members | None) -> Draft | AwsError:
    try:
        return drafts.draft(
            sender, entry["MessageBody"], entry.get("DelaySeconds"),
            entry.get("MessageAttributes"), entry.get("MessageSystemAttributes") or trace,
            entry.get("MessageDeduplicationId"), entry.get("MessageGroupId"),
        )  # fmt: skip
    except AwsError as error:
        return error


def _deposit_all(
    call: Call, outcomes: list[tuple[str, Draft | AwsError]]
) -> list[tuple[str, dict[str, Any] | AwsError]]:
    """Store the messages that are none of the errors; what each entry is answered."""
    drafts = [draft for _, draft in outcomes if isinstance(draft, Draft)]
    deposited = iter(deposits.deposit_all(call.tx, call.about, drafts))
    results: list[tuple[str, dict[str, Any] | AwsError]] = []
    for entry_id, draft in outcomes:
        result = next(deposited) if isinstance(draft, Draft) else draft
        if isinstance(draft, Draft) and not isinstance(result, AwsError):
            answer = draft.answer(result.message_id, result.sequence_number)
            results.append((entry_id, answer))
        else:
            assert isinstance(result, AwsError)
            results.append((entry_id, result))
    return results
