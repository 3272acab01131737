"""AWS's answers to bad signatures, which differ by the family of the protocol.

Wordings: the S3 API error list, the common errors of the query services, and answers of AWS's
front end recorded in public bug reports.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from enum import Enum
from typing import Any

from pileus.kernel.errors import AwsError


class Family(Enum):
    """Services that word these errors alike."""

    JSON = "json"  # JSON 1.0 and 1.1, and CBOR
    REST_JSON = "rest-json"
    QUERY = "query"  # and REST-XML other than S3
    EC2 = "ec2"
    S3 = "s3"


def family_of(signing_name: str, protocol: str) -> Family:
    """`protocol` is botocore's name of the protocol that the request is written in."""
    if signing_name in ("s3", "s3express", "s3-object-lambda", "s3-outposts"):
        return Family.S3
    if protocol == "rest-json":
        return Family.REST_JSON
    if protocol == "ec2":
        return Family.EC2
    return Family.QUERY if protocol in ("query", "rest-xml") else Family.JSON


MISMATCH = "The request signature we calculated does not match the signature you provided. "


def coral(family: Family, code: str, query_code: str, message: str, **members: Any) -> AwsError:
    """An answer of AWS's common front end: JSON services name errors as exceptions."""
    if family is Family.JSON:
        return AwsError(code, message, status=400, query_code=query_code, **members)
    if family is Family.REST_JSON:
        return AwsError(code, message, status=403, **members)
    return AwsError(query_code, message, status=403, **members)


def s3(code: str, message: str, /, status: int = 403, **members: Any) -> AwsError:
    return AwsError(code, message, status=status, **members)


def missing_token(family: Family) -> AwsError:
    if family is Family.S3:
        return s3("AccessDenied", "Access Denied")
    if family is Family.EC2:
        message = "The request must contain the parameter AWSAccessKeyId"
        return AwsError("MissingParameter", message, status=400)
    if family is Family.QUERY:
        message = "Request is missing Authentication Token"
        return AwsError("MissingAuthenticationToken", message, status=403)
    return coral(
        family,
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "Missing Authentication Token",
    )


def incomplete(family: Family, message: str) -> AwsError:
    if family in (Family.QUERY, Family.EC2):
        return AwsError("IncompleteSignature", message, status=400)
    return coral(family, "IncompleteSignatureException", "IncompleteSignature", message)


def hashed(authorization: str) -> str:
    """AWS does not print what a client sent as its secret."""
    return b64encode(hashlib.sha256(authorization.encode("latin-1", "replace")).digest()).decode()


def invalid(family: Family, message: str, **members: Any) -> AwsError:
    """The form is right but the signature cannot be accepted."""
    return coral(family, "InvalidSignatureException", "SignatureDoesNotMatch", message, **members)


def mismatch(
    family: Family, access_key_id: str, canonical: str, string_to_sign: str, signature: str
) -> AwsError:
    if family is Family.S3:
        return s3(
            "SignatureDoesNotMatch",
            MISMATCH + "Check your key and signing method.",
            AWSAccessKeyId=access_key_id,
            StringToSign=string_to_sign,
            SignatureProvided=signature,
            StringToSignBytes=string_to_sign.encode("latin-1", "replace").hex(" "),
            CanonicalRequest=canonical,
            CanonicalRequestBytes=canonical.encode("latin-1", "replace").hex(" "),
        )
    return invalid(
        family,
        MISMATCH + "Check your AWS Secret Access Key and signing method. Consult the service "
        "documentation for details.\n\nThe Canonical String for this request should have been\n"
        f"'{canonical}'\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n",
    )


def version_2_mismatch(family: Family) -> AwsError:
    return invalid(
        family,
        MISMATCH + "Check your AWS Secret Access Key and signing method. Consult the service "
        "documentation for details.",
    )


def unknown_key(family: Family, access_key_id: str) -> AwsError:
    if family is Family.S3:
        message = "The AWS Access Key Id you provided does not exist in our records."
        return s3("InvalidAccessKeyId", message, AWSAccessKeyId=access_key_id)
    if family is Family.EC2:
        message = "AWS was not able to validate the provided access credentials"
        return AwsError("AuthFailure", message, status=401)
    return coral(
        family,
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )


def wrong_token(family: Family, access_key_id: str, token: str) -> AwsError:
    """The session token does not belong to the key, or is missing."""
    if family is Family.S3 and token:
        message = "The provided token is malformed or otherwise invalid."
        return s3("InvalidToken", message, status=400, **{"Token-0": token})
    return unknown_key(family, access_key_id)


def expired_token(family: Family, token: str) -> AwsError:
    if family is Family.S3:
        message = "The provided token has expired."
        return s3("ExpiredToken", message, status=400, **{"Token-0": token})
    if family is Family.EC2:
        return AwsError("RequestExpired", "Request has expired.", status=400)
    message = "The security token included in the request is expired"
    return coral(family, "ExpiredTokenException", "ExpiredToken", message)


def too_old(family: Family, stamp: str, now: str, oldest: str, minutes: int) -> AwsError:
    text = f"Signature expired: {stamp} is now earlier than {oldest} ({now} - {minutes} min.)"
    return invalid(family, text)


def too_new(family: Family, stamp: str, now: str, newest: str, minutes: int) -> AwsError:
    text = (
        f"Signature not yet current: {stamp} is still later than {newest} ({now} + {minutes} min.)"
    )
    return invalid(family, text)


def skewed(stamp: str, now: str, skew_ms: int) -> AwsError:
    return s3(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        RequestTime=stamp,
        ServerTime=now,
        MaxAllowedSkewMilliseconds=str(skew_ms),
    )


def request_expired(expires_seconds: int, expired_at: str, now: str) -> AwsError:
    members: dict[str, Any] = {"X-Amz-Expires": str(expires_seconds)}
    return s3("AccessDenied", "Request has expired", Expires=expired_at, ServerTime=now, **members)


def request_not_yet_valid(starts_at: str, now: str) -> AwsError:
    members: dict[str, Any] = {"X-Amz-Date": starts_at}
    return s3("AccessDenied", "Request is not valid yet", ServerTime=now, **members)


def s3_header_malformed(detail: str, **members: str) -> AwsError:
    message = f"The authorization header is malformed; {detail}"
    return s3("AuthorizationHeaderMalformed", message, status=400, **members)


def s3_query_malformed(message: str, **members: str) -> AwsError:
    return s3("AuthorizationQueryParametersError", message, status=400, **members)


def s3_date_missing() -> AwsError:
    return s3("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")


def s3_two_mechanisms() -> AwsError:
    return s3(
        "InvalidArgument",
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
        "query string parameter or the Authorization header should be specified",
        status=400,
        ArgumentName="Authorization",
    )


def s3_unsupported_type(authorization: str) -> AwsError:
    return s3(
        "InvalidArgument",
        "Unsupported Authorization Type",
        status=400,
        ArgumentName="Authorization",
        ArgumentValue=authorization,
    )


def s3_version_2_malformed(authorization: str) -> AwsError:
    return s3(
        "InvalidArgument",
        "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
        status=400,
        ArgumentName="Authorization",
        ArgumentValue=authorization,
    )


def s3_version_2_mismatch(access_key_id: str, string_to_sign: str, signature: str) -> AwsError:
    return s3(
        "SignatureDoesNotMatch",
        MISMATCH + "Check your key and signing method.",
        AWSAccessKeyId=access_key_id,
        StringToSign=string_to_sign,
        SignatureProvided=signature,
        StringToSignBytes=string_to_sign.encode("latin-1", "replace").hex(" "),
    )


def s3_query_incomplete() -> AwsError:
    return s3(
        "AccessDenied",
        "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
    )


def s3_expires_malformed(expires: str) -> AwsError:
    return s3("AccessDenied", f"Invalid date (should be seconds since epoch): {expires}")


def s3_expired(expired_at: str, now: str) -> AwsError:
    return s3("AccessDenied", "Request has expired", Expires=expired_at, ServerTime=now)


def s3_headers_not_signed(names: list[str]) -> AwsError:
    message = "There were headers present in the request which were not signed"
    return s3("AccessDenied", message, HeadersNotSigned=", ".join(names))


def s3_content_hash_missing() -> AwsError:
    message = "Missing required header for this request: x-amz-content-sha256"
    return s3("InvalidRequest", message, status=400)


def s3_content_hash_malformed(value: str) -> AwsError:
    return s3(
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, "
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
        status=400,
        ArgumentName="x-amz-content-sha256",
        ArgumentValue=value,
    )


def s3_content_hash_differs(given: str, computed: str) -> AwsError:
    return s3(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        status=400,
        ClientComputedContentSHA256=given,
        S3ComputedContentSHA256=computed,
    )
