"""STS by boto3: who calls, and temporary credentials with their end by either clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pileus.kernel.call import Context
from support.running import Running

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)
SESSION_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
    }
)


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def as_holder(pileus: Running, service: str, credentials: dict[str, Any], **changed: str) -> Any:
    known = {**credentials, **changed}
    return boto3.client(
        service, endpoint_url=pileus.url, region_name="us-east-1",
        aws_access_key_id=known["AccessKeyId"], aws_secret_access_key=known["SecretAccessKey"],
        aws_session_token=known["SessionToken"],
    )  # fmt: skip


@pytest.fixture
def role_arn(aws: Any) -> str:
    created = aws("iam").create_role(
        RoleName="worker", Path="/app/", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200
    )
    arn: str = created["Role"]["Arn"]
    return arn


def assume(sts: Any, role_arn: str, **params: Any) -> Any:
    return sts.assume_role(RoleArn=role_arn, RoleSessionName="session", **params)


def test_the_access_key_tells_the_account(aws: Any, pileus: Running, account: str) -> None:
    identity = aws("sts").get_caller_identity()
    assert (account, account, f"arn:aws:iam::{account}:root") == (
        identity["UserId"], identity["Account"], identity["Arn"],
    )  # fmt: skip
    assert "000000000000" == pileus.client("sts").get_caller_identity()["Account"]


def test_a_session_is_the_roles(aws: Any, pileus: Running, account: str, role_arn: str) -> None:
    answer = assume(aws("sts"), role_arn)
    role_id = aws("iam").get_role(RoleName="worker")["Role"]["RoleId"]
    arn = f"arn:aws:sts::{account}:assumed-role/worker/session"
    assert {"AssumedRoleId": f"{role_id}:session", "Arn": arn} == answer["AssumedRoleUser"]
    assert "ASIA" == answer["Credentials"]["AccessKeyId"][:4]
    identity = as_holder(pileus, "sts", answer["Credentials"]).get_caller_identity()
    assert (f"{role_id}:session", account, arn) == (
        identity["UserId"], identity["Account"], identity["Arn"],
    )  # fmt: skip


def test_a_session_is_verified(aws: Any, pileus: Running, role_arn: str) -> None:
    credentials = assume(aws("sts"), role_arn)["Credentials"]
    wrong_secret = as_holder(pileus, "sts", credentials, SecretAccessKey="wrong")
    assert "SignatureDoesNotMatch" == refusal(wrong_secret.get_caller_identity)[0]
    wrong_token = as_holder(pileus, "sts", credentials, SessionToken="wrong")
    assert "InvalidClientTokenId" == refusal(wrong_token.get_caller_identity)[0]


def test_a_session_outlives_the_server(tmp_path: Any) -> None:
    first = Running(tmp_path).start()
    arn = first.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    credentials = assume(first.client("sts"), arn["Role"]["Arn"])["Credentials"]
    first.stop()
    second = Running(tmp_path).start()
    identity = as_holder(second, "sts", credentials).get_caller_identity()
    second.stop()
    assert "arn:aws:sts::000000000000:assumed-role/r/session" == identity["Arn"]


def test_the_end_is_told_by_the_machines_clock(aws: Any, pileus: Running, role_arn: str) -> None:
    pileus.advance("P30D")
    credentials = assume(aws("sts"), role_arn, DurationSeconds=900)["Credentials"]
    remaining = (credentials["Expiration"] - datetime.now(UTC)).total_seconds()
    assert 890 <= remaining <= 900
    pileus.advance("P1D")
    as_holder(pileus, "sts", credentials).get_caller_identity()


def test_a_service_gets_a_session_that_ends_by_the_platforms_clock(
    pileus: Running, account: str, role_arn: str
) -> None:
    kernel = pileus.app.kernel
    service = kernel.call_for(Context(account, "us-east-1", "lambda"), "lambda", "Invoke")
    asked = {"RoleArn": role_arn, "RoleSessionName": "function", "DurationSeconds": 43_200}
    answer = pileus.run(service.invoke("sts", "AssumeRole", **asked))
    credentials = answer["Credentials"]
    key = kernel.directory.find_key(credentials["AccessKeyId"])
    assert key is not None
    assert ("virtual", pileus.now // 1000 + 43_200) == (key.clock, key.expires_at // 1000)
    assert f"arn:aws:sts::{account}:assumed-role/worker/function" == key.principal_arn


def test_expired_sessions_are_forgotten_a_page_at_a_time(
    pileus: Running, account: str, role_arn: str
) -> None:
    kernel = pileus.app.kernel
    service = kernel.call_for(Context(account, "us-east-1", "lambda"), "lambda", "Invoke")

    async def many() -> list[str]:
        return [
            (await service.invoke("sts", "AssumeRole", RoleArn=role_arn, RoleSessionName="f" * 9))[
                "Credentials"
            ]["AccessKeyId"]
            for _ in range(310)
        ]

    ids = pileus.run(many())
    pileus.advance("PT3H")
    for access_key_id in ids:
        kernel.directory.forget(access_key_id)
    pileus.run(kernel.directory.load_key(ids[0]))
    pileus.run(kernel.directory.load_key(ids[-1]))
    assert [None, None] == [kernel.directory.find_key(ids[0]), kernel.directory.find_key(ids[-1])]


@pytest.mark.parametrize(
    ("expected", "arn"),
    [
        ("{0} is invalid", "arn:a::::something/test-role"),
        ("{0} is invalid", "nothing-valid-in-here"),
        ("Request ARN is invalid", "arn:aws:iam::111122223333:user/ann"),
    ],
)
def test_what_is_no_roles_arn_is_refused(aws: Any, expected: str, arn: str) -> None:
    refused = refusal(assume, sts=aws("sts"), role_arn=arn)
    assert ("ValidationError", expected.format(arn)) == refused


def test_a_role_that_is_not_there_cannot_be_assumed(aws: Any, account: str, role_arn: str) -> None:
    for arn in (f"arn:aws:iam::{account}:role/missing", role_arn.replace("/app/", "/")):
        assert (
            "AccessDenied",
            f"User: arn:aws:iam::{account}:root is not authorized to perform: sts:AssumeRole on"
            f" resource: {arn}",
        ) == refusal(assume, sts=aws("sts"), role_arn=arn)


def test_a_role_of_another_account_can_be_assumed(
    aws: Any, pileus: Running, account: str, role_arn: str
) -> None:
    other = pileus.client("sts", account="999999999997")
    answer = assume(other, role_arn)
    identity = as_holder(pileus, "sts", answer["Credentials"]).get_caller_identity()
    assert account == identity["Account"]


def test_durations_have_limits(aws: Any, pileus: Running, role_arn: str) -> None:
    sts = aws("sts")
    unchecked = aws("sts", parameter_validation=False)
    code, message = refusal(assume, sts=unchecked, role_arn=role_arn, DurationSeconds=899)
    assert "ValidationError" == code
    assert message.endswith("Member must have value greater than or equal to 900")
    assert (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ) == refusal(assume, sts=sts, role_arn=role_arn, DurationSeconds=7201)
    chained = as_holder(pileus, "sts", assume(sts, role_arn, DurationSeconds=7200)["Credentials"])
    assert (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
        " chaining.",
    ) == refusal(assume, sts=chained, role_arn=role_arn, DurationSeconds=3601)
    assume(chained, role_arn, DurationSeconds=3600)


def test_session_names_have_a_pattern(aws: Any, role_arn: str) -> None:
    assert (
        "ValidationError",
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy"
        r" constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
    ) == refusal(aws("sts").assume_role, RoleArn=role_arn, RoleSessionName="Session1:2")


def test_session_policies_have_a_size(aws: Any, role_arn: str) -> None:
    sts = aws("sts")
    answer = assume(sts, role_arn, Policy=SESSION_POLICY, SourceIdentity="ann")
    assert 0 < answer["PackedPolicySize"] <= 100
    assert "ann" == answer["SourceIdentity"]
    assert "PackedPolicySize" not in assume(sts, role_arn)
    assert ("MalformedPolicyDocument", "This policy contains invalid Json") == refusal(
        assume, sts=sts, role_arn=role_arn, Policy="{"
    )
    large = SESSION_POLICY + " " * 2048
    assert (
        "PackedPolicyTooLarge",
        "Packed policy consumes 105% of allotted space, please use smaller policy.",
    ) == refusal(assume, sts=sts, role_arn=role_arn, Policy=large)
    arns = [{"arn": f"arn:aws:iam::aws:policy/P{number}"} for number in range(11)]
    assert "ValidationError" == refusal(
        assume, sts=sts, role_arn=role_arn, PolicyArns=arns
    )[0]  # fmt: skip


def test_session_tags_are_checked(aws: Any, pileus: Running, role_arn: str) -> None:
    sts = aws("sts")
    code = "InvalidParameterValue"
    assert (
        code, "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ) == refusal(
        assume, sts=sts, role_arn=role_arn,
        Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}],
    )  # fmt: skip
    assert (
        code, "The specified transitive tag key must be included in the requested tags.",
    ) == refusal(assume, sts=sts, role_arn=role_arn, TransitiveTagKeys=["a"])  # fmt: skip
    tags = [{"Key": "team", "Value": "blue"}]
    first = assume(sts, role_arn, Tags=tags, TransitiveTagKeys=["team"])
    chained = as_holder(pileus, "sts", first["Credentials"])
    assert (
        code,
        "One of the specified transitive tag keys can't be set because it conflicts with a"
        " transitive tag key from the calling session.",
    ) == refusal(assume, sts=chained, role_arn=role_arn, Tags=tags)


def test_a_session_token_stands_for_its_user(aws: Any, pileus: Running) -> None:
    iam = aws("iam")
    arn = iam.create_user(UserName="ann")["User"]["Arn"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    user = boto3.client(
        "sts", endpoint_url=pileus.url, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    credentials = user.get_session_token(DurationSeconds=129_600)["Credentials"]
    remaining = (credentials["Expiration"] - datetime.now(UTC)).total_seconds()
    assert 129_590 <= remaining <= 129_600
    session = as_holder(pileus, "sts", credentials)
    assert arn == session.get_caller_identity()["Arn"]
    assert ("AccessDenied", "Cannot call GetSessionToken with session credentials") == refusal(
        session.get_session_token
    )


def test_the_root_users_session_lasts_an_hour_at_most(aws: Any) -> None:
    credentials = aws("sts").get_session_token(DurationSeconds=129_600)["Credentials"]
    remaining = (credentials["Expiration"] - datetime.now(UTC)).total_seconds()
    assert 3_590 <= remaining <= 3_600


def test_an_access_key_id_tells_its_account(aws: Any, account: str, role_arn: str) -> None:
    sts = aws("sts")
    key = assume(sts, role_arn)["Credentials"]["AccessKeyId"]
    assert account == sts.get_access_key_info(AccessKeyId=key)["Account"]
    assert "ValidationError" == refusal(sts.get_access_key_info, AccessKeyId="x" * 20)[0]


def test_what_is_not_built_says_so(aws: Any) -> None:
    assert "NotImplemented" == refusal(aws("sts").get_federation_token, Name="ann")[0]
