"""The REST protocols' answers: status, headers and payloads; bodies in JSON or XML."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pileus.aws_models import overrides
from pileus.aws_models.load import OperationModel
from pileus.aws_models.shapes import Member, Shape
from pileus.kernel.request import Response
from pileus.protocols import aws_json, events, json_values, texts
from pileus.protocols.event_stream import CONTENT_TYPE as EVENT_STREAM
from pileus.protocols.headers import header_value, is_header_name
from pileus.protocols.xml_body import document, text_document

_STATUS_WITHOUT_BODY = (204, 304)


@dataclass(slots=True)
class _Plan:
    """Where the members of an answer go."""

    status: int
    # By the member: an answer has fewer than the model.
    headers: dict[str, tuple[str, Callable[[Any], str]]] = field(default_factory=dict)
    prefixes: list[tuple[str, str]] = field(default_factory=list)
    status_member: str | None = None
    payload: Member | None = None
    content_type: str = ""
    encode: Callable[[Any], bytes] | None = None


def success(operation: OperationModel, protocol: str, output: dict[str, Any]) -> Response:
    plan: _Plan | None = operation.compiled.get("rest answer")
    if plan is None:
        plan = operation.compiled["rest answer"] = _make_plan(operation, protocol)
    headers: dict[str, str] = {}
    for name, value in output.items():
        place = plan.headers.get(name)
        if place is not None and value is not None:
            headers[place[0]] = header_value(place[1](value))
    for name, prefix in plan.prefixes:
        for key, value in (output.get(name) or {}).items():
            if is_header_name(prefix + key):
                headers[prefix + key] = header_value(str(value))
    status = plan.status
    if plan.status_member is not None:
        status = int(output.get(plan.status_member) or status)
    response = Response(status, headers)
    if status not in _STATUS_WITHOUT_BODY:
        _add_body(response, plan, protocol, output)
    return response


def add_error_headers(shape: Shape, members: dict[str, Any], headers: dict[str, str]) -> None:
    """Moves the members of an error that are headers out of `members`."""
    for member in shape.members.values():
        if member.location == "header" and members.get(member.name) is not None:
            value = _header_printer(member)(members.pop(member.name))
            headers[member.wire_name] = header_value(value)
        elif member.location == "statusCode":
            members.pop(member.name, None)


def _add_body(response: Response, plan: _Plan, protocol: str, output: dict[str, Any]) -> None:
    if plan.payload is None:
        if plan.encode is not None:
            response.headers.setdefault("Content-Type", plan.content_type)
            response.body = plan.encode(output)
        return
    value = output.get(plan.payload.name)
    if value is None:
        return
    shape = plan.payload.shape
    if plan.content_type:
        response.headers.setdefault("Content-Type", plan.content_type)
    if shape.traits.eventstream:
        response.body = events.encode_stream(shape, protocol, value)
    elif shape.type == "string":
        response.body = value.encode("utf-8")
    elif plan.encode is not None:
        response.body = plan.encode(value)
    else:
        response.body = value


def _make_plan(operation: OperationModel, protocol: str) -> _Plan:
    plan = _Plan(operation.status)
    shape = operation.output
    if shape is None:
        return plan
    for name, member in shape.members.items():
        if member.location == "header":
            plan.headers[name] = (member.wire_name, _header_printer(member))
        elif member.location == "headers":
            plan.prefixes.append((name, member.given_name or ""))
        elif member.location == "statusCode":
            plan.status_member = name
    identity = (operation.service.name, operation.name)
    is_xml = protocol == "rest-xml"
    plan.content_type = "application/xml" if is_xml else "application/json"
    if shape.traits.payload:
        member = shape.members[shape.traits.payload]
        plan.payload = member
        if member.shape.traits.eventstream:
            plan.content_type = EVENT_STREAM
        elif member.shape.type in ("blob", "string"):
            # Where the operation says what the bytes are, silence is its answer too.
            says = any(header.lower() == "content-type" for header, _ in plan.headers.values())
            default = overrides.PAYLOAD_TYPES.get(identity, "application/octet-stream")
            plan.content_type = "" if says else default
        else:
            plan.encode = _payload_encoder(operation, member, is_xml)
    elif is_xml:
        if any(member.location is None for member in shape.members.values()):
            root = overrides.root_element(operation.service.name, operation.name, shape)
            namespace = operation.service.xml_namespace
            if identity in overrides.UNWRAPPED_ANSWERS:
                (only,) = shape.members
                plan.encode = lambda output: text_document(root, namespace, output.get(only) or "")
            else:
                plan.encode = lambda output: document(shape, root, namespace, output)
    else:
        write = json_values.body_writer(shape, json_values.JSON)
        plan.encode = lambda output: aws_json.encode_plain(write(output))
    return plan


def _payload_encoder(
    operation: OperationModel, member: Member, is_xml: bool
) -> Callable[[Any], bytes]:
    shape = member.shape
    if not is_xml:
        return lambda value: aws_json.encode(shape, value)
    root = member.given_name or shape.name
    namespace = member.xml_namespace
    uri = namespace.uri if namespace is not None else operation.service.xml_namespace
    return lambda value: document(shape, root, uri, value)


def _header_printer(member: Member) -> Callable[[Any], str]:
    if member.reference.jsonvalue:
        return lambda value: base64.b64encode(aws_json.encode_plain(value)).decode("ascii")
    if member.shape.type != "list":
        return texts.printer(member, "rfc822")
    item = member.shape.member
    print_item = texts.printer(item, "rfc822")
    if item.shape.type != "string":
        return lambda value: ",".join(map(print_item, value))
    return lambda value: ",".join(map(_quoted, value))


def _quoted(text: str) -> str:
    if '"' in text or "," in text:
        return '"' + text.replace('"', '\\"') + '"'
    return text
