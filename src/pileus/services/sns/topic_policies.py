"""Access policies of topics: the default one, what AWS refuses, and statements one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.services.sns import errors

_BYTES_MAX = 30 * 1024
_LABEL_LENGTH_MAX = 100
# docs: sns-access-policy-language-api-permissions-reference
ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
# What AddPermission may grant besides.
_GRANTABLE = (*ACTIONS, "Receive")


def default(arn: str, account: str) -> str:
    """The policy of a topic that nobody gave one: everything for its owner."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    return _text({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def check(text: str) -> None:
    """Raise AWS's error for a policy that a topic may not have."""
    if len(text.encode()) > _BYTES_MAX:
        raise errors.invalid_parameter("Policy Error: too long")
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise errors.invalid_parameter("Policy Error: null") from error
    if not isinstance(document, dict) or not _statements(document):
        raise errors.invalid_parameter("Policy Error: null")
    for statement in _statements(document):
        _check_statement(statement)


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise errors.invalid_parameter("Policy Error: null")
    actions = statement.get("Action", statement.get("NotAction"))
    actions = [actions] if isinstance(actions, str) else actions
    if not isinstance(actions, list) or not actions:
        raise errors.invalid_parameter("Policy Error: null")
    for action in actions:
        if not isinstance(action, str) or not (action == "*" or action.lower().startswith("sns:")):
            raise errors.invalid_parameter("Policy statement action out of service scope!")


def with_permission(
    text: str, arn: str, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> str:
    """The policy with one more statement; raises AWS's errors."""
    if not label or len(label) > _LABEL_LENGTH_MAX:
        raise errors.invalid_parameter("Label")
    if not accounts or not all(len(a) == 12 and a.isdecimal() for a in accounts):
        raise errors.invalid_parameter("AWSAccountId")
    if not actions:
        raise errors.invalid_parameter("ActionName")
    if any(action not in _GRANTABLE for action in actions):
        raise errors.invalid_parameter("Policy statement action out of service scope!")
    document = msgspec.json.decode(text, type=dict[str, Any])
    statements = _statements(document)
    if any(statement.get("Sid") == label for statement in statements):
        raise errors.invalid_parameter("Statement already exists")
    partition = arn.split(":")[1]
    principals = [f"arn:{partition}:iam::{account}:root" for account in accounts]
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_all(principals)},
        "Action": _one_or_all([f"SNS:{action}" for action in actions]),
        "Resource": arn,
    }
    return _text({**document, "Statement": [*statements, statement]})


def without_permission(text: str, label: str) -> str:
    """The policy without the statement of that label; AWS does not mind if there is none."""
    document = msgspec.json.decode(text, type=dict[str, Any])
    kept = [each for each in _statements(document) if each.get("Sid") != label]
    return _text({**document, "Statement": kept})


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    statements = document.get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)


def _one_or_all(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items


def _text(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()
