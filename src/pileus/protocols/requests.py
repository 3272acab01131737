"""Requests of every protocol: which operation one means, and what it asks for."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from pileus.aws_models.load import OperationModel, ServiceModel
from pileus.kernel.request import Request
from pileus.protocols import aws_json, aws_query, cbor_body, failures, rest

INFLATED_BYTES_MAX = 64 * 1024 * 1024
_RPC_PATH_PARTS = 5


class Recognised(NamedTuple):
    """An operation that a request means, and how it says so."""

    service: ServiceModel
    protocol: str
    operation: OperationModel
    labels: dict[str, str]


def recognise(request: Request, services: Sequence[ServiceModel]) -> Recognised | None:
    """The operation that a request to one of these services means; None if there is none.

    Several services can share a host and a signing name (`es`: elasticsearch and opensearch);
    then the target, the path or the version of the API tells them apart.
    """
    headers = request.headers
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return _recognise_cbor(request, services)
    target = headers.get("x-amz-target")
    if target is not None:
        prefix, _, name = target.rpartition(".")
        for service in services:
            if service.target_prefix == prefix and "json" in service.protocols:
                return _recognised(service, "json", name)
        return None
    return _recognise_query(request, services) or _recognise_rest(request, services)


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
    if protocol == "smithy-rpc-v2-cbor":
        return cbor_body.parse(request, operation)
    return rest.parse(request, operation, labels, protocol)


def _recognise_cbor(request: Request, services: Sequence[ServiceModel]) -> Recognised | None:
    parts = request.path.split("/")
    if len(parts) < _RPC_PATH_PARTS or parts[-4] != "service" or parts[-2] != "operation":
        return None
    for service in services:
        if service.target_prefix == parts[-3] and "smithy-rpc-v2-cbor" in service.protocols:
            return _recognised(service, "smithy-rpc-v2-cbor", parts[-1])
    return None


def _recognised(service: ServiceModel, protocol: str, name: str) -> Recognised | None:
    operation = service.operation(name)
    return None if operation is None else Recognised(service, protocol, operation, {})


def _recognise_query(request: Request, services: Sequence[ServiceModel]) -> Recognised | None:
    speakers = [
        (service, protocol)
        for service in services
        for protocol in service.protocols
        if protocol in ("query", "ec2")
    ]
    if not speakers or not (b"Action=" in request.body or "Action=" in request.query):
        return None
    fields = dict(reversed(aws_query.form_fields(request)))
    # Services that share a name have different versions (elb, elbv2).
    speakers.sort(key=lambda speaker: speaker[0].api_version != fields.get("Version"))
    for service, protocol in speakers:
        operation = service.operation(fields.get("Action", ""))
        if operation is not None:
            return Recognised(service, protocol, operation, {})
    return None


def _recognise_rest(request: Request, services: Sequence[ServiceModel]) -> Recognised | None:
    for service in services:
        for protocol in service.protocols:
            if protocol not in ("rest-json", "rest-xml"):
                continue
            found = service.router.match(
                request.method, request.path, request.query, request.headers
            )
            if found is not None:
                operation = service.operation(found[0])
                assert operation is not None
                return Recognised(service, protocol, operation, found[1])
    return None


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(31)
    try:
        inflated = inflater.decompress(body, INFLATED_BYTES_MAX)
    except zlib.error as error:
        raise failures.serialization_exception("the body is not in gzip form") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise failures.serialization_exception("the body is too large or not whole")
    return inflated
