"""AddPermission and RemovePermission: the topic's policy, statement by statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.services.sns import store, topic_policies

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.sns.store import Topic


def add_permission(
    call: Call, *, topic_arn: str, label: str, aws_account_id: list[str], action_name: list[str]
) -> None:
    topic, _ = store.find(call.tx, call.about)
    policy = topic_policies.with_permission(
        _policy(topic), call.about, label, aws_account_id, action_name
    )
    _change(call, topic, policy)


def remove_permission(call: Call, *, topic_arn: str, label: str) -> None:
    topic, _ = store.find(call.tx, call.about)
    _change(call, topic, topic_policies.without_permission(_policy(topic), label))


def _policy(topic: Topic) -> str:
    account = topic.arn.split(":")[4]
    return topic.attributes.values.get("Policy") or topic_policies.default(topic.arn, account)


def _change(call: Call, topic: Topic, policy: str) -> None:
    values = {**topic.attributes.values, "Policy": policy}
    attributes = type(topic.attributes)(topic.attributes.is_fifo, values)
    store.update(call.tx, call.about, attributes, topic.data_protection)
