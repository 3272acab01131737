"""Requests of every protocol: what they ask for."""

from __future__ import annotations

import zlib
from typing import Any

from pileus.aws_models.load import OperationModel, ServiceModel
from pileus.kernel.request import Request
from pileus.protocols import aws_json, aws_query, cbor_body, failures, integrity, rest

_SERVICES_WITH_CHECKSUMS = ("s3", "s3control")
INFLATED_BYTES_MAX = 64 * 1024 * 1024


def parse(
    request: Request,
    service: ServiceModel,
    protocol: str,
    operation: OperationModel,
    labels: dict[str, str],
) -> dict[str, Any]:
    """What the request asks for: members by AWS's names, blobs as bytes, times as milliseconds.

    A streaming payload stays a stream where the request has one. Raises AwsError for input that
    cannot be read.
    """
    if operation.traits.requestcompression and "gzip" in request.headers.get(
        "content-encoding", ""
    ):
        request.body = _inflated(request.body)
    if protocol == "json":
        return aws_json.parse(request, operation)
    if protocol == "query" or protocol == "ec2":
        return aws_query.parse(request, operation, protocol == "ec2")
    if protocol in (cbor_body.RPC_V2, cbor_body.CBOR_1_1):
        return cbor_body.parse(request, operation, protocol)
    if service.name in _SERVICES_WITH_CHECKSUMS and request.stream is None:
        integrity.verify(request, operation)
    return rest.parse(request, operation, labels, protocol)


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(31)
    try:
        inflated = inflater.decompress(body, INFLATED_BYTES_MAX)
    except zlib.error as error:
        raise failures.serialization_exception("the body is not in gzip form") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise failures.serialization_exception("the body is too large or not whole")
    return inflated
