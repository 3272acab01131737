"""Signature version 2 of S3: in the Authorization header, and in the URLs that SDKs presign.

boto3, the AWS CLI and version 2 of JavaScript's SDK still presign so by default in the regions that
AWS opened before 2014, us-east-1 among them; there AWS takes it, and here every bucket does.
docs: AmazonS3/latest/API/RESTAuthentication
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass

from pileus.gateway import host_names
from pileus.gateway import signature_errors as errors
from pileus.gateway.host_names import Kind
from pileus.gateway.presigned_headers import carried_headers, decoded_pairs
from pileus.gateway.signature_dates import check_fresh, instant_of, long_form, stamp_of_header
from pileus.gateway.signature_errors import Family
from pileus.kernel.request import Request

PREFIX = "AWS "
PARAMETERS = ("AWSAccessKeyId", "Signature", "Expires")
# The parts of a query that are signed: those that choose another thing than the object itself,
# and those that change the answer's headers. Docs, and what botocore signs.
SIGNED_PARAMETERS = frozenset(
    {
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory",
        "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "partNumber",
        "policy", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "select", "select-type",
        "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
        "versions", "website",
    }
)  # fmt: skip
SECONDS_MAX = 253_402_300_799  # the end of the year 9999


@dataclass(slots=True)
class Claim:
    """A signature, and what stands for the date in the string that it signs."""

    access_key_id: str
    signature: str
    date: str
    token: str
    # The request's headers, and those that a presigned URL carries.
    headers: dict[str, str]
    # When a presigned URL ends; None where the request must be fresh.
    expires_at: int | None = None

    def check_date(self, nows: tuple[int, ...]) -> None:
        if self.expires_at is None:
            stamp = self.headers.get("x-amz-date") or self.headers.get("date", "")
            instant = instant_of(stamp_of_header(stamp) or "")
            if instant is None:
                raise errors.s3_date_missing()
            check_fresh(Family.S3, stamp, instant, nows)
        elif min(nows) > self.expires_at:
            raise errors.s3_expired(long_form(self.expires_at), long_form(nows[0]))


def access_key_of(authorization: str, query: str) -> str:
    """The key that a request says it was signed with by this version; "" where it says none."""
    if authorization.startswith(PREFIX):
        return authorization[len(PREFIX) :].strip().rpartition(":")[0]
    if "AWSAccessKeyId=" not in query or "SignatureVersion=" in query:
        # With a version it is the query services' signature.
        return ""
    return dict(decoded_pairs(query)).get("AWSAccessKeyId", "")


def read(request: Request) -> Claim | None:
    """What a request claims, checked for form; None where it claims nothing."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return read_header(request, authorization)
    values = dict(decoded_pairs(request.query))
    found = [name for name in PARAMETERS if values.get(name)]
    if not found or found == ["Expires"]:
        return None
    if len(found) < len(PARAMETERS):
        raise errors.s3_query_incomplete()
    expires = values["Expires"]
    if not (expires.isascii() and expires.isdigit() and int(expires) <= SECONDS_MAX):
        raise errors.s3_expires_malformed(expires)
    headers = {**carried_headers(request.query), **request.headers}
    token = headers.get("x-amz-security-token", "")
    key, signature = values["AWSAccessKeyId"], values["Signature"]
    return Claim(key, signature, expires, token, headers, int(expires) * 1000)


def read_header(request: Request, authorization: str) -> Claim:
    key, colon, signature = authorization[len(PREFIX) :].strip().rpartition(":")
    if not colon or not key:
        raise errors.s3_version_2_malformed(authorization)
    headers = request.headers
    # A date in a header of AWS's own is signed with those, and the place of the other stays empty.
    date = "" if "x-amz-date" in headers else headers.get("date", "")
    return Claim(key, signature, date, headers.get("x-amz-security-token", ""), headers)


def verify(request: Request, claim: Claim, secret: str) -> None:
    text = string_to_sign(request, claim)
    expected = b64encode(hmac.digest(secret.encode(), text.encode("latin-1", "replace"), "sha1"))
    if not hmac.compare_digest(expected, claim.signature.encode("utf-8", "replace")):
        raise errors.s3_version_2_mismatch(claim.access_key_id, text, claim.signature)


def string_to_sign(request: Request, claim: Claim) -> str:
    headers = claim.headers
    own = sorted([name for name in headers if name.startswith("x-amz-")])
    lines = "".join([f"{name}:{headers[name].strip()}\n" for name in own])
    md5, content_type = headers.get("content-md5", ""), headers.get("content-type", "")
    resource = resource_of(request)
    return f"{request.method}\n{md5}\n{content_type}\n{claim.date}\n{lines}{resource}"


def resource_of(request: Request) -> str:
    """The bucket and the path as they were sent, and the signed part of the query."""
    host = host_names.parse(request.headers.get("host", ""))
    bucket = f"/{host.label}" if host.kind is Kind.BUCKET else ""
    pairs = sorted(
        (name, value, "=" in item)
        for (name, value), item in zip(
            decoded_pairs(request.query), request.query.split("&"), strict=True
        )
        if name in SIGNED_PARAMETERS
    )
    query = "&".join([f"{name}={value}" if given else name for name, value, given in pairs])
    return f"{bucket}{request.path}{'?' if query else ''}{query}"
