"""Bad signatures are answered in AWS's codes, statuses and words, by family of the protocol."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth

from pileus.gateway.signature_errors import Family
from pileus.gateway.signatures import Signatures
from pileus.kernel.access import Key, KeyClock
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from support.signing import NOW, Clocks, Keys, sign

MINUTE = 60_000
YEAR = 365 * 24 * 60 * MINUTE
JSON = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}


def error_of(
    request: Request,
    family: Family,
    signatures: Signatures | None = None,
    signing_name: str | None = None,
) -> AwsError:
    with pytest.raises(AwsError) as refused:
        (signatures or Signatures(Keys(), Clocks())).identify(request, family, signing_name)
    return refused.value


def answer(error: AwsError) -> tuple[str, int | None, str]:
    return error.code, error.status, error.message


def with_authorization(text: str, **headers: str) -> Request:
    given = {"host": "h", "x-amz-date": "20250101T000000Z", "authorization": text}
    given["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
    return Request("POST", "/", "", given | headers)


def hashed(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


MISSING = {
    Family.JSON: ("MissingAuthenticationTokenException", 400, "Missing Authentication Token"),
    Family.REST_JSON: ("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
    Family.QUERY: (
        "MissingAuthenticationToken",
        403,
        "Request is missing Authentication Token",
    ),
    Family.EC2: (
        "MissingParameter",
        400,
        "The request must contain the parameter AWSAccessKeyId",
    ),
    Family.S3: ("AccessDenied", 403, "Access Denied"),
}


@pytest.mark.parametrize(("family", "expected"), MISSING.items())
def test_unsigned_request(family: Family, expected: Any) -> None:
    assert answer(error_of(Request("POST", "/", "", {"host": "h"}), family)) == expected


UNKNOWN = {
    Family.JSON: (
        "UnrecognizedClientException",
        400,
        "The security token included in the request is invalid.",
    ),
    Family.REST_JSON: (
        "UnrecognizedClientException",
        403,
        "The security token included in the request is invalid.",
    ),
    Family.QUERY: (
        "InvalidClientTokenId",
        403,
        "The security token included in the request is invalid.",
    ),
    Family.EC2: (
        "AuthFailure",
        401,
        "AWS was not able to validate the provided access credentials",
    ),
    Family.S3: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
}


@pytest.mark.parametrize(("family", "expected"), UNKNOWN.items())
def test_unknown_key_where_none_is_let_in(family: Family, expected: Any) -> None:
    strict = Signatures(Keys(), Clocks(), allows_unknown_keys=False)
    signer = S3SigV4Auth if family is Family.S3 else SigV4Auth
    assert answer(error_of(sign(signer, key="AKIANOBODY"), family, strict)) == expected


def test_json_errors_carry_the_code_of_the_query_protocol() -> None:
    error = error_of(sign(SigV4Auth, secret="wrong"), Family.JSON)
    assert (error.code, error.query_code) == ("InvalidSignatureException", "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("family", "code", "status"),
    [
        (Family.JSON, "InvalidSignatureException", 400),
        (Family.REST_JSON, "InvalidSignatureException", 403),
        (Family.QUERY, "SignatureDoesNotMatch", 403),
    ],
)
def test_mismatch_shows_what_should_have_been_signed(
    family: Family, code: str, status: int
) -> None:
    request = sign(SigV4Auth, "POST", "http://h/a?b=c", b"body", secret="wrong")
    payload = hashlib.sha256(b"body").hexdigest()
    canonical = "POST\n/a\nb=c\nhost:h\nx-amz-date:20250101T000000Z\n\nhost;x-amz-date\n" + payload
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert answer(error_of(request, family)) == (
        code,
        status,
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details.\n\nThe Canonical String for this request should have been\n"
        f"'{canonical}'\n\nThe String-to-Sign should have been\n"
        f"'AWS4-HMAC-SHA256\n20250101T000000Z\n20250101/us-east-1/sqs/aws4_request\n{digest}'\n",
    )


def test_mismatch_of_s3_has_its_details_as_members() -> None:
    error = error_of(sign(S3SigV4Auth, "GET", "http://h/b", secret="wrong"), Family.S3)
    assert answer(error) == (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check "
        "your key and signing method.",
    )
    assert error.members["AWSAccessKeyId"] == "test"
    assert error.members["CanonicalRequest"].startswith("GET\n/b\n\nhost:h\n")
    assert error.members["StringToSign"].startswith("AWS4-HMAC-SHA256\n20250101T000000Z\n")
    assert error.members["StringToSignBytes"].startswith("41 57 53 34 2d")
    assert error.members["CanonicalRequestBytes"].startswith("47 45 54 0a")
    assert len(error.members["SignatureProvided"]) == 64


SCOPE = "Credential=test/20250101/us-east-1/sqs/aws4_request"
NOT_HEADER = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with "
MALFORMED = "The authorization header is malformed; "
INCOMPLETE = {
    "nothing": (
        "Bearer",
        "Authorization header requires 'Credential' parameter. Authorization header requires "
        "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
        f"(Hashed with SHA-256 and encoded with Base64) Authorization={hashed('Bearer')}",
    ),
    "no signature": (
        f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host",
        "Authorization header requires 'Signature' parameter. (Hashed with SHA-256 and encoded "
        f"with Base64) Authorization={hashed(f'AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host')}",
    ),
    "no pair": (
        "AWS4-HMAC-SHA256 thing",
        f"{NOT_HEADER}SHA-256 and encoded with Base64): '{hashed('AWS4-HMAC-SHA256 thing')}'.",
    ),
    "short credential": (
        "AWS4-HMAC-SHA256 Credential=test/sqs, SignedHeaders=host, Signature=0",
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term, got 'test/sqs'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_incomplete_header(text: str, message: str) -> None:
    request = with_authorization(text)
    code = "IncompleteSignatureException"
    assert answer(error_of(request, Family.JSON)) == (code, 400, message)
    assert answer(error_of(request, Family.REST_JSON)) == (code, 403, message)
    assert answer(error_of(request, Family.QUERY)) == ("IncompleteSignature", 400, message)


def test_header_without_a_date() -> None:
    request = with_authorization(f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature=0")
    del request.headers["x-amz-date"]
    text = request.headers["authorization"]
    assert answer(error_of(request, Family.QUERY)) == (
        "IncompleteSignature",
        400,
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        f"(Hashed with SHA-256 and encoded with Base64) Authorization={hashed(text)}",
    )
    assert answer(error_of(request, Family.S3)) == (
        "AccessDenied",
        403,
        "AWS authentication requires a valid Date or x-amz-date header",
    )


@pytest.mark.parametrize("date", ["201", "20251301T000000Z", "2025-01-01T00:00:00Z", ""])
def test_unreadable_date(date: str) -> None:
    request = sign(SigV4Auth)
    request.headers["x-amz-date"] = date
    assert answer(error_of(request, Family.JSON)) == (
        "IncompleteSignatureException",
        400,
        f"Date must be in ISO-8601 'basic format'. Got '{date}'. See "
        "http://en.wikipedia.org/wiki/ISO_8601",
    )


def scoped(scope: str) -> Request:
    names = "host;x-amz-content-sha256;x-amz-date"
    return with_authorization(
        f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature=0"
    )


SCOPES = {
    "region": (
        "20250101/US East/sqs/aws4_request",
        "Credential should be scoped to a valid region, not 'US East'. ",
        "the region 'US East' is wrong; expecting 'us-east-1'",
    ),
    "terminator": (
        "20250101/us-east-1/sqs/aws5_request",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
        'incorrect terminal "aws5_request". This endpoint uses "aws4_request".',
    ),
    "service": (
        "20250101/us-east-1/sns/aws4_request",
        "Credential should be scoped to correct service: 'sqs'. ",
        'incorrect service "sns". This endpoint belongs to "s3".',
    ),
    "day": (
        "20250102/us-east-1/sqs/aws4_request",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        "HTTP: '20250102' != '20250101', from '20250101T000000Z'.",
        'Invalid credential date "20250102". This date is not the same as X-Amz-Date: "20250101".',
    ),
}


@pytest.mark.parametrize(("scope", "message", "s3_message"), SCOPES.values(), ids=SCOPES.keys())
def test_wrong_scope(scope: str, message: str, s3_message: str) -> None:
    error = error_of(scoped(scope), Family.JSON, signing_name="sqs")
    assert answer(error) == ("InvalidSignatureException", 400, message)
    error = error_of(scoped(scope.replace("sqs", "s3")), Family.S3, signing_name="s3")
    assert answer(error) == ("AuthorizationHeaderMalformed", 400, MALFORMED + s3_message)


def test_host_must_be_signed() -> None:
    request = with_authorization(f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=x-amz-date, Signature=0")
    assert answer(error_of(request, Family.QUERY)) == (
        "SignatureDoesNotMatch",
        403,
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    )


def test_target_must_be_signed() -> None:
    request = sign(SigV4Auth)
    request.headers["x-amz-target"] = "AmazonSQS.PurgeQueue"
    assert error_of(request, Family.JSON).code == "InvalidSignatureException"


def test_s3_headers_must_be_signed() -> None:
    request = sign(S3SigV4Auth, service="s3")
    request.headers["x-amz-acl"] = "public-read"
    error = error_of(request, Family.S3)
    assert answer(error) == (
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
    )
    assert error.members == {"HeadersNotSigned": "x-amz-acl"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "AWS4-HMAC-SHA256 Credential=a",
            "the authorization header requires three components: Credential, SignedHeaders, and "
            "Signature.",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
            "the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/1/r/s3/aws4_request, SignedHeaders=host, Signature=0",
            'incorrect date format "1". This date in the credential must be in the format '
            '"yyyyMMdd".',
        ),
    ],
)
def test_malformed_s3_header(text: str, message: str) -> None:
    error = error_of(with_authorization(text), Family.S3)
    assert answer(error) == ("AuthorizationHeaderMalformed", 400, MALFORMED + message)


def test_unsupported_s3_authorization() -> None:
    error = error_of(with_authorization("Bearer token"), Family.S3)
    assert answer(error) == ("InvalidArgument", 400, "Unsupported Authorization Type")


def test_s3_content_hash_is_needed_well_formed_and_right() -> None:
    request = sign(S3SigV4Auth, "PUT", body=b"abc", service="s3")
    given = request.headers["x-amz-content-sha256"]
    request.body = b"abd"
    error = error_of(request, Family.S3)
    assert answer(error) == (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
    assert error.members == {
        "ClientComputedContentSHA256": given,
        "S3ComputedContentSHA256": hashlib.sha256(b"abd").hexdigest(),
    }
    request.headers["x-amz-content-sha256"] = "abc"
    assert error_of(request, Family.S3).code == "InvalidArgument"
    del request.headers["x-amz-content-sha256"]
    assert answer(error_of(request, Family.S3)) == (
        "InvalidRequest",
        400,
        "Missing required header for this request: x-amz-content-sha256",
    )


# Time.


def signatures_at(real: int = NOW, virtual: int = NOW, clock: KeyClock = "real") -> Signatures:
    key = Key("secret", "111122223333", "arn", clock=clock)
    return Signatures(Keys(AKIA=key), Clocks(real, virtual))


@pytest.mark.parametrize(
    ("family", "minutes"),
    [(Family.JSON, 5), (Family.REST_JSON, 5), (Family.QUERY, 15), (Family.EC2, 15)],
)
def test_signature_is_fresh_for_some_minutes(family: Family, minutes: int) -> None:
    request = sign(SigV4Auth, key="AKIA", secret="secret")
    for offset in (-minutes * MINUTE, minutes * MINUTE):
        assert signatures_at(NOW + offset).identify(request, family).is_verified
    old = error_of(request, family, signatures_at(NOW + minutes * MINUTE + 1000))
    later, earlier = f"{minutes:02}", f"{60 - minutes - 1:02}"
    assert old.message == (
        f"Signature expired: 20250101T000000Z is now earlier than 20250101T000001Z "
        f"(20250101T00{later}01Z - {minutes} min.)"
    )
    new = error_of(request, family, signatures_at(NOW - minutes * MINUTE - 1000))
    assert new.message == (
        f"Signature not yet current: 20250101T000000Z is still later than 20241231T235959Z "
        f"(20241231T23{earlier}59Z + {minutes} min.)"
    )
    code = "InvalidSignatureException" if minutes == 5 else "SignatureDoesNotMatch"
    assert (old.code, new.code) == (code, code)


def test_s3_request_is_fresh_for_fifteen_minutes() -> None:
    request = sign(S3SigV4Auth, key="AKIA", secret="secret", service="s3")
    for offset in (-15 * MINUTE, 15 * MINUTE):
        assert signatures_at(NOW + offset).identify(request, Family.S3).is_verified
    error = error_of(request, Family.S3, signatures_at(NOW + 15 * MINUTE + 1000))
    assert answer(error) == (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    )
    assert error.members == {
        "RequestTime": "20250101T000000Z",
        "ServerTime": "2025-01-01T00:15:01Z",
        "MaxAllowedSkewMilliseconds": "900000",
    }


@pytest.mark.parametrize(
    ("key", "clock", "fits_real", "fits_virtual"),
    [
        ("AKIA", "real", True, False),
        ("AKIA", "virtual", False, True),
        ("test", "real", True, True),
        ("AKIANOBODY", "real", True, True),
    ],
)
def test_freshness_is_judged_by_the_clock_of_the_key(
    key: str, clock: KeyClock, fits_real: bool, fits_virtual: bool
) -> None:
    secret = "secret" if key == "AKIA" else "test"
    signatures = signatures_at(real=NOW, virtual=NOW + YEAR, clock=clock)
    for instant, fits in ((NOW, fits_real), (NOW + YEAR, fits_virtual), (NOW + YEAR // 2, False)):
        request = sign(SigV4Auth, headers=JSON, key=key, secret=secret, instant=instant)
        if fits:
            assert signatures.identify(request, Family.JSON).access_key_id == key
        else:
            assert error_of(request, Family.JSON, signatures).code == "InvalidSignatureException"


EXPIRED = {
    Family.JSON: ("ExpiredTokenException", 400),
    Family.REST_JSON: ("ExpiredTokenException", 403),
    Family.QUERY: ("ExpiredToken", 403),
    Family.EC2: ("RequestExpired", 400),
    Family.S3: ("ExpiredToken", 400),
}


@pytest.mark.parametrize(("family", "expected"), EXPIRED.items())
def test_expired_temporary_key(family: Family, expected: tuple[str, int]) -> None:
    key = Key("secret", "1", "arn", session_token="token", clock="virtual", expires_at=NOW)
    signer = S3SigV4Auth if family is Family.S3 else SigV4Auth
    request = sign(signer, key="ASIA", secret="secret", token="token", instant=NOW)
    before = Signatures(Keys(ASIA=key), Clocks(real=NOW + YEAR, virtual=NOW - 1))
    assert before.identify(request, family).is_verified
    after = Signatures(Keys(ASIA=key), Clocks(real=NOW - YEAR, virtual=NOW))
    error = error_of(request, family, after)
    assert (error.code, error.status) == expected


def test_wrong_session_token_of_s3() -> None:
    key = Key("secret", "1", "arn", session_token="token")
    request = sign(S3SigV4Auth, key="ASIA", secret="secret", token="other")
    error = error_of(request, Family.S3, Signatures(Keys(ASIA=key), Clocks()))
    assert answer(error) == (
        "InvalidToken",
        400,
        "The provided token is malformed or otherwise invalid.",
    )


# Presigned URLs.


def presigned(expires: int = 60, **options: Any) -> Request:
    return sign(
        S3SigV4QueryAuth, "GET", "http://h/b/k", service="s3", options={"expires": expires},
        **options,
    )  # fmt: skip


def test_presigned_url_expires() -> None:
    request = presigned(60)
    for offset in (-15 * MINUTE, MINUTE):
        assert Signatures(Keys(), Clocks(NOW + offset, NOW + offset)).identify(request, Family.S3)
    late = NOW + MINUTE + 1000
    error = error_of(request, Family.S3, Signatures(Keys(), Clocks(late, late)))
    assert answer(error) == ("AccessDenied", 403, "Request has expired")
    assert error.members == {
        "X-Amz-Expires": "60",
        "Expires": "2025-01-01T00:01:00Z",
        "ServerTime": "2025-01-01T00:01:01Z",
    }
    early = NOW - 16 * MINUTE
    error = error_of(request, Family.S3, Signatures(Keys(), Clocks(early, early)))
    assert answer(error) == ("AccessDenied", 403, "Request is not valid yet")


@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_presigned_url_expires_by_the_clock_of_its_key(clock: KeyClock) -> None:
    request = presigned(60, key="AKIA", secret="secret")
    far = NOW + YEAR
    right, wrong = (NOW, far) if clock == "real" else (far, NOW)
    assert signatures_at(right, wrong, clock).identify(request, Family.S3).is_verified
    error = error_of(request, Family.S3, signatures_at(wrong, right, clock))
    assert error.message == "Request has expired"


def test_presigned_url_of_other_services_expires() -> None:
    request = sign(SigV4QueryAuth, "GET", "http://h/", service="sts", options={"expires": 60})
    late = NOW + 2 * MINUTE
    error = error_of(request, Family.QUERY, Signatures(Keys(), Clocks(late, late)))
    assert answer(error) == (
        "SignatureDoesNotMatch",
        403,
        "Signature expired: 20250101T000000Z is now earlier than 20250101T000100Z "
        "(20250101T000200Z - 1 min.)",
    )


WEEK = (
    "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must "
    "be less than 604800 seconds"
)
REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
    "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
QUERY_PROBLEMS = [
    ("X-Amz-Expires=60", "X-Amz-Expires=604801", WEEK),
    ("X-Amz-Expires=60", "X-Amz-Expires=-1", "X-Amz-Expires must be non-negative"),
    ("X-Amz-Expires=60", "X-Amz-Expires=soon", "X-Amz-Expires should be a number"),
    ("X-Amz-Expires=60", "X=1", REQUIRED),
    ("X-Amz-Date=", "X-Date=", REQUIRED),
    (
        "AWS4-HMAC-SHA256",
        "AWS5",
        'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
    ),
    (
        "X-Amz-Date=20250101T000000Z",
        "X-Amz-Date=2025",
        "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    ),
    (
        "%2Faws4_request",
        "",
        "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
        '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ),
    (
        "%2Faws4_request",
        "%2Faws5_request",
        'Error parsing the X-Amz-Credential parameter; incorrect terminal "aws5_request". This '
        'endpoint uses "aws4_request".',
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), QUERY_PROBLEMS)
def test_malformed_presigned_url(old: str, new: str, message: str) -> None:
    request = presigned(60)
    assert old in request.query
    request.query = request.query.replace(old, new)
    error = error_of(request, Family.S3)
    assert answer(error) == ("AuthorizationQueryParametersError", 400, message)


def test_incomplete_presigned_url_of_other_services() -> None:
    request = Request("GET", "/", "X-Amz-Algorithm=AWS4-HMAC-SHA256", {"host": "h"})
    assert answer(error_of(request, Family.QUERY)) == (
        "IncompleteSignature",
        400,
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters "
        "must include 'X-Amz-Signature'. AWS query-string parameters must include "
        "'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. "
        "Re-examine the query-string parameters.",
    )


def test_only_one_mechanism_may_be_used() -> None:
    request = presigned()
    request.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=a"
    assert error_of(request, Family.S3).code == "InvalidArgument"
    assert error_of(request, Family.JSON).message == (
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    )
