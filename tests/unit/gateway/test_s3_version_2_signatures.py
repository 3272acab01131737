"""Signature version 2 of S3, as botocore makes it: believed, refused, and in AWS's words."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.auth import HmacV1Auth, HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pileus.gateway.presigned_headers import carried_headers, heeded_headers
from pileus.gateway.s3_version_2_signatures import access_key_of
from pileus.gateway.signature_errors import Family
from pileus.gateway.signatures import Signatures
from pileus.kernel.access import Key
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from support.signing import NOW, Clocks, Keys, received

SIGNATURES = Signatures(Keys(), Clocks())
URL = (
    "http://h:1/bucket/a%20b/%C3%BC%2B?versionId=null&prefix=x&response-content-type=a%2Fb&uploads"
)


def signed(
    method: str = "GET",
    url: str = URL,
    headers: dict[str, str] | None = None,
    *,
    secret: str = "test",
    token: str | None = None,
    key: str = "test",
    instant: int = NOW,
) -> Request:
    sent = AWSRequest(method, url, headers=headers or {})
    date = formatdate(instant / 1000, usegmt=True)
    with patch.object(HmacV1Auth, "_get_date", lambda _: date):
        HmacV1Auth(Credentials(key, secret, token)).add_auth(sent)
    return received(sent, b"")


def presigned(
    method: str = "GET",
    url: str = URL,
    headers: dict[str, str] | None = None,
    *,
    secret: str = "test",
    token: str | None = None,
    key: str = "test",
    instant: int = NOW,
    seconds: int = 60,
) -> Request:
    sent = AWSRequest(method, url, headers=headers or {})
    with patch.object(botocore.auth.time, "time", lambda: instant / 1000):
        HmacV1QueryAuth(Credentials(key, secret, token), expires=seconds).add_auth(sent)
    found = received(sent, b"")
    found.headers = {"host": "h:1"}
    return found


def refusal(request: Request, signatures: Signatures = SIGNATURES) -> AwsError:
    with pytest.raises(AwsError) as raised:
        signatures.identify(request, Family.S3, allows_anonymous=True)
    return raised.value


@pytest.mark.parametrize("make", [signed, presigned])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain; charset=utf-8", "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="},
        {"x-amz-meta-b": "two  spaces", "x-amz-meta-a": "one", "x-amz-acl": "private"},
    ],
)
def test_what_botocore_signs_is_believed(make: Any, headers: dict[str, str]) -> None:
    identity = SIGNATURES.identify(make("PUT", headers=headers), Family.S3)
    assert (True, "000000000000") == (identity.is_verified, identity.account_id)


@pytest.mark.parametrize("make", [signed, presigned])
def test_a_bucket_in_the_host_is_signed_too(make: Any) -> None:
    request = make(url="http://h/bucket/key?acl")
    request.path = "/key"
    assert refusal(request).code == "SignatureDoesNotMatch"
    request.headers["host"] = "bucket.s3.localhost.localstack.cloud:4566"
    assert SIGNATURES.identify(request, Family.S3).is_verified


@pytest.mark.parametrize("make", [signed, presigned])
def test_a_session_token_is_asked_for(make: Any) -> None:
    key = Key("secret", "111122223333", "arn", session_token="to/k+en=")
    signatures = Signatures(Keys(ASIA=key), Clocks())
    request = make(key="ASIA", secret="secret", token="to/k+en=")
    assert "111122223333" == signatures.identify(request, Family.S3).account_id
    assert "InvalidToken" == refusal(make(key="ASIA", secret="secret", token="x"), signatures).code
    assert "InvalidAccessKeyId" == refusal(make(key="ASIA", secret="secret"), signatures).code


def test_unknown_keys_are_let_in_unverified_or_refused() -> None:
    request = presigned(key="123456789012", secret="any")
    identity = SIGNATURES.identify(request, Family.S3)
    assert (False, "123456789012") == (identity.is_verified, identity.account_id)
    strict = Signatures(Keys(), Clocks(), allows_unknown_keys=False)
    assert "InvalidAccessKeyId" == refusal(request, strict).code


def test_the_error_tells_what_should_have_been_signed() -> None:
    error = refusal(presigned("PUT", headers={"content-type": "a/b"}, secret="guess"))
    text = (
        "PUT\n\na/b\n1735689660\n"
        "/bucket/a%20b/%C3%BC%2B?response-content-type=a/b&uploads&versionId=null"
    )
    assert ("SignatureDoesNotMatch", 403, text) == (
        error.code, error.status, error.members["StringToSign"],
    )  # fmt: skip


def test_urls_end_at_their_instant() -> None:
    clocks = Clocks(NOW + 60_000, NOW + 60_000)
    assert Signatures(Keys(), clocks).identify(presigned(), Family.S3).is_verified
    clocks = Clocks(NOW + 60_001, NOW + 60_001)
    error = refusal(presigned(), Signatures(Keys(), clocks))
    assert ("AccessDenied", 403, "Request has expired", "2025-01-01T00:01:00Z") == (
        error.code, error.status, error.message, error.members["Expires"],
    )  # fmt: skip


def test_headers_are_good_for_a_quarter_of_an_hour() -> None:
    assert SIGNATURES.identify(signed(instant=NOW - 900_000), Family.S3).is_verified
    assert "RequestTimeTooSkewed" == refusal(signed(instant=NOW - 901_000)).code
    request = signed()
    del request.headers["date"]
    assert (
        "AWS authentication requires a valid Date or x-amz-date header" == refusal(request).message
    )


def test_a_date_of_awss_own_goes_before() -> None:
    moment = datetime.fromtimestamp(NOW / 1000, UTC)
    request = signed(headers={"x-amz-date": f"{moment:%Y%m%dT%H%M%SZ}"}, instant=0)
    assert "SignatureDoesNotMatch" == refusal(request).code  # botocore signs the other one as well


@pytest.mark.parametrize(
    ("query", "authorization", "code", "message"),
    [
        ("AWSAccessKeyId=a&Signature=b", None, "AccessDenied", "Query-string authentication"),
        ("Signature=b&Expires=1", None, "AccessDenied", "Query-string authentication"),
        ("AWSAccessKeyId=a&Signature=b&Expires=soon", None, "AccessDenied", "Invalid date"),
        ("AWSAccessKeyId=a&Signature=b&Expires=²", None, "AccessDenied", "Invalid date"),
        (f"AWSAccessKeyId=a&Signature=b&Expires={9**40}", None, "AccessDenied", "Invalid date"),
        ("", "AWS test", "InvalidArgument", "AWS authorization header is invalid."),
        ("", "AWS :x", "InvalidArgument", "AWS authorization header is invalid."),
        ("", "AWS test:abc=", "AccessDenied", "AWS authentication requires a valid Date"),
    ],
)
def test_bad_form_is_refused(
    query: str, authorization: str | None, code: str, message: str
) -> None:
    headers = {"host": "h"} | ({"authorization": authorization} if authorization else {})
    error = refusal(Request("GET", "/b/k", query, headers))
    assert (code, True) == (error.code, error.message.startswith(message))


def test_requests_without_one_are_nobodys() -> None:
    request = Request("GET", "/b/k", "Expires=1&x=y", {"host": "h"})
    assert SIGNATURES.identify(request, Family.S3, allows_anonymous=True).is_anonymous


@pytest.mark.parametrize(
    ("authorization", "query", "key"),
    [
        ("AWS AKIA:sig=", "", "AKIA"),
        ("", "AWSAccessKeyId=AK%2FIA&Signature=x&Expires=1", "AK/IA"),
        ("", "Action=ListQueues&AWSAccessKeyId=AKIA&Signature=x&SignatureVersion=2", ""),
        ("AWS4-HMAC-SHA256 Credential", "", ""),
        ("", "list-type=2", ""),
    ],
)
def test_the_key_is_found_before_the_service_is(authorization: str, query: str, key: str) -> None:
    assert key == access_key_of(authorization, query)


def test_presigned_urls_carry_headers() -> None:
    query = (
        "X-Amz-Algorithm=a&X-Amz-Signature=b&X-Amz-Date=c&X-Amz-Content-Sha256=d&x-id=PutObject&"
        "x-amz-meta-Name=gr%C3%BCn+ist&x-amz-tagging=a%3Db&content-type=e&x-amz-checksum-crc32=f"
    )
    expected = {"x-amz-meta-name": "grÃ¼n ist", "x-amz-tagging": "a=b"}
    assert expected == heeded_headers(query)
    assert {**expected, "x-amz-checksum-crc32": "f"} == carried_headers(query)
    assert {} == heeded_headers("x-amz-meta-name=x")
    older = "AWSAccessKeyId=a&Signature=b&Expires=1&Content-Type=c%2Fd&x-amz-acl=private"
    assert {"content-type": "c/d", "x-amz-acl": "private"} == heeded_headers(older)
