"""What a request says of its signature, read and checked for form but not yet believed."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote

from pileus.gateway import signature_errors as errors
from pileus.gateway.credential_scopes import ALGORITHMS, Scope, read_authorization
from pileus.gateway.signature_dates import instant_of, stamp_of_header
from pileus.gateway.signature_errors import Family
from pileus.kernel.request import Request

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMED_PAYLOADS = frozenset(
    {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        # Event streams that a client sends: each event is signed by itself.
        "STREAMING-AWS4-HMAC-SHA256-EVENTS",
    }
)
PAYLOAD_HASH = re.compile(r"[0-9a-f]{64}")
# Docs: "Authenticating Requests: Using Query Parameters", X-Amz-Expires.
EXPIRES_SECONDS_MAX = 604_800
NUMBER = re.compile(r"-?[0-9]{1,18}")
REQUIRED_IN_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
)


class Claim:
    """A signature with all that it was made from except the secret."""

    __slots__ = (
        "expires_seconds", "instant", "is_query", "payload", "scope", "signature", "stamp", "token",
    )  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        signature: str,
        stamp: str,
        instant: int,
        token: str,
        payload: str,
        is_query: bool = False,
        expires_seconds: int | None = None,
    ) -> None:
        self.scope = scope
        self.signature = signature
        self.stamp = stamp
        self.instant = instant
        self.token = token
        self.payload = payload
        self.is_query = is_query
        # Of a presigned URL; None where the request must be fresh.
        self.expires_seconds = expires_seconds


def is_presigned(query: str) -> bool:
    return "X-Amz-" in query and ("X-Amz-Signature=" in query or "X-Amz-Algorithm=" in query)


def claim_of_header(request: Request, family: Family, authorization: str) -> Claim:
    headers = request.headers
    stamp = headers.get("x-amz-date")
    if stamp is None:
        date = headers.get("date")
        stamp = None if date is None else (stamp_of_header(date) or date)
    scope, signature = read_authorization(family, authorization, stamp is not None)
    if stamp is None or (instant := instant_of(stamp)) is None:
        raise errors.s3_date_missing() if family is Family.S3 else unreadable_date(family, stamp)
    if family is Family.S3:
        check_all_signed(headers, scope)
        if "x-amz-content-sha256" not in headers:
            raise errors.s3_content_hash_missing()
    elif "x-amz-target" in headers and "x-amz-target" not in scope.names:
        # Docs: "you must include any x-amz-* headers"; this one chooses the operation.
        raise errors.invalid(
            family, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."
        )
    token = headers.get("x-amz-security-token", "")
    return Claim(scope, signature, stamp, instant, token, payload_of(request, family))


def claim_of_query(request: Request, family: Family) -> Claim:
    is_s3 = family is Family.S3
    values = signature_parameters(request.query)
    check_complete(family, values)
    if values["X-Amz-Algorithm"] not in ALGORITHMS:
        raise unsupported_algorithm(family, values["X-Amz-Algorithm"])
    stamp = values["X-Amz-Date"]
    instant = instant_of(stamp)
    if instant is None:
        if is_s3:
            raise errors.s3_query_malformed(
                "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
            )
        raise unreadable_date(family, stamp)
    expires_seconds = None
    if "X-Amz-Expires" in values:
        expires_seconds = read_expires(family, values["X-Amz-Expires"])
    scope = Scope(
        family,
        values["X-Amz-Algorithm"],
        values["X-Amz-Credential"],
        values["X-Amz-SignedHeaders"],
        is_query=True,
    )
    if is_s3:
        check_all_signed(request.headers, scope)
    token = values.get("X-Amz-Security-Token")
    if token is None:
        token = request.headers.get("x-amz-security-token", "")
    given = values.get("X-Amz-Content-Sha256")
    if given is not None or (is_s3 and "x-amz-content-sha256" not in request.headers):
        payload = given or UNSIGNED_PAYLOAD
        check_payload(request, family, payload)
    else:
        payload = payload_of(request, family)
    return Claim(
        scope,
        values["X-Amz-Signature"],
        stamp,
        instant,
        token,
        payload,
        is_query=True,
        expires_seconds=expires_seconds,
    )


def signature_parameters(query: str) -> dict[str, str]:
    """The decoded X-Amz parameters; of a repeated one the first counts."""
    values: dict[str, str] = {}
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name.startswith("X-Amz-"):
            values.setdefault(name, unquote(value, "latin-1"))
    return values


def check_complete(family: Family, values: dict[str, str]) -> None:
    absent = [name for name in REQUIRED_IN_QUERY if not values.get(name)]
    if family is Family.S3:
        if absent or "X-Amz-Expires" not in values:
            raise errors.s3_query_malformed(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                "X-Amz-Expires parameters."
            )
    elif absent:
        sentences = [f"AWS query-string parameters must include '{name}'. " for name in absent]
        raise errors.incomplete(
            family, f"{''.join(sentences)}Re-examine the query-string parameters."
        )


def unsupported_algorithm(family: Family, algorithm: str) -> Exception:
    if family is Family.S3:
        return errors.s3_query_malformed(
            'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
        )
    return errors.incomplete(
        family,
        f"Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now). ",
    )


def read_expires(family: Family, text: str) -> int:
    problem = ""
    seconds = 0
    if NUMBER.fullmatch(text) is None:
        problem = "X-Amz-Expires should be a number"
    else:
        seconds = int(text)
        if seconds < 0:
            problem = "X-Amz-Expires must be non-negative"
        elif seconds > EXPIRES_SECONDS_MAX:
            problem = (
                "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                f"X-Amz-Expires must be less than {EXPIRES_SECONDS_MAX} seconds"
            )
    if not problem:
        return seconds
    if family is Family.S3:
        raise errors.s3_query_malformed(problem)
    raise errors.incomplete(family, problem)


def unreadable_date(family: Family, stamp: str | None) -> Exception:
    return errors.incomplete(
        family,
        f"Date must be in ISO-8601 'basic format'. Got '{stamp}'. See "
        "http://en.wikipedia.org/wiki/ISO_8601",
    )


def check_all_signed(headers: dict[str, str], scope: Scope) -> None:
    """S3 wants every header of its own signed, and the host."""
    names = scope.names
    unsigned = [name for name in headers if name.startswith("x-amz-") and name not in names]
    if not scope.names_host:
        unsigned.append("host")
    if unsigned:
        raise errors.s3_headers_not_signed(unsigned)


def payload_of(request: Request, family: Family) -> str:
    """What stands for the body in the canonical request."""
    given = request.headers.get("x-amz-content-sha256")
    if given is not None:
        if family is Family.S3:
            check_payload(request, family, given)
            return given
        if given == UNSIGNED_PAYLOAD or given in STREAMED_PAYLOADS or request.stream is not None:
            return given
    return hashlib.sha256(request.body).hexdigest()


def check_payload(request: Request, family: Family, given: str) -> None:
    if given == UNSIGNED_PAYLOAD or given in STREAMED_PAYLOADS:
        return
    if PAYLOAD_HASH.fullmatch(given) is None:
        raise errors.s3_content_hash_malformed(given)
    if request.stream is None:
        computed = hashlib.sha256(request.body).hexdigest()
        if computed != given:
            raise errors.s3_content_hash_differs(given, computed)
