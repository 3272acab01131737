"""Signatures of botocore's own signers hold, and no changed request keeps one."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import pytest
from botocore.auth import (
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV2Auth,
    SigV4Auth,
    SigV4QueryAuth,
)
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pileus.gateway.signature_errors import Family, family_of
from pileus.gateway.signatures import Identity, Signatures
from pileus.gateway.signing_keys import signing_key
from pileus.kernel.access import Key
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from support.signing import NOW, Clocks, Keys, received, sign

SIGNATURES = Signatures(Keys(), Clocks())
JSON = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}

odd_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\x00"),
    max_size=12,
)
paths = st.lists(odd_text, max_size=5).map(lambda parts: "/" + "/".join(map(quote, parts)))
raw_paths = st.text("abAB09-._~!$&'()*,;=:@/%", max_size=20).map(
    lambda text: "/" + text.replace("%", "%2f").lstrip("/")
)
queries = st.lists(st.tuples(odd_text, odd_text), max_size=4).map(
    lambda pairs: "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in pairs if n)
)
header_values = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f\x85\xa0"),
    max_size=20,
)


def told(identity: Identity) -> tuple[str, str, str, str, str, bool]:
    return (
        identity.access_key_id, identity.account_id, identity.principal_arn, identity.region,
        identity.service, identity.is_verified,
    )  # fmt: skip


def is_refused(request: Request, family: Family) -> bool:
    try:
        SIGNATURES.identify(request, family)
    except AwsError:
        return True
    return False


def test_signed_json_request_is_verified() -> None:
    request = sign(SigV4Auth, body=b'{"QueueUrl": "x"}', headers=JSON)
    expected = ("test", "000000000000", "arn:aws:iam::000000000000:root", "us-east-1", "sqs", True)
    assert expected == told(SIGNATURES.identify(request, Family.JSON, "sqs"))


@settings(max_examples=150, deadline=None)
@given(path=st.one_of(paths, raw_paths), query=queries, body=st.binary(max_size=50))
@example(path="//a//b/../c/.", query="a&b=&c=1&a=2", body=b"")
def test_any_request_signed_by_botocore_is_verified(path: str, query: str, body: bytes) -> None:
    request = sign(SigV4Auth, "POST", f"http://h{path}?{query}", body, service="lambda")
    assert SIGNATURES.identify(request, Family.REST_JSON).is_verified


@settings(max_examples=150, deadline=None)
@given(path=st.one_of(paths, raw_paths), query=queries, body=st.binary(max_size=50))
@example(path="/bucket/a//../b/./c+d", query="list-type=2&prefix=a%20b&x=a+b", body=b"")
def test_any_s3_request_signed_by_botocore_is_verified(path: str, query: str, body: bytes) -> None:
    request = sign(S3SigV4Auth, "PUT", f"http://h{path}?{query}", body, service="s3")
    assert SIGNATURES.identify(request, Family.S3).is_verified


@settings(max_examples=100, deadline=None)
@given(path=paths, query=queries)
def test_any_url_presigned_by_botocore_is_verified(path: str, query: str) -> None:
    url = f"http://h{path}?{query}"
    request = sign(S3SigV4QueryAuth, "GET", url, service="s3", options={"expires": 60})
    assert SIGNATURES.identify(request, Family.S3).is_verified
    request = sign(SigV4QueryAuth, "GET", url, service="sts", options={"expires": 60})
    assert SIGNATURES.identify(request, Family.QUERY).is_verified


@settings(max_examples=100, deadline=None)
@given(value=header_values)
@example(value="a  b\tc")
@example(value=" edge ")
def test_any_header_value_is_verified(value: str) -> None:
    request = sign(SigV4Auth, headers={**JSON, "X-Amz-Meta-Thing": value})
    assert SIGNATURES.identify(request, Family.JSON).is_verified


def test_unsigned_payload_is_verified_whatever_the_body() -> None:
    config = Config(s3={"payload_signing_enabled": False})
    context = {"client_config": config, "has_streaming_input": True}
    request = sign(S3SigV4Auth, "PUT", "https://h/b/k", b"abc", service="s3", context=context)
    assert request.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    request.body = b"other"
    assert SIGNATURES.identify(request, Family.S3).is_verified


def test_repeated_headers_are_verified() -> None:
    sent = AWSRequest("POST", "http://h/", data=b"", headers=JSON)
    sent.headers.add_header("X-Amz-List", "one")
    sent.headers.add_header("X-Amz-List", "two")
    signer = SigV4Auth(Credentials("test", "test"), "sqs", "us-east-1")
    sent.context["timestamp"] = "20250101T000000Z"
    sent.headers["X-Amz-Date"] = "20250101T000000Z"
    text = signer.string_to_sign(sent, signer.canonical_request(sent))
    names = signer.signed_headers(signer.headers_to_sign(sent))
    sent.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(sent)}, SignedHeaders={names}, "
        f"Signature={signer.signature(text, sent)}"
    )
    assert SIGNATURES.identify(received(sent, b""), Family.JSON).is_verified


def test_date_header_serves_where_x_amz_date_is_absent() -> None:
    request = sign(SigV4Auth, headers={**JSON, "Date": "Wed, 01 Jan 2025 00:00:00 GMT"})
    assert "x-amz-date" not in request.headers
    assert SIGNATURES.identify(request, Family.JSON).is_verified


def test_parameters_of_the_header_may_come_in_any_order() -> None:
    request = sign(SigV4Auth, headers=JSON)
    algorithm, _, rest = request.headers["authorization"].partition(" ")
    request.headers["authorization"] = f"{algorithm} {','.join(reversed(rest.split(', ')))}"
    assert SIGNATURES.identify(request, Family.JSON).is_verified


# Tampering.


def signed_json() -> Request:
    return sign(SigV4Auth, "POST", "http://h/a/b?x=1&y=2", b"body", JSON)


def signed_s3() -> Request:
    return sign(S3SigV4Auth, "PUT", "http://h/bucket/key?x=1&y=2", b"body", service="s3")


def presigned_s3() -> Request:
    url = "http://h/bucket/key?x=1&y=2"
    return sign(S3SigV4QueryAuth, "GET", url, service="s3", options={"expires": 60})


SIGNED = {
    "json": (signed_json, Family.JSON),
    "s3": (signed_s3, Family.S3),
    "presigned": (presigned_s3, Family.S3),
}


@pytest.mark.parametrize(("make", "family"), SIGNED.values(), ids=SIGNED.keys())
def test_every_changed_part_is_refused(make, family) -> None:  # type: ignore[no-untyped-def]
    request = make()
    assert SIGNATURES.identify(request, family).is_verified
    changed = {
        name: request.changed(headers={**request.headers})
        for name in ("method", "path", "query", "host")
    }
    changed["method"].method = "DELETE"
    changed["path"].path += "x"
    changed["query"].query = request.query.replace("x=1", "x=2")
    changed["host"].headers["host"] = "other"
    for name in request.headers:
        if name.startswith("x-amz-") or name == "content-type":
            changed[name] = request.changed(headers={**request.headers})
            changed[name].headers[name] += "0"
    if request.body:
        changed["body"] = request.changed(headers={**request.headers})
        changed["body"].body += b"0"
    assert [] == [name for name, other in changed.items() if not is_refused(other, family)]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_changed_character_of_the_signature_is_refused(data: st.DataObject) -> None:
    request = signed_json()
    text = request.headers["authorization"]
    at = data.draw(st.integers(0, len(text) - 1))
    to = data.draw(st.characters(min_codepoint=0x21, max_codepoint=0xFF))
    changed = text[:at] + to + text[at + 1 :]
    request.headers["authorization"] = changed
    if changed != text and "AKID" not in changed:
        try:
            identity = SIGNATURES.identify(request, Family.JSON)
        except AwsError:
            return
        # Another key id is nobody's, and is let in without being believed.
        assert identity.is_verified == (identity.access_key_id == "test") is False


def test_wrong_secret_is_refused() -> None:
    assert is_refused(sign(SigV4Auth, headers=JSON, secret="guess"), Family.JSON)


def test_signature_for_another_region_service_or_day_is_refused() -> None:
    for old, new in (("us-east-1", "eu-west-1"), ("/sqs/", "/sns/"), ("20250101/", "20250102/")):
        request = signed_json()
        request.headers["authorization"] = request.headers["authorization"].replace(old, new)
        assert is_refused(request, Family.JSON)


# Keys.


def test_unknown_key_is_let_in_unverified_while_that_is_allowed() -> None:
    request = sign(SigV4Auth, headers=JSON, key="AKIAUNKNOWN", secret="whatever")
    root = "arn:aws:iam::000000000000:root"
    expected = ("AKIAUNKNOWN", "000000000000", root, "us-east-1", "sqs", False)
    assert expected == told(SIGNATURES.identify(request, Family.JSON))
    with pytest.raises(AwsError) as refused:
        Signatures(Keys(), Clocks(), allows_unknown_keys=False).identify(request, Family.JSON)
    assert refused.value.code == "UnrecognizedClientException"


def test_key_of_twelve_digits_selects_the_account() -> None:
    identity = SIGNATURES.identify(sign(SigV4Auth, headers=JSON, key="123456789012"), Family.JSON)
    assert identity.account_id == "123456789012"
    assert identity.principal_arn == "arn:aws:iam::123456789012:root"
    assert not identity.is_verified


def test_issued_key_names_its_principal() -> None:
    key = Key("secret", "111122223333", "arn:aws:iam::111122223333:user/ann")
    signatures = Signatures(Keys(AKIAANN=key), Clocks())
    request = sign(SigV4Auth, headers=JSON, key="AKIAANN", secret="secret")
    identity = signatures.identify(request, Family.JSON)
    assert identity.is_verified
    assert identity.account_id == "111122223333"
    assert identity.principal_arn == "arn:aws:iam::111122223333:user/ann"


def test_session_token_is_part_of_a_temporary_key() -> None:
    key = Key("secret", "111122223333", "arn", session_token="token")
    signatures = Signatures(Keys(ASIA=key), Clocks())
    request = sign(SigV4Auth, headers=JSON, key="ASIA", secret="secret", token="token")
    assert signatures.identify(request, Family.JSON).session_token == "token"
    for token in (None, "other"):
        request = sign(SigV4Auth, headers=JSON, key="ASIA", secret="secret", token=token)
        with pytest.raises(AwsError) as refused:
            signatures.identify(request, Family.JSON)
        assert refused.value.code == "UnrecognizedClientException"


def test_session_token_of_a_presigned_url_is_read_from_it() -> None:
    key = Key("secret", "111122223333", "arn", session_token="to/k+en=")
    signatures = Signatures(Keys(ASIA=key), Clocks())
    request = sign(
        S3SigV4QueryAuth, "GET", "http://h/b/k", key="ASIA", secret="secret", token="to/k+en=",
        service="s3",
    )  # fmt: skip
    assert signatures.identify(request, Family.S3).is_verified


# Unsigned requests and version 2.


def test_unsigned_request_is_anonymous_where_that_is_allowed() -> None:
    request = Request("GET", "/", "", {"host": "h"})
    assert SIGNATURES.identify(request, Family.S3, allows_anonymous=True).is_anonymous
    with pytest.raises(AwsError) as refused:
        SIGNATURES.identify(request, Family.JSON)
    assert refused.value.code == "MissingAuthenticationTokenException"


def version_2(instant: str = "2025-01-01T00:00:00Z", secret: str = "test") -> Request:
    sent = AWSRequest("POST", "http://h:1/", headers={})
    sent.data = {
        "Action": "ListQueues", "Prefix": "a b/~*ö", "Prefix.Longer": "1",
        "AWSAccessKeyId": "test", "SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
        "Timestamp": instant,
    }  # fmt: skip
    signer = SigV2Auth(Credentials("test", secret))
    _, signature = signer.calc_signature(sent, sent.data)
    sent.data["Signature"] = signature
    body = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in sent.data.items())
    form = {"host": "h:1", "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Request("POST", "/", "", form, body.encode())


def test_version_2_of_the_query_services_is_verified() -> None:
    assert SIGNATURES.identify(version_2(), Family.QUERY).is_verified


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (version_2(secret="guess"), "SignatureDoesNotMatch"),
        (version_2("2024-12-31T23:44:59Z"), "RequestExpired"),
        (version_2("soon"), "InvalidParameterValue"),
    ],
)
def test_bad_version_2_is_refused(request_: Request, code: str) -> None:
    with pytest.raises(AwsError) as refused:
        SIGNATURES.identify(request_, Family.QUERY)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("signing_name", "protocol", "family"),
    [
        ("s3", "rest-xml", Family.S3),
        ("route53", "rest-xml", Family.QUERY),
        ("lambda", "rest-json", Family.REST_JSON),
        ("dynamodb", "json", Family.JSON),
        ("monitoring", "smithy-rpc-v2-cbor", Family.JSON),
        ("sts", "query", Family.QUERY),
        ("ec2", "ec2", Family.EC2),
    ],
)
def test_family_follows_service_and_protocol(
    signing_name: str, protocol: str, family: Family
) -> None:
    assert family_of(signing_name, protocol) is family


def test_now_is_the_instant_of_the_examples() -> None:
    assert NOW == 1_735_689_600_000


def test_the_host_may_be_signed_by_its_name_in_http_2() -> None:
    """JavaScript's SDK signs `:authority` where it speaks HTTP/2."""
    scope = "20250101/us-east-1/kinesis/aws4_request"
    stamp = "20250101T000000Z"
    names = ":authority;x-amz-date"
    digest = hashlib.sha256(b"{}").hexdigest()
    canonical = f"POST\n/\n\n:authority:h:1\nx-amz-date:{stamp}\n\n{names}\n{digest}"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = signing_key("test", "20250101", "us-east-1", "kinesis")
    signature = key.sign(text.encode())
    headers = {
        "host": "h:1",
        "x-amz-date": stamp,
        "authorization": f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, "
        f"Signature={signature}",
    }
    request = Request("POST", "/", "", headers, b"{}")
    assert SIGNATURES.identify(request, Family.JSON).is_verified
