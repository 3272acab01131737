"""The queue policy as a document: its limits, and the statements that AddPermission writes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.services.sqs import errors

# docs: Amazon SQS policy quotas
POLICY_BYTES_MAX = 8_192
STATEMENTS_MAX = 20
ACTIONS_MAX = 7
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"\d{12}")

# docs: API_AddPermission; whoever may send, delete or change may do it in batches too.
GRANTABLE = {
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
}
_OWNER_ONLY = {
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueues",
    "ListQueueTags",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
}


def check(text: str) -> dict[str, Any]:
    """The document, or AWS's error for a text that is no policy."""
    try:
        document = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise errors.invalid_attribute_value("Policy") from None
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if (
        not isinstance(statements, list)
        or not statements
        or not all(_is_statement(statement) for statement in statements)
        or len(text.encode()) > POLICY_BYTES_MAX
    ):
        raise errors.invalid_attribute_value("Policy")
    if len(statements) > STATEMENTS_MAX:
        raise errors.too_many_statements(STATEMENTS_MAX)
    return document


def _is_statement(statement: object) -> bool:
    if not isinstance(statement, dict):
        return False
    return (
        statement.get("Effect") in ("Allow", "Deny")
        and any(name in statement for name in ("Action", "NotAction"))
        and any(name in statement for name in ("Principal", "NotPrincipal"))
    )


def with_permission(
    text: str, arn: str, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> str:
    """The policy with one more statement; raises AWS's errors for what may not be granted."""
    if not _LABEL.fullmatch(label):
        raise errors.invalid_value(
            "Label",
            label,
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
        )
    _check_actions(actions)
    if not accounts or not all(_ACCOUNT.fullmatch(account) for account in accounts):
        raise errors.invalid_value("PrincipalId", f"[{', '.join(accounts)}]", "Unable to verify.")
    document = _document(text, arn)
    statements = _statements(document)
    if any(statement.get("Sid") == label for statement in statements):
        raise errors.invalid_value("Label", label, "Already exists.")
    if len(statements) >= STATEMENTS_MAX:
        raise errors.too_many_statements(STATEMENTS_MAX)
    partition = arn.split(":")[1]
    principals = [f"arn:{partition}:iam::{account}:root" for account in accounts]
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _one_or_all(principals)},
            "Action": _one_or_all([f"SQS:{action}" for action in actions]),
            "Resource": arn,
        }
    )
    return _text({**document, "Statement": statements})


def without_permission(text: str, label: str) -> str:
    """The policy without the statement of that label; empty when none is left."""
    document = _document(text, "")
    statements = _statements(document)
    kept = [statement for statement in statements if statement.get("Sid") != label]
    if len(kept) == len(statements):
        raise errors.invalid_value("Label", label, "can't find label.")
    return _text({**document, "Statement": kept}) if kept else ""


def _check_actions(actions: Sequence[str]) -> None:
    if not actions:
        raise errors.missing_parameter("Actions")
    if len(actions) > ACTIONS_MAX:
        raise errors.too_many_actions(len(actions), ACTIONS_MAX)
    for action in actions:
        if action in _OWNER_ONLY:
            raise errors.invalid_value(
                "ActionName",
                f"SQS:{action}",
                "Only the queue owner is allowed to invoke this action.",
            )
        if action not in GRANTABLE:
            raise errors.invalid_value(
                "ActionName",
                f"SQS:{action}",
                "Please refer to the appropriate WSDL for a list of valid actions.",
            )


def _document(text: str, arn: str) -> dict[str, Any]:
    if text:
        return msgspec.json.decode(text, type=dict[str, Any])
    return {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": []}


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    statements = document["Statement"]
    return [statements] if isinstance(statements, dict) else list(statements)


def _one_or_all(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items


def _text(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()
