"""Bucket policies: what S3 refuses, and what makes one public."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.s3.settings import policy_documents

BUCKET = "arn:aws:s3:::things"
GOOD: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "s3:GetObject",
    "Resource": f"{BUCKET}/*",
}


def read(text: str) -> Any:
    return policy_documents.read(text, BUCKET)


def one(**members: Any) -> str:
    statement = {key: value for key, value in {**GOOD, **members}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Policies must be valid JSON and the first byte must be '{'"),
        ("{", "Policies must be valid JSON and the first byte must be '{'"),
        ('{"a":' * 3000, "Policies must be valid JSON and the first byte must be '{'"),
        ('{"Statement":[1]}', "Policies must be valid JSON and the first byte must be '{'"),
        ("{}", "Missing required field Statement"),
        ('{"Statement":[]}', "Could not parse the policy: Statement is empty!"),
        ('{"Name":"x"}', "Unknown field Name"),
        ('{"Version":"2020-01-01"}', "The policy must contain a valid version string"),
        (one(Effect=None), "Missing required field Effect"),
        (one(Effect="Permit"), "Invalid effect: Permit"),
        (one(Principal=None), "Missing required field Principal"),
        (one(Action=None), "Missing required field Action"),
        (one(Resource=None), "Missing required field Resource"),
        (one(Sidd="x"), "Unknown field Sidd"),
        (one(Principal={"AWS": "somebody"}), "Invalid principal in policy"),
        (one(Principal={"Service": "somebody"}), "Invalid principal in policy"),
        (one(Principal={}), "Invalid principal in policy"),
        (one(NotPrincipal="*"), "Invalid principal in policy"),
        (one(Action="sqs:SendMessage"), "Policy has invalid action"),
        (one(Action=[]), "Policy has invalid action"),
        (one(Resource="*"), "Policy has invalid resource"),
        (one(Resource="arn:aws:s3:::thing/*"), "Policy has invalid resource"),
        (one(Resource="arn:aws:s3:::*"), "Policy has invalid resource"),
        (one(Resource=BUCKET), "Action does not apply to any resource(s) in statement"),
        (one(Action="s3:ListBucket"), "Action does not apply to any resource(s) in statement"),
        (
            one(Sid="x" * 21_000),
            "Normalized policy document exceeds the maximum allowed size of 20480 bytes.",
        ),
    ],
)
def test_what_is_refused(text: str, expected: str) -> None:
    with pytest.raises(AwsError) as refused:
        read(text)
    assert ("MalformedPolicy", expected) == (refused.value.code, refused.value.message)


@pytest.mark.parametrize(
    "text",
    [
        one(),
        one(Action="s3:*", Resource=[BUCKET, f"{BUCKET}/*"]),
        one(Action="s3:*"),
        one(Action="*", Resource=BUCKET),
        one(Action=["s3:Get*", "s3:ListBucket"], Resource="arn:aws:s3:::thing*"),
        one(Principal={"Service": "cloudfront.amazonaws.com"}),
        one(Principal={"CanonicalUser": "0" * 64}),
        one(Principal={"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}),
        one(Action=None, NotAction="s3:DeleteObject", Effect="Deny"),
    ],
)
def test_what_is_taken(text: str) -> None:
    assert json.loads(text) == read(text)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, False),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": ["*"]}}, True),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, False),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}}, True),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "v"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:UserAgent": "x"}}}, True),
        (
            {"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:SourceVpc": "v"}}},
            True,
        ),
        (
            {
                "Principal": "*",
                "Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o"}},
            },
            True,
        ),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "::/16"}}}, True),
        (
            {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "${a}"}}},
            True,
        ),
    ],
)
def test_what_is_public(members: dict[str, Any], expected: bool) -> None:
    assert expected == policy_documents.is_public(read(one(**members)))
