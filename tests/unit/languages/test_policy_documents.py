"""Policy documents are taken or refused in IAM's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.policies import Kind, MalformedPolicy, parse, size

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "sts:AssumeRole"}
ABOUT = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}
SYNTAX = "Syntax errors in policy."
WITHOUT_PRINCIPAL = (
    "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The passed in"
    " policy has a statement with no principals!"
)


def document(*statements: dict[str, Any], version: str | None = "2012-10-17") -> str:
    whole: dict[str, Any] = {"Statement": list(statements)}
    return json.dumps({"Version": version, **whole} if version else whole)


def refusal(text: str, kind: Kind = Kind.INLINE) -> str:
    with pytest.raises(MalformedPolicy) as caught:
        parse(text, kind)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (document(ALLOW), Kind.INLINE),
        (document(ALLOW, version=None), Kind.INLINE),
        (document(ALLOW, version="2008-10-17"), Kind.INLINE),
        (document(ALLOW), Kind.MANAGED),
        (document(ALLOW), Kind.SESSION),
        (document(TRUST), Kind.TRUST),
        (document(ABOUT), Kind.RESOURCE),
        (document(TRUST | {"Principal": {"AWS": ["123456789012", "*"]}}), Kind.TRUST),
        (json.dumps({"Version": "2012-10-17", "Id": "x", "Statement": ALLOW}), Kind.MANAGED),
        (document({"Effect": "Deny", "NotAction": ["a:B", "c:*"], "NotResource": ["arn:aws:s3:x"]}),
         Kind.INLINE),
        (document(ALLOW | {"Condition": {"Bool": {"aws:SecureTransport": True}}}), Kind.INLINE),
        (document(ALLOW | {"Condition": {"NumericLessThan": {"s3:max-keys": [1, 2.5]}}}),
         Kind.INLINE),
        (document(ALLOW | {"Condition": {"ForAnyValue:StringLikeIfExists": {"k": ["a", "b"]}}}),
         Kind.INLINE),
    ],
)  # fmt: skip
def test_documents_of_the_grammar_are_taken(text: str, kind: Kind) -> None:
    assert 1 == len(parse(text, kind).statements)


@pytest.mark.parametrize(
    ("expected", "text", "kind"),
    [
        ("This policy contains invalid Json", "{", Kind.INLINE),
        ("This policy contains invalid Json", "", Kind.TRUST),
        ("This policy contains invalid Json", "[" * 100_000, Kind.TRUST),
        (SYNTAX, "null", Kind.MANAGED),
        (SYNTAX, "[]", Kind.INLINE),
        (SYNTAX, "{}", Kind.INLINE),
        (SYNTAX, document(), Kind.INLINE),
        (SYNTAX, document(ALLOW, version="2020-01-01"), Kind.INLINE),
        (SYNTAX, json.dumps({"Statement": [ALLOW], "More": 1}), Kind.INLINE),
        (SYNTAX, '{"Statement": [], "Statement": []}', Kind.INLINE),
        (SYNTAX, document(ALLOW | {"Effect": "allow"}), Kind.INLINE),
        (SYNTAX, document(ALLOW | {"More": 1}), Kind.INLINE),
        (SYNTAX, document(ALLOW | {"Action": {"a": 1}}), Kind.INLINE),
        (SYNTAX, document(ALLOW | {"NotAction": "a:b"}), Kind.INLINE),
        (SYNTAX, document(ALLOW | {"Condition": {"StringIs": {"a": "b"}}}), Kind.INLINE),
        (SYNTAX, document(ALLOW | {"Condition": {"StringEquals": "b"}}), Kind.INLINE),
        (SYNTAX, document(ALLOW | {"Condition": {"StringEquals": {"a": {}}}}), Kind.INLINE),
        ("Policy document must be version 2012-10-17 or greater.",
         document(ALLOW, version="2008-10-17"), Kind.MANAGED),
        ("Policy document must be version 2012-10-17 or greater.",
         document(ALLOW, version=None), Kind.MANAGED),
        ("Policy statement must contain actions.", document({"Effect": "Allow", "Resource": "*"}),
         Kind.INLINE),
        ("Policy statement must contain resources.", document({"Effect": "Allow", "Action": "*"}),
         Kind.MANAGED),
        ("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
         document(ALLOW | {"Action": "GetObject"}), Kind.INLINE),
        ("Actions/Condition can contain only one colon.",
         document(ALLOW | {"Action": "ec2:ec2:RunInstances"}), Kind.INLINE),
        ("Vendor s 3 is not valid", document(ALLOW | {"Action": "s 3:Get"}), Kind.INLINE),
        ('Resource bucket must be in ARN format or "*".', document(ALLOW | {"Resource": "bucket"}),
         Kind.INLINE),
        ("Statement IDs (SID) in a single policy must be unique.",
         document(ALLOW | {"Sid": "a"}, ALLOW | {"Sid": "a"}), Kind.INLINE),
        ("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular"
         " expression [0-9A-Za-z]*", document(ALLOW | {"Sid": "a b"}), Kind.INLINE),
        ("Policy document should not specify a principal.",
         document(ALLOW | {"Principal": "*"}), Kind.INLINE),
        ("Has prohibited field Resource", document(TRUST | {"Resource": "*"}), Kind.TRUST),
        (WITHOUT_PRINCIPAL, document({"Effect": "Allow", "Action": "sts:AssumeRole"}), Kind.TRUST),
        ("AssumeRole policy may only specify STS AssumeRole actions.",
         document(TRUST | {"Action": "s3:GetObject"}), Kind.TRUST),
        ('Invalid principal in policy: "AWS":"me"', document(TRUST | {"Principal": {"AWS": "me"}}),
         Kind.TRUST),
        (SYNTAX, document(TRUST | {"Principal": {"Who": "me"}}), Kind.TRUST),
    ],
)  # fmt: skip
def test_bad_documents_are_refused_in_iams_words(expected: str, text: str, kind: Kind) -> None:
    assert expected == refusal(text, kind)


def test_white_space_does_not_count() -> None:
    assert 9 == size('{ "a" :\n\t"b" }')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Condition"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from(Kind))
def test_any_json_is_taken_or_refused(value: Any, kind: Kind) -> None:
    try:
        parse(json.dumps(value), kind)
    except MalformedPolicy as refused:
        assert refused.message
