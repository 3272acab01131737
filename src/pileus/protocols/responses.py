"""Answers in every protocol: results and errors."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator
from typing import Any

from pileus.aws_models import overrides
from pileus.aws_models.load import OperationModel, ServiceModel
from pileus.aws_models.shapes import Shape
from pileus.kernel.errors import AwsError
from pileus.kernel.pieces import Pieced
from pileus.kernel.request import Response, host_id
from pileus.protocols import aws_json, aws_query, cbor_body, events, rest_answers
from pileus.protocols.cbor_body import CBOR_1_1, RPC_V2
from pileus.protocols.event_stream import CONTENT_TYPE as EVENT_STREAM
from pileus.protocols.headers import header_value
from pileus.protocols.xml_body import QUERY_WRITER, WRITER, Writer, escape

_CBOR_TYPES = {RPC_V2: "application/cbor", CBOR_1_1: "application/x-amz-cbor-1.1"}
_XML_SERVICES_WITH_S3_HEADERS = ("s3", "s3control")
_CODE = re.compile(r"[A-Za-z0-9._:#-]{1,200}", re.ASCII)


def success(
    operation: OperationModel, protocol: str, output: dict[str, Any], request_id: str
) -> Response:
    """The answer to an operation that went well; `output` has AWS's names."""
    if protocol == "json":
        headers = {
            "x-amzn-RequestId": request_id,
            "Content-Type": operation.service.json_content_type,
        }
        if operation.output is None:
            return _with_crc32(operation.service, Response(200, headers))
        if operation.output.event_stream is not None:
            return _event_stream(operation.output, protocol, output, headers)
        if type(output) is Pieced:
            first, *rest = aws_json.encode_pieced(operation.output, output)
            return Response(200, headers, first, rest=rest)
        return _with_crc32(
            operation.service, Response(200, headers, aws_json.encode(operation.output, output))
        )
    if protocol == "query" or protocol == "ec2":
        body = aws_query.success_body(operation, output, request_id, protocol == "ec2")
        headers = {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}
        return Response(200, headers, body)
    if protocol in _CBOR_TYPES:
        return _cbor_success(operation, protocol, output, request_id)
    response = rest_answers.success(operation, protocol, output)
    response.headers.update(_request_id_headers(operation.service, request_id))
    return response


def failure(
    service: ServiceModel,
    operation: OperationModel | None,
    protocol: str,
    error: AwsError,
    request_id: str,
) -> Response:
    """The answer to an operation that failed, or that is none of the service's."""
    shape = _error_shape(service, operation, error.code)
    status = error.status or _modelled_status(shape) or (500 if error.fault != "Sender" else 400)
    fault = "Receiver" if status >= 500 else "Sender"
    headers = _request_id_headers(service, request_id)
    headers.update({name: header_value(text) for name, text in error.headers.items()})
    if protocol in ("query", "ec2", "rest-xml"):
        headers["Content-Type"] = "application/xml" if protocol == "rest-xml" else "text/xml"
        code = error.query_code or (shape.error_code if shape is not None else error.code)
        body = _xml_error(service, protocol, shape, error, code, fault, request_id)
        if status == 304 or (operation is not None and operation.traits.http.method == "HEAD"):
            body = b""
        return Response(status, headers, body)
    name = shape.name if shape is not None else error.code
    members = _error_members(shape, error)
    if protocol == "rest-json":
        headers["Content-Type"] = "application/json"
        headers["x-amzn-ErrorType"] = header_value(name)
        if shape is not None:
            rest_answers.add_error_headers(shape, members, headers)
        return Response(status, headers, aws_json.error_body("", members, shape))
    if service.is_query_compatible:
        query_code = error.query_code or (shape.error_code if shape is not None else error.code)
        headers["x-amzn-query-error"] = header_value(f"{query_code};{fault}")
    if protocol in _CBOR_TYPES:
        if protocol == RPC_V2:
            headers["smithy-protocol"] = "rpc-v2-cbor"
        headers["Content-Type"] = _CBOR_TYPES[protocol]
        return Response(status, headers, cbor_body.error_body(name, members, shape, protocol))
    headers["Content-Type"] = service.json_content_type
    type_name = _namespace(service, name) + name
    body = aws_json.error_body(type_name, members, shape)
    return _with_crc32(service, Response(status, headers, body))


def _with_crc32(service: ServiceModel, response: Response) -> Response:
    if service.name in overrides.SERVICES_WITH_CRC32:
        assert isinstance(response.body, bytes)
        response.headers["x-amz-crc32"] = str(zlib.crc32(response.body))
    return response


def _cbor_success(
    operation: OperationModel, protocol: str, output: dict[str, Any], request_id: str
) -> Response:
    headers = {"x-amzn-RequestId": request_id}
    if protocol == RPC_V2:
        headers["smithy-protocol"] = "rpc-v2-cbor"
    if operation.output is None:
        return Response(200, headers)
    if operation.output.event_stream is not None:
        return _event_stream(operation.output, protocol, output, headers)
    headers["Content-Type"] = _CBOR_TYPES[protocol]
    return Response(200, headers, cbor_body.encode(operation.output, output, protocol))


def _event_stream(
    shape: Shape, protocol: str, output: dict[str, Any], headers: dict[str, str]
) -> Response:
    member = shape.event_stream
    assert member is not None
    headers["Content-Type"] = EVENT_STREAM
    first = events.encode_initial_response(shape, protocol, output)
    stream: AsyncIterator[dict[str, Any]] = output[member.name]
    return Response(200, headers, events.encode_stream(member.shape, protocol, stream, first))


def _request_id_headers(service: ServiceModel, request_id: str) -> dict[str, str]:
    if service.name in _XML_SERVICES_WITH_S3_HEADERS:
        return {"x-amz-request-id": request_id, "x-amz-id-2": host_id(request_id)}
    return {"x-amzn-RequestId": request_id}


def _error_shape(
    service: ServiceModel, operation: OperationModel | None, code: str
) -> Shape | None:
    if operation is not None:
        for name in operation.errors:
            shape = service.shape(name)
            if code in (name, shape.error_code):
                return shape
    return service.error_shape(code)


def _modelled_status(shape: Shape | None) -> int | None:
    if shape is None:
        return None
    error = shape.traits.error
    if error is not None and error.http_status_code is not None:
        return error.http_status_code
    return 500 if shape.traits.fault else 400


def _error_members(shape: Shape | None, error: AwsError) -> dict[str, Any]:
    if shape is None:
        return {"message": error.message, **error.members} if error.message else error.members
    members = dict(error.members)
    names = [name for name in shape.members if name.lower() == "message"]
    # Shapes that declare no message still get one: SDKs show it.
    members.setdefault(names[0] if names else "message", error.message)
    return members


def _namespace(service: ServiceModel, name: str) -> str:
    if service.name not in overrides.ERROR_NAMESPACES:
        return ""
    framework = overrides.FRAMEWORK_ERRORS.get(name)
    return framework if framework is not None else overrides.ERROR_NAMESPACES[service.name]


def _xml_error(
    service: ServiceModel,
    protocol: str,
    shape: Shape | None,
    error: AwsError,
    code: str,
    fault: str,
    request_id: str,
) -> bytes:
    members = _xml_members(shape, error, QUERY_WRITER if protocol == "query" else WRITER)
    described = f"<Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>"
    identity = escape(request_id)
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{described}{members}</Error></Errors>"
        text += f"<RequestID>{identity}</RequestID></Response>"
    elif service.name == "s3":
        text = f"<Error>{described}{members}<RequestId>{identity}</RequestId>"
        text += f"<HostId>{host_id(request_id)}</HostId></Error>"
    else:
        namespace = f' xmlns="{escape(service.xml_namespace)}"' if service.xml_namespace else ""
        text = f"<ErrorResponse{namespace}><Error><Type>{fault}</Type>{described}{members}"
        text += f"</Error><RequestId>{identity}</RequestId></ErrorResponse>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def _xml_members(shape: Shape | None, error: AwsError, writer: Writer) -> str:
    out: list[str] = []
    known = set() if shape is None else set(shape.members)
    if shape is not None:
        named = {
            name: value
            for name, value in error.members.items()
            if name in known and name.lower() not in ("message", "code", "type")
        }
        writer.structure(shape)(out, named)
    for name, value in error.members.items():
        # S3 adds facts that no model has, such as the bucket's name.
        if name not in known and _CODE.fullmatch(name):
            out.append(f"<{name}>{escape(str(value))}</{name}>")
    return "".join(out)


def unrecognised(error: AwsError, request_id: str) -> Response:
    """Answer a request that names no service, so that its protocol is not known either."""
    status = error.status or (500 if error.fault != "Sender" else 400)
    headers = {
        "x-amzn-RequestId": request_id,
        "x-amzn-ErrorType": header_value(error.code),
        "Content-Type": "application/json",
    }
    return Response(
        status, headers, aws_json.error_body(error.code, {"message": error.message}, None)
    )
