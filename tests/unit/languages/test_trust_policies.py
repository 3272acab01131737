"""Which services a trust policy names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pileus.languages.policies import trusts

SERVICE = "lambda.amazonaws.com"


def trusted(*statements: dict[str, Any]) -> bool:
    filled = [{"Effect": "Allow", "Action": "sts:AssumeRole", **each} for each in statements]
    return trusts(json.dumps({"Version": "2012-10-17", "Statement": filled}), SERVICE)


@pytest.mark.parametrize(
    ("principal", "is_trusted"),
    [
        ({"Service": SERVICE}, True),
        ({"Service": ["edgelambda.amazonaws.com", SERVICE]}, True),
        ({"Service": "pipes.amazonaws.com"}, False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, False),
    ],
)
def test_a_service_is_trusted_by_name(principal: dict[str, Any], is_trusted: bool) -> None:
    assert is_trusted == trusted({"Principal": principal})


def test_another_action_is_no_trust() -> None:
    assert not trusted({"Principal": {"Service": SERVICE}, "Action": "sts:TagSession"})


def test_a_denial_wins_unless_it_depends() -> None:
    allowed = {"Principal": {"Service": SERVICE}}
    denied = {"Principal": {"Service": SERVICE}, "Effect": "Deny"}
    only = {"StringNotEquals": {"aws:SourceAccount": "123456789012"}}
    assert not trusted(allowed, denied)
    assert trusted(allowed, {**denied, "Condition": only})


def test_a_condition_is_left_to_the_moment_of_assuming() -> None:
    only = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert trusted({"Principal": {"Service": SERVICE}, "Condition": only})


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"Statement": "all"}'])
def test_what_is_no_policy_trusts_nobody(text: str) -> None:
    assert not trusts(text, SERVICE)
