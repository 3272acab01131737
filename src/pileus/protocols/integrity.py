"""Checks whole bodies against the checksums that came with them, in S3's words."""

from __future__ import annotations

import base64
import binascii
import hashlib

from pileus.aws_models.load import OperationModel
from pileus.aws_models.overrides import S3_WITHOUT_CHECKSUM
from pileus.kernel import checksums
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request

_PREFIX = "x-amz-checksum-"
_HEADERS = [(_PREFIX + name, name) for name in checksums.ALGORITHMS]


def verify(request: Request, operation: OperationModel) -> None:
    """Raise AwsError where a checksum is malformed, wrong, or missing though one is required.

    Streamed bodies are checked by who reads them.
    """
    sent = []
    # Elsewhere these headers tell of the object, not of the body (CompleteMultipartUpload).
    if "requestAlgorithmMember" in (operation.traits.http_checksum or {}):
        sent = [name for header, name in _HEADERS if header in request.headers]
    md5 = request.headers.get("content-md5")
    if md5 is not None:
        _verify_md5(md5, request.body)
    if len(sent) > 1:
        raise _invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    for algorithm in sent:
        _verify_checksum(algorithm, request)
    if md5 is None and not sent and _is_required(operation):
        raise _invalid_request(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
        )


def _is_required(operation: OperationModel) -> bool:
    if operation.service.name == "s3" and operation.name in S3_WITHOUT_CHECKSUM:
        return False
    traits = operation.traits
    return traits.http_checksum_required or bool(
        (traits.http_checksum or {}).get("requestChecksumRequired")
    )


def _verify_md5(text: str, body: bytes) -> None:
    wanted = _decoded(text, hashlib.md5().digest_size)
    if wanted is None:
        raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", status=400)
    if hashlib.md5(body, usedforsecurity=False).digest() != wanted:
        raise AwsError(
            "BadDigest", "The Content-MD5 you specified did not match what we received.", status=400
        )


def _verify_checksum(algorithm: str, request: Request) -> None:
    checksum = checksums.new_checksum(algorithm)
    checksum.update(request.body)
    found = checksum.digest()
    wanted = _decoded(request.headers[_PREFIX + algorithm], len(found))
    if wanted is None:
        raise _invalid_request(f"Value for {_PREFIX}{algorithm} header is invalid.")
    if wanted != found:
        raise AwsError(
            "BadDigest",
            f"The {algorithm.upper()} you specified did not match the calculated checksum.",
            status=400,
        )


def _decoded(text: str, size_bytes: int) -> bytes | None:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == size_bytes else None


def _invalid_request(text: str) -> AwsError:
    return AwsError("InvalidRequest", text, status=400)
