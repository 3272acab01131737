"""Tags of queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import tags
from pileus.kernel.errors import AwsError
from pileus.services.sqs import errors, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def check(present: Mapping[str, str], added: Mapping[str, str], queue_name: str) -> None:
    """Raise AWS's error for tags that a queue may not have."""
    problem = tags.problem(present, added)
    if problem is not None:
        raise _error(*problem, queue_name)


def _error(problem: tags.Problem, key: str, queue_name: str) -> AwsError:
    match problem:
        case tags.Problem.TOO_MANY:
            return errors.invalid_parameter(f"Too many tags added for queue {queue_name}.")
        case tags.Problem.RESERVED_KEY:
            return errors.invalid_parameter(
                f"Tag key {key} is invalid: the prefix aws: is reserved for system use."
            )
        case tags.Problem.KEY:
            return errors.invalid_parameter(
                f"Tag key {key} is invalid: it must have 1 to {tags.KEY_LENGTH_MAX} letters, "
                "digits, spaces, or characters of _ . : / = + - @."
            )
        case tags.Problem.VALUE:
            return errors.invalid_parameter(
                f"The value of tag {key} is invalid: it can have up to {tags.VALUE_LENGTH_MAX} "
                "letters, digits, spaces, or characters of _ . : / = + - @."
            )


def tag_queue(call: Call, *, queue_url: str, tags: dict[str, str]) -> None:
    queue, _ = store.find(call.tx, call.about)
    if not tags:
        raise errors.missing_parameter("Tags")
    check(call.tx.tags(call.about), tags, queue.name)
    call.tx.put_tags(call.about, tags)


def untag_queue(call: Call, *, queue_url: str, tag_keys: list[str]) -> None:
    store.find(call.tx, call.about)
    if not tag_keys:
        raise errors.missing_parameter("TagKeys")
    call.tx.remove_tags(call.about, tag_keys)


def list_queue_tags(call: Call, *, queue_url: str) -> dict[str, Any]:
    store.find(call.tx, call.about)
    found = call.tx.tags(call.about)
    return {"Tags": found} if found else {}
