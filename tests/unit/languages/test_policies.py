"""Policies decide requests as IAM's documentation says."""

from __future__ import annotations

import fnmatch
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.policies import (
    Decision,
    Document,
    Kind,
    Outcome,
    Policies,
    Principal,
    Request,
    evaluate,
    parse,
)
from pileus.languages.policies.matching import action_matches, pattern

ACCOUNT = "111122223333"
OTHER = "444455556666"
USER = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann")
SESSION = Principal(
    ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", f"arn:aws:iam::{ACCOUNT}:role/r"
)
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"


def document(*statements: dict[str, Any], kind: Kind = Kind.INLINE) -> Document:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), kind)


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def about(principal: Any, effect: str = "Allow", **more: Any) -> Document:
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Principal": principal, **more}
    return document(statement, kind=Kind.RESOURCE)


def ask(
    principal: Principal = USER, action: str = "sqs:SendMessage", resource: str = QUEUE,
    account: str = ACCOUNT, **context: list[str],
) -> Request:  # fmt: skip
    keys = {key.replace("__", ":").replace("_", "-").lower(): v for key, v in context.items()}
    return Request(action, resource, principal, account, keys)


def decide(policies: Policies, request: Request) -> Decision:
    return evaluate(policies, request)


def allows(*statements: dict[str, Any], request: Request | None = None) -> bool:
    return decide(Policies(identity=[document(*statements)]), request or ask()).is_allowed


def test_nothing_is_allowed_by_default() -> None:
    assert Decision(Outcome.DENIED_IMPLICITLY, "identity") == decide(Policies(), ask())


def test_the_root_of_an_account_may_do_everything_there() -> None:
    assert decide(Policies(), ask(Principal(ACCOUNT, is_root=True))).is_allowed


def test_a_denial_beats_every_permission() -> None:
    policies = Policies(identity=[document(allow()), document(deny("sqs:Send*"))])
    assert Decision(Outcome.DENIED_EXPLICITLY, "identity") == decide(policies, ask())
    assert decide(policies, ask(action="sqs:ReceiveMessage")).is_allowed


@pytest.mark.parametrize(
    ("expected", "wanted"),
    [
        (True, "sqs:SendMessage"),
        (True, "SQS:sendmessage"),
        (True, "sqs:Send*"),
        (True, "sqs:?endMessage"),
        (True, "sqs:*Message"),
        (True, "*"),
        (False, "sqs:Receive*"),
        (False, "sns:*"),
    ],
)
def test_actions_have_wildcards_and_no_case(expected: bool, wanted: str) -> None:
    assert expected == allows(allow(wanted))


@pytest.mark.parametrize(
    ("expected", "wanted"),
    [
        (True, QUEUE),
        (True, f"arn:aws:sqs:*:{ACCOUNT}:ord*"),
        (True, f"arn:aws:sqs:us-east-1:{ACCOUNT}:o?ders"),
        (True, "arn:*:sqs:*:*:*"),
        (True, "arn:aws:sqs:*"),
        (False, f"arn:aws:sqs:us-east-1:{ACCOUNT}:Orders"),
        (False, f"arn:aws:sqs:eu-*:{ACCOUNT}:orders"),
        (False, "arn:aws:sqs:us-east-1:*:x"),
    ],
)
def test_resources_are_matched_part_by_part(expected: bool, wanted: str) -> None:
    assert expected == allows(allow(resource=wanted))


def test_a_wildcard_does_not_reach_into_the_next_part_of_an_arn() -> None:
    request = ask(resource="arn:aws:logs:us-east-1:1:log-group:g:x")
    assert allows(allow(resource="arn:aws:logs:*:1:log-group:*"), request=request)
    assert not allows(allow(resource="arn:aws:logs:*:log-group:g:x"), request=request)


def test_not_action_and_not_resource_turn_round() -> None:
    assert not allows({"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"})
    assert allows({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    assert not allows({"Effect": "Allow", "Action": "*", "NotResource": QUEUE})
    assert allows({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sqs:::x"})


@pytest.mark.parametrize(
    ("expected", "operator", "wanted", "values"),
    [
        (True, "StringEquals", "a", ["a"]),
        (True, "StringEquals", ["x", "a"], ["a"]),
        (False, "StringEquals", "A", ["a"]),
        (False, "StringEquals", "*", ["a"]),
        (False, "StringEquals", "a", []),
        (True, "StringNotEquals", "b", ["a"]),
        (False, "StringNotEquals", ["a", "b"], ["a"]),
        (True, "StringNotEquals", "a", []),
        (True, "StringEqualsIgnoreCase", "A", ["a"]),
        (False, "StringNotEqualsIgnoreCase", "A", ["a"]),
        (True, "StringLike", "h*l?o", ["hallo"]),
        (False, "StringNotLike", "h*", ["hallo"]),
        (True, "NumericEquals", "10", ["10.0"]),
        (True, "NumericLessThan", "10", ["9"]),
        (False, "NumericLessThan", "10", ["10"]),
        (True, "NumericLessThanEquals", "10", ["10"]),
        (True, "NumericGreaterThan", "10", ["11"]),
        (True, "NumericGreaterThanEquals", "10", ["10"]),
        (True, "NumericNotEquals", "10", ["11"]),
        (False, "NumericEquals", "ten", ["ten"]),
        (True, "DateEquals", "2020-01-01T00:00:00Z", ["1577836800"]),
        (True, "DateLessThan", "2020-01-01", ["2019-12-31T23:59:59Z"]),
        (True, "DateGreaterThan", "2020", ["2020-01-01T00:00:01+00:00"]),
        (True, "DateNotEquals", "2020-01", ["2020-02-01"]),
        (True, "DateGreaterThanEquals", "2020-01", ["2020-01-01T01:00:00+01:00"]),
        (False, "DateLessThanEquals", "yesterday", ["2020-01-01"]),
        (True, "Bool", "true", ["True"]),
        (False, "Bool", "false", ["true"]),
        (False, "Bool", "false", []),
        (True, "BinaryEquals", "QmluYXJ5", ["QmluYXJ5"]),
        (False, "BinaryEquals", "QmluYXJ5", ["!"]),
        (True, "IpAddress", "203.0.113.0/24", ["203.0.113.7"]),
        (False, "IpAddress", "203.0.113.0", ["203.0.113.7"]),
        (True, "IpAddress", ["10.0.0.0/8", "2001:DB8::/32"], ["2001:db8::1"]),
        (True, "NotIpAddress", "203.0.113.0/24", ["198.51.100.1"]),
        (False, "IpAddress", "here", ["203.0.113.7"]),
        (True, "ArnEquals", "arn:aws:sns:*:1:t*", ["arn:aws:sns:eu-west-1:1:topic"]),
        (False, "ArnLike", "arn:aws:sns:*:1:t*", ["arn:aws:sns:eu:2:1:topic"]),
        (True, "ArnNotLike", "arn:aws:sns:*:1:t*", ["arn:aws:sqs:x:1:t"]),
        (False, "ArnNotEquals", "arn:aws:sns:::t", ["arn:aws:sns:::t"]),
        (True, "Null", "true", []),
        (False, "Null", "true", ["a"]),
        (True, "Null", "false", ["a"]),
        (True, "StringEqualsIfExists", "a", []),
        (False, "StringEqualsIfExists", "a", ["b"]),
        (True, "ForAllValues:StringEquals", ["a", "b"], ["a", "b"]),
        (False, "ForAllValues:StringEquals", ["a", "b"], ["a", "c"]),
        (True, "ForAllValues:StringEquals", ["a"], []),
        (True, "ForAnyValue:StringEquals", ["a", "b"], ["c", "b"]),
        (False, "ForAnyValue:StringEquals", ["a"], ["c"]),
        (False, "ForAnyValue:StringEquals", ["a"], []),
        (True, "ForAnyValue:StringNotEquals", ["a"], ["a", "b"]),
        (False, "ForAllValues:StringNotEquals", ["a"], ["a", "b"]),
        (True, "ForAllValues:StringLikeIfExists", ["a*"], ["ab", "ac"]),
    ],
)  # fmt: skip
def test_condition_operators(expected: bool, operator: str, wanted: Any, values: list[str]) -> None:
    statement = allow(Condition={operator: {"Test:Key": wanted}})
    assert expected == allows(statement, request=ask(test__key=values))


def test_all_conditions_of_a_statement_must_hold() -> None:
    condition = {"StringEquals": {"a:x": "1", "a:y": "2"}, "Bool": {"a:z": "true"}}
    statement = allow(Condition=condition)
    assert allows(statement, request=ask(a__x=["1"], a__y=["2"], a__z=["true"]))
    assert not allows(statement, request=ask(a__x=["1"], a__y=["2"], a__z=["false"]))
    assert not allows(statement, request=ask(a__x=["1"], a__z=["true"]))


def test_variables_stand_for_values_of_the_request() -> None:
    statement = allow(resource=f"arn:aws:sqs:us-east-1:{ACCOUNT}:${{aws:username}}")
    assert allows(statement, request=ask(aws__username=["orders"]))
    assert not allows(statement, request=ask(aws__username=["ord*"]))
    assert not allows(statement)
    fallback = allow(resource=f"arn:aws:sqs:us-east-1:{ACCOUNT}:${{aws:username, 'orders'}}")
    assert allows(fallback)


def test_a_statement_whose_variable_has_no_value_does_not_apply() -> None:
    statement = deny(Condition={"StringNotEquals": {"a:b": "${aws:username}"}})
    assert allows(allow(), statement, request=ask(a__b=["x"]))


def test_variables_are_plain_text_in_the_older_language() -> None:
    text = json.dumps({"Statement": [allow(Condition={"StringLike": {"a:b": "${a:c}"}})]})
    policies = Policies(identity=[parse(text, Kind.INLINE)])
    assert decide(policies, ask(a__b=["${a:c}"], a__c=["x"])).is_allowed
    assert not decide(policies, ask(a__b=["x"], a__c=["x"])).is_allowed


def test_escaped_wildcards_are_plain_characters() -> None:
    statement = allow(Condition={"StringLike": {"a:b": "x${*}*"}})
    assert allows(statement, request=ask(a__b=["x*yz"]))
    assert not allows(statement, request=ask(a__b=["xyz"]))


def test_a_resource_policy_alone_is_enough_within_an_account() -> None:
    for principal in (
        "*",
        {"AWS": ACCOUNT},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": USER.arn},
    ):
        assert decide(Policies(resource=about(principal)), ask()).is_allowed
    assert not decide(Policies(resource=about({"AWS": OTHER})), ask()).is_allowed


def test_across_accounts_both_sides_must_allow() -> None:
    request = ask(account=OTHER)
    mine, theirs = [document(allow())], about({"AWS": ACCOUNT})
    assert decide(Policies(identity=mine, resource=theirs), request).is_allowed
    assert Decision(Outcome.DENIED_IMPLICITLY, "resource") == decide(
        Policies(identity=mine), request
    )
    assert Decision(Outcome.DENIED_IMPLICITLY, "identity") == decide(
        Policies(resource=theirs), request
    )


def test_a_boundary_and_a_session_policy_limit_what_identity_policies_give() -> None:
    mine, narrow = [document(allow())], [document(allow("s3:*"))]
    assert Decision(Outcome.DENIED_IMPLICITLY, "boundary") == decide(
        Policies(identity=mine, boundary=narrow), ask()
    )
    assert Decision(Outcome.DENIED_IMPLICITLY, "session") == decide(
        Policies(identity=mine, session=narrow), ask()
    )
    assert decide(Policies(identity=mine, boundary=mine, session=mine), ask()).is_allowed


def test_what_a_resource_gives_to_a_role_is_limited_and_to_its_session_is_not() -> None:
    narrow = [document(allow("s3:*"))]
    to_role = Policies(resource=about({"AWS": SESSION.role_arn}), boundary=narrow)
    assert Decision(Outcome.DENIED_IMPLICITLY, "boundary") == decide(to_role, ask(SESSION))
    to_session = Policies(resource=about({"AWS": SESSION.arn}), boundary=narrow, session=narrow)
    assert decide(to_session, ask(SESSION)).is_allowed


def test_a_service_needs_the_resource_policy() -> None:
    topics = Principal(service="sns.amazonaws.com")
    condition = {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:t"}}
    policies = Policies(resource=about({"Service": "sns.amazonaws.com"}, Condition=condition))
    right = ask(topics, aws__SourceArn=["arn:aws:sns:x:1:t"])
    assert decide(policies, right).is_allowed
    assert not decide(policies, ask(topics)).is_allowed
    assert not decide(Policies(), right).is_allowed
    assert not decide(policies, ask(Principal(service="s3.amazonaws.com"))).is_allowed


def test_not_principal_denies_everybody_else() -> None:
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "NotPrincipal": {"AWS": USER.arn},
    }
    policies = Policies(
        identity=[document(allow())], resource=document(statement, kind=Kind.RESOURCE)
    )
    assert decide(policies, ask()).is_allowed
    assert not decide(policies, ask(SESSION)).is_allowed


def test_a_key_policy_must_allow_by_itself() -> None:
    policies = Policies(
        identity=[document(allow())], resource=about({"AWS": OTHER}), resource_must_allow=True
    )
    assert Decision(Outcome.DENIED_IMPLICITLY, "resource") == decide(policies, ask())


@given(st.text("ab*?", max_size=10), st.text("ab", max_size=10))
def test_wildcards_mean_what_a_shells_do(wanted: str, text: str) -> None:
    expected = fnmatch.fnmatchcase(text, wanted)
    assert expected == pattern(wanted).matches(text, {})
    assert expected == action_matches(wanted, text)


@pytest.mark.timeout(5)
def test_a_hostile_pattern_takes_no_exponential_time() -> None:
    assert not pattern("a*" * 200 + "b").matches("a" * 2_000, {})


@given(st.text(max_size=20))
def test_a_variables_value_matches_only_itself(name: str) -> None:
    statement = allow(Condition={"StringLike": {"a:b": "${a:c}"}})
    assert allows(statement, request=ask(a__b=[name], a__c=[name]))


statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["*", "sqs:*", "sqs:SendMessage", "s3:*"]),
        "Resource": st.sampled_from(["*", QUEUE, "arn:aws:s3:::b"]),
    }
)


@given(st.lists(statements, min_size=1, max_size=5), st.lists(statements, min_size=1, max_size=5))
def test_more_denials_never_allow_more(
    some: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    denials = [statement | {"Effect": "Deny"} for statement in more]
    if not allows(*some):
        assert not allows(*some, *denials)
