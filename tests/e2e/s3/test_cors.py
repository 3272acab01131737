"""Pages in browsers: a bucket's rules for other origins, preflights and what answers tell."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from support.refusals import Refusal, refusal
from support.running import Running

PAGE = "https://app.example.com"
STRANGER = "https://evil.example.org"
LOCAL = "http://localhost:3000"
RULE: dict[str, Any] = {
    "AllowedMethods": ["GET", "PUT"],
    "AllowedOrigins": ["https://*.example.com"],
    "AllowedHeaders": ["Content-*", "x-amz-date"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 600,
}
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
TOLD = {
    "access-control-allow-origin": PAGE,
    "access-control-allow-methods": "GET, PUT",
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "ETag",
    "access-control-max-age": "600",
    "vary": VARY,
}


def ask(
    pileus: Running, method: str, target: str, body: bytes = b"", **headers: str
) -> tuple[int, str, dict[str, str]]:
    """The status, the body, and the headers that browsers heed."""
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    connection.request(method, target, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    told = {
        name.lower(): value
        for name, value in answer.getheaders()
        if name.lower().startswith("access-control") or name.lower() == "vary"
    }
    text = answer.read().decode()
    connection.close()
    return answer.status, text, told


def preflight(
    pileus: Running, target: str, origin: str, method: str, **headers: str
) -> tuple[int, str, dict[str, str]]:
    return ask(
        pileus, "OPTIONS", target, origin=origin, access_control_request_method=method, **headers
    )


@pytest.fixture
def shared(s3: Any, bucket: str) -> str:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [RULE]})
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    return bucket


def test_a_bucket_keeps_its_rules(s3: Any, bucket: str) -> None:
    absent = Refusal("NoSuchCORSConfiguration", "The CORS configuration does not exist", 404)
    assert absent == refusal(s3.get_bucket_cors, Bucket=bucket)
    rules = [{"ID": "one", **RULE}, {"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*"]}]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert rules == s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    s3.delete_bucket_cors(Bucket=bucket)
    s3.delete_bucket_cors(Bucket=bucket)
    assert absent == refusal(s3.get_bucket_cors, Bucket=bucket)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            {"AllowedMethods": ["MYMETHOD"]},
            "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD",
        ),
        (
            {"AllowedOrigins": ["http://*.a.*"]},
            'AllowedOrigin "http://*.a.*" can not have more than one wildcard.',
        ),
        (
            {"AllowedHeaders": ["x-*-*"]},
            'AllowedHeader "x-*-*" can not have more than one wildcard.',
        ),
        (
            {"ExposeHeaders": ["*"]},
            'ExposeHeader "*" contains wildcard. We currently do not support wildcard for '
            "ExposeHeader.",
        ),
    ],
)
def test_wrong_rules_are_refused(s3: Any, bucket: str, rule: dict[str, Any], expected: str) -> None:
    configuration = {"CORSRules": [{**RULE, **rule}]}
    refused = refusal(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=configuration)
    assert Refusal("InvalidRequest", expected, 400) == refused


def test_malformed_and_too_many_rules_are_refused(s3: Any, bucket: str) -> None:
    for rules in ([], [{**RULE, "AllowedMethods": []}], [{**RULE, "ID": "x" * 256}]):
        refused = refusal(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": rules})
        assert "MalformedXML" == refused.code
    refused = refusal(
        s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": [RULE] * 101}
    )
    assert "InvalidRequest" == refused.code


def test_a_preflight_is_answered_by_the_rule_that_fits(pileus: Running, shared: str) -> None:
    found = preflight(pileus, f"/{shared}/k", PAGE, "PUT")
    assert (200, "", TOLD) == found
    found = preflight(
        pileus, f"/{shared}/k", PAGE, "PUT",
        access_control_request_headers="X-Amz-Date, content-type",
    )  # fmt: skip
    expected = {**TOLD, "access-control-allow-headers": "x-amz-date, content-type"}
    assert (200, "", expected) == found
    host = f"{shared}.s3.localhost.localstack.cloud:4566"
    assert (200, "", TOLD) == preflight(pileus, "/k", PAGE, "GET", host=host)
    assert (200, "", TOLD) == preflight(pileus, f"/{shared}?list-type=2", PAGE, "GET")


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        (STRANGER, "PUT", {}),
        (LOCAL, "PUT", {}),
        (PAGE, "DELETE", {}),
        (PAGE, "PATCH", {}),
        (PAGE, "PUT", {"access_control_request_headers": "content-type,x-secret"}),
    ],
)
def test_a_preflight_that_no_rule_fits_is_refused(
    pileus: Running, shared: str, origin: str, method: str, headers: dict[str, str]
) -> None:
    status, body, told = preflight(pileus, f"/{shared}/k", origin, method, **headers)
    assert (403, {}) == (status, told)
    assert "<Code>AccessForbidden</Code><Message>CORSResponse: This CORS request is not" in body
    assert f"<Method>{method}</Method><ResourceType>OBJECT</ResourceType>" in body


def test_a_preflight_must_be_whole(pileus: Running, shared: str) -> None:
    status, body, _ = ask(pileus, "OPTIONS", f"/{shared}/k")
    expected = "Insufficient information. Origin request header needed."
    assert (400, True) == (status, expected in body)
    status, body, _ = ask(pileus, "OPTIONS", f"/{shared}/k", origin=PAGE)
    assert (400, True) == (status, "Invalid Access-Control-Request-Method: null" in body)


def test_answers_tell_browsers_who_may_read_them(pileus: Running, shared: str) -> None:
    assert (200, "content", TOLD) == ask(pileus, "GET", f"/{shared}/k", origin=PAGE)
    # Errors too, so that a page learns of them.
    status, _, told = ask(pileus, "GET", f"/{shared}/absent", origin=PAGE)
    assert (404, TOLD) == (status, told)
    large = b"x" * 200_000
    status, _, told = ask(pileus, "PUT", f"/{shared}/k", large, origin=PAGE)
    assert (200, TOLD) == (status, told)
    # A page of the machine itself may ask, but not read what the rules keep from it.
    assert (200, {}) == ask(pileus, "GET", f"/{shared}/k", origin=LOCAL)[::2]
    # Nor without an origin.
    assert {} == ask(pileus, "GET", f"/{shared}/k")[2]


def test_strangers_pages_are_turned_away(pileus: Running, s3: Any, shared: str) -> None:
    assert 403 == ask(pileus, "GET", f"/{shared}/k", origin=STRANGER)[0]
    assert 403 == ask(pileus, "DELETE", f"/{shared}/k", origin=PAGE)[0]
    assert 403 == ask(pileus, "GET", "/", origin=PAGE)[0]
    assert 7 == s3.head_object(Bucket=shared, Key="k")["ContentLength"]


def test_a_rule_lets_pages_reach_only_what_is_in_its_bucket(
    pileus: Running, s3: Any, shared: str
) -> None:
    assert 200 == ask(pileus, "PUT", f"/{shared}/new", b"x", origin=PAGE)[0]
    copy = {"x_amz_copy_source": f"/{shared}/k"}
    assert 403 == ask(pileus, "PUT", f"/{shared}/copy", origin=PAGE, **copy)[0]
    assert 403 == ask(pileus, "PUT", f"/{shared}?versioning", origin=PAGE)[0]
    listed = s3.list_objects_v2(Bucket=shared)["Contents"]
    assert ["k", "new"] == [each["Key"] for each in listed]
    # Pages of the machine itself may do that as before.
    local = {**RULE, "AllowedOrigins": [LOCAL]}
    s3.put_bucket_cors(Bucket=shared, CORSConfiguration={"CORSRules": [local]})
    assert 200 == ask(pileus, "PUT", f"/{shared}/copy", origin=LOCAL, **copy)[0]


def test_a_rule_for_every_origin_says_so(pileus: Running, s3: Any, bucket: str) -> None:
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    expected = {
        "access-control-allow-origin": "*", "access-control-allow-methods": "GET", "vary": VARY
    }  # fmt: skip
    assert (200, "", expected) == preflight(pileus, f"/{bucket}/k", STRANGER, "GET")
    assert expected == ask(pileus, "GET", f"/{bucket}?list-type=2", origin=STRANGER)[2]


def test_a_bucket_without_rules_serves_pages_of_this_machine_only(
    pileus: Running, bucket: str
) -> None:
    status, body, told = preflight(pileus, f"/{bucket}/k", PAGE, "GET")
    assert (403, {}) == (status, told)
    assert "CORSResponse: CORS is not enabled for this bucket." in body
    status, _, told = preflight(pileus, f"/{bucket}/k", LOCAL, "GET")
    assert (204, LOCAL) == (status, told["access-control-allow-origin"])
    host = "no-such-bucket-here.s3.localhost.localstack.cloud:4566"
    status, body, _ = preflight(pileus, "/k", PAGE, "GET", host=host)
    assert (403, True) == (status, "CORSResponse: Bucket not found" in body)
    # What is no bucket is no concern of S3.
    assert 403 == preflight(pileus, "/no-such-bucket-here/k", PAGE, "GET")[0]
    assert 204 == preflight(pileus, "/2015-03-31/functions", LOCAL, "POST")[0]
