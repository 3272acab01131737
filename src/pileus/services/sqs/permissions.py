"""AddPermission and RemovePermission: the queue policy, statement by statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.services.sqs import policies, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def add_permission(
    call: Call, *, queue_url: str, label: str, aws_account_ids: list[str], actions: list[str]
) -> None:
    queue, _ = store.find(call.tx, call.about)
    policy = policies.with_permission(
        queue.attributes.policy, call.about, label, aws_account_ids, actions
    )
    store.update(call.tx, queue, msgspec.structs.replace(queue.attributes, policy=policy))


def remove_permission(call: Call, *, queue_url: str, label: str) -> None:
    queue, _ = store.find(call.tx, call.about)
    policy = policies.without_permission(queue.attributes.policy, label)
    store.update(call.tx, queue, msgspec.structs.replace(queue.attributes, policy=policy))
