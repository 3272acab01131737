"""Permissions and tags of queues by boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.sqs.asking import arn_of, attributes, create, refusal

FRIEND, OTHER = "111122223333", "444455556666"


@pytest.fixture
def url(sqs: Any) -> str:
    return create(sqs)


def allow(sqs: Any, url: str, label: str, accounts: list[str], *actions: str) -> None:
    sqs.add_permission(QueueUrl=url, Label=label, AWSAccountIds=accounts, Actions=list(actions))


def refused(sqs: Any, url: str, **changes: Any) -> tuple[str, str]:
    params = {"Label": "l", "AWSAccountIds": [FRIEND], "Actions": ["SendMessage"], **changes}
    return refusal(sqs.add_permission, QueueUrl=url, **params)


def policy(sqs: Any, url: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(attributes(sqs, url, "Policy")["Policy"])
    return document


def test_a_permission_becomes_a_statement(sqs: Any, url: str) -> None:
    allow(sqs, url, "one", [FRIEND], "SendMessage")
    allow(sqs, url, "two", [FRIEND, OTHER], "ReceiveMessage", "*")
    arn = arn_of(sqs, url)
    assert {
        "Version": "2008-10-17",
        "Id": f"{arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "one",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{FRIEND}:root"},
                "Action": "SQS:SendMessage",
                "Resource": arn,
            },
            {
                "Sid": "two",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{FRIEND}:root", f"arn:aws:iam::{OTHER}:root"]},
                "Action": ["SQS:ReceiveMessage", "SQS:*"],
                "Resource": arn,
            },
        ],
    } == policy(sqs, url)


def test_a_permission_is_added_to_the_policy_that_is_there(sqs: Any, url: str) -> None:
    own = {
        "Version": "2012-10-17",
        "Statement": {"Sid": "own", "Effect": "Deny", "Principal": "*", "Action": "sqs:*"},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(own)})
    allow(sqs, url, "more", [FRIEND], "SendMessage")
    found = policy(sqs, url)
    assert ("2012-10-17", ["own", "more"]) == (
        found["Version"], [statement["Sid"] for statement in found["Statement"]],
    )  # fmt: skip


def test_the_last_permission_takes_the_policy_with_it(sqs: Any, url: str) -> None:
    for label in ("one", "two"):
        allow(sqs, url, label, [FRIEND], "SendMessage")
    sqs.remove_permission(QueueUrl=url, Label="one")
    assert ["two"] == [statement["Sid"] for statement in policy(sqs, url)["Statement"]]
    sqs.remove_permission(QueueUrl=url, Label="two")
    assert {} == attributes(sqs, url, "Policy")


def test_labels_are_unique_and_known(sqs: Any, url: str) -> None:
    allow(sqs, url, "l", [FRIEND], "SendMessage")
    assert (
        "InvalidParameterValue",
        "Value l for parameter Label is invalid. Reason: Already exists.",
    ) == refused(sqs, url)
    assert (
        "InvalidParameterValue",
        "Value m for parameter Label is invalid. Reason: can't find label.",
    ) == refusal(sqs.remove_permission, QueueUrl=url, Label="m")


@pytest.mark.parametrize("label", ["", "a" * 81, "a b"])
def test_labels_are_names(sqs: Any, url: str, label: str) -> None:
    assert "InvalidParameterValue" == refused(sqs, url, Label=label)[0]


def test_up_to_seven_actions_are_allowed(sqs: Any, url: str) -> None:
    actions = ["SendMessage"] * 8
    allow(sqs, url, "seven", [FRIEND], *actions[:7])
    assert ("OverLimit", "8 Actions were found, maximum allowed is 7.") == refused(
        sqs, url, Actions=actions
    )


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("CreateQueue", "Only the queue owner is allowed to invoke this action."),
        ("AddPermission", "Only the queue owner is allowed to invoke this action."),
        ("Nonsense", "Please refer to the appropriate WSDL for a list of valid actions."),
    ],
)
def test_only_some_actions_can_be_allowed(sqs: Any, url: str, action: str, reason: str) -> None:
    assert (
        "InvalidParameterValue",
        f"Value SQS:{action} for parameter ActionName is invalid. Reason: {reason}",
    ) == refused(sqs, url, Actions=[action])


def test_actions_and_accounts_are_needed(sqs: Any, url: str) -> None:
    assert ("MissingParameter", "The request must contain the parameter Actions.") == refused(
        sqs, url, Actions=[]
    )
    for accounts, value in (([], "[]"), (["1"], "[1]"), ([FRIEND, "x"], f"[{FRIEND}, x]")):
        assert (
            "InvalidParameterValue",
            f"Value {value} for parameter PrincipalId is invalid. Reason: Unable to verify.",
        ) == refused(sqs, url, AWSAccountIds=accounts)


def test_a_policy_has_up_to_20_statements(sqs: Any, url: str) -> None:
    for number in range(20):
        allow(sqs, url, str(number), [FRIEND], "SendMessage")
    assert "OverLimit" == refused(sqs, url)[0]


# Tags.


def tags(sqs: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    return found


def test_tags_are_put_replaced_and_removed(sqs: Any, url: str) -> None:
    assert {} == tags(sqs, url)
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": ""})
    sqs.tag_queue(QueueUrl=url, Tags={"b": "2", "ü @:/=+-_.": "3"})
    assert {"a": "1", "b": "2", "ü @:/=+-_.": "3"} == tags(sqs, url)
    sqs.untag_queue(QueueUrl=url, TagKeys=["a", "none"])
    assert {"b": "2", "ü @:/=+-_.": "3"} == tags(sqs, url)


def test_a_queue_is_created_with_tags_and_loses_them_with_it(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="tagged", tags={"a": "1"})["QueueUrl"]
    assert {"a": "1"} == tags(sqs, url)
    sqs.delete_queue(QueueUrl=url)
    assert {} == tags(sqs, create(sqs, "tagged"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"": "v"},
        {"k" * 129: "v"},
        {"aws:k": "v"},
        {"AWS:k": "v"},
        {"k*": "v"},
        {"k": "v" * 257},
        {"k": "v*"},
        {str(number): "v" for number in range(51)},
    ],
)
def test_tags_keep_to_aws_limits(sqs: Any, url: str, wanted: dict[str, str]) -> None:
    assert "InvalidParameterValue" == refusal(sqs.tag_queue, QueueUrl=url, Tags=wanted)[0]
    assert {} == tags(sqs, url)
    code, _ = refusal(sqs.create_queue, QueueName="never", tags=wanted)
    assert "InvalidParameterValue" == code


def test_tags_and_keys_are_needed(sqs: Any, url: str) -> None:
    for function, params in (
        (sqs.tag_queue, {"Tags": {}}),
        (sqs.untag_queue, {"TagKeys": []}),
    ):
        assert "MissingParameter" == refusal(function, QueueUrl=url, **params)[0]
