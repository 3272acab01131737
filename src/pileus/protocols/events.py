"""The events of a model's event stream as frames, and frames as events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pileus.aws_models.shapes import Member, Shape
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from pileus.protocols import aws_json, cbor_body, failures, json_values
from pileus.protocols.event_stream import Frame, Long, Timestamp, encode_frame, frames
from pileus.protocols.failures import WireError
from pileus.protocols.xml_body import READER, document, parse_document

_BODY_TYPES = {
    "json": "application/x-amz-json-1.1",
    "rest-json": "application/json",
    "rest-xml": "text/xml",
    cbor_body.RPC_V2: "application/cbor",
    cbor_body.CBOR_1_1: "application/x-amz-cbor-1.1",
}
_CBOR = (cbor_body.RPC_V2, cbor_body.CBOR_1_1)


def encode_event(stream: Shape, protocol: str, name: str, event: dict[str, Any]) -> bytes:
    """One event of a stream as a frame."""
    shape = stream.members[name].shape
    headers: dict[str, Any] = {":message-type": "event", ":event-type": name}
    payload = _payload(shape, protocol, event, headers)
    for member in shape.members.values():
        if member.reference.eventheader and event.get(member.name) is not None:
            headers[member.name] = _header_value(member, event[member.name])
    return encode_frame(headers, payload)


def encode_initial_response(shape: Shape, protocol: str, output: dict[str, Any]) -> bytes:
    """The members of an answer beside its stream, which RPC protocols send as the first frame."""
    headers: dict[str, Any] = {":message-type": "event", ":event-type": "initial-response"}
    stream = shape.event_stream
    members = {name: output[name] for name in output if stream is None or name != stream.name}
    return encode_frame(headers, _encode(shape, protocol, members, headers))


def encode_error(stream: Shape, protocol: str, error: AwsError) -> bytes:
    """An error in the middle of a stream: as the stream's own exception where it declares one."""
    for name, member in stream.members.items():
        if member.shape.traits.exception and error.code in (name, member.shape.name):
            headers: dict[str, Any] = {":message-type": "exception", ":exception-type": name}
            members = dict(error.members)
            for key in ("message", "Message"):
                if key in member.shape.members:
                    members[key] = error.message
            return encode_frame(headers, _payload(member.shape, protocol, members, headers) or b"")
    headers = {":message-type": "error", ":error-code": error.code}
    return encode_frame({**headers, ":error-message": error.message}, b"")


async def encode_stream(
    stream: Shape, protocol: str, events: AsyncIterator[dict[str, Any]], first: bytes = b""
) -> AsyncIterator[bytes]:
    """The frames of an answer; an AwsError that the iterator raises becomes the last one."""
    if first:
        yield first
    try:
        async for event in events:
            for name, members in event.items():
                yield encode_event(stream, protocol, name, members)
    except AwsError as error:
        yield encode_error(stream, protocol, error)


async def read_events(
    request: Request, stream: Shape, protocol: str
) -> AsyncIterator[dict[str, Any]]:
    """The events of a request's body as `{event: members}`. Raises AwsError."""
    chunks = request.stream if request.stream is not None else _only(request.body)
    async for frame in frames(chunks):
        member = stream.members.get(frame.headers.get(":event-type", ""))
        if frame.headers.get(":message-type") != "event" or member is None:
            continue
        try:
            yield {member.name: _read_event(member.shape, protocol, frame)}
        except (WireError, RecursionError) as error:
            raise failures.serialization_exception(str(error)) from error


async def _only(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _payload(shape: Shape, protocol: str, event: dict[str, Any], headers: dict[str, Any]) -> bytes:
    for member in shape.members.values():
        if not member.reference.eventpayload:
            continue
        value = event.get(member.name)
        if member.shape.type == "blob":
            headers[":content-type"] = "application/octet-stream"
            return bytes(value or b"")
        if member.shape.type == "string":
            headers[":content-type"] = "text/plain"
            return str(value or "").encode("utf-8")
        return _encode(member.shape, protocol, value or {}, headers)
    if all(member.reference.eventheader for member in shape.members.values()):
        return b""
    in_body = {
        name: value
        for name, value in event.items()
        if name in shape.members and not shape.members[name].reference.eventheader
    }
    return _encode(shape, protocol, in_body, headers)


def _encode(shape: Shape, protocol: str, value: Any, headers: dict[str, Any]) -> bytes:
    headers[":content-type"] = _BODY_TYPES[protocol]
    if protocol == "rest-xml":
        return document(shape, shape.traits.location_name or shape.name, "", value)
    if protocol in _CBOR:
        return cbor_body.encode(shape, value, protocol)
    return aws_json.encode(shape, value)


def _header_value(member: Member, value: Any) -> Any:
    if member.shape.type == "timestamp":
        return Timestamp(value)
    return Long(value) if member.shape.type == "long" else value


def _read_event(shape: Shape, protocol: str, frame: Frame) -> dict[str, Any]:
    event: dict[str, Any] = {}
    payload_member = None
    for member in shape.members.values():
        if member.reference.eventheader and member.name in frame.headers:
            event[member.name] = frame.headers[member.name]
        if member.reference.eventpayload:
            payload_member = member
    if payload_member is None:
        if frame.payload:
            event.update(_decode(shape, protocol, frame.payload))
    elif payload_member.shape.type == "blob":
        event[payload_member.name] = frame.payload
    elif payload_member.shape.type == "string":
        event[payload_member.name] = _decode_text(frame.payload)
    else:
        event[payload_member.name] = _decode(payload_member.shape, protocol, frame.payload)
    return event


def _decode(shape: Shape, protocol: str, payload: bytes) -> Any:
    if protocol == "rest-xml":
        return READER.structure(shape)(parse_document(payload))
    if protocol in _CBOR:
        return json_values.reader(shape)(cbor_body.decode(payload, protocol))
    return json_values.reader(shape)(aws_json.decode(payload))


def _decode_text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("an event is not encoded in UTF-8") from error
