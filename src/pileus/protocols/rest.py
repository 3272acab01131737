"""The REST protocols' requests: labels, queries, headers and payloads; bodies in JSON or XML."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from pileus.aws_models import overrides
from pileus.aws_models.load import OperationModel
from pileus.aws_models.shapes import Member
from pileus.kernel.request import Request
from pileus.protocols import aws_json, events, failures, json_values, texts
from pileus.protocols.failures import TypeMismatch, WireError
from pileus.protocols.xml_body import READER, parse_document

ReadText = Callable[[str], Any]
ReadBody = Callable[[bytes], Any]

QUERY_FIELDS_MAX = 10_000
HEADER_ITEMS_MAX = 10_000


@dataclass(slots=True)
class _Plan:
    """Where an operation's members are in a request."""

    labels: dict[str, tuple[str, ReadText]] = field(default_factory=dict)
    query: dict[str, tuple[str, ReadText, bool]] = field(default_factory=dict)
    query_literals: frozenset[str] = frozenset()
    query_map: tuple[str, bool] | None = None
    # By the header: the members that it fills, since a request has fewer headers than a model.
    headers: dict[str, list[tuple[str, ReadText]]] = field(default_factory=dict)
    prefixes: list[tuple[str, str]] = field(default_factory=list)
    payload: Member | None = None
    read_body: ReadBody | None = None
    # What S3 wants, since nothing else is validated for it.
    required: frozenset[str] = frozenset()


def parse(
    request: Request, operation: OperationModel, labels: dict[str, str], protocol: str
) -> dict[str, Any]:
    if operation.input is None:
        return {}
    is_xml = protocol == "rest-xml"
    plan: _Plan | None = operation.compiled.get("rest plan")
    if plan is None:
        plan = operation.compiled["rest plan"] = _make_plan(operation, is_xml)
    try:
        params = _body_members(request, plan, protocol)
    except (WireError, RecursionError) as error:
        if is_xml:
            raise failures.malformed_xml() from error
        reason = error.rest_words if isinstance(error, TypeMismatch) else str(error)
        raise failures.serialization_exception(reason) from error
    try:
        _add_located_members(params, request, plan, labels)
    except WireError as error:
        if is_xml:
            raise failures.invalid_argument(str(error)) from error
        raise failures.serialization_exception(str(error)) from error
    if not plan.required <= params.keys():
        _check_required(params, plan.required, operation)
    return params


def _check_required(
    params: dict[str, Any], required: frozenset[str], operation: OperationModel
) -> None:
    """S3's words for what is missing."""
    assert operation.input is not None
    for name in required.difference(params):
        member = operation.input.members[name]
        if name == operation.input.traits.payload:
            raise failures.missing_body()
        raise failures.missing_argument(member.wire_name, member.location == "header")


def _body_members(request: Request, plan: _Plan, protocol: str) -> dict[str, Any]:
    if plan.payload is not None:
        member = plan.payload
        if member.shape.traits.eventstream:
            return {member.name: events.read_events(request, member.shape, protocol)}
        if request.stream is not None:
            return {member.name: request.stream}
        # An empty blob cannot be told from none; a streaming one is always there.
        if not request.body and not member.is_streaming:
            return {}
        assert plan.read_body is not None
        return {member.name: plan.read_body(request.body)}
    if plan.read_body is None or not request.body:
        return {}
    found: dict[str, Any] = plan.read_body(request.body)
    return found


def _add_located_members(
    params: dict[str, Any], request: Request, plan: _Plan, labels: dict[str, str]
) -> None:
    for label, (name, read) in plan.labels.items():
        if label in labels:
            params[name] = read(_decoded(labels[label]))
    if request.query and (plan.query or plan.query_map):
        _add_query(params, request.query, plan)
    headers = plan.headers
    if headers:
        for header, text in request.headers.items():
            for name, read in headers.get(header, ()):
                params[name] = read(text)
    for prefix, name in plan.prefixes:
        found = {
            header[len(prefix) :]: text
            for header, text in request.headers.items()
            if header.startswith(prefix)
        }
        if found:
            params[name] = found


def _add_query(params: dict[str, Any], query: str, plan: _Plan) -> None:
    try:
        fields = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX
        )
    except (UnicodeError, ValueError) as error:
        raise WireError("the query string cannot be read") from error
    rest: dict[str, Any] = {}
    for key, text in fields:
        known = plan.query.get(key)
        if known is None:
            if plan.query_map is not None and key not in plan.query_literals:
                rest.setdefault(key, []).append(text)
        elif known[2]:
            params.setdefault(known[0], []).append(known[1](text))
        else:
            params[known[0]] = known[1](text)
    if plan.query_map is not None and rest:
        name, has_lists = plan.query_map
        params[name] = rest if has_lists else {key: values[0] for key, values in rest.items()}


def _decoded(label: str) -> str:
    if "%" not in label:
        return label
    try:
        return unquote(label, errors="strict")
    except UnicodeDecodeError as error:
        raise WireError("the path is not encoded in UTF-8") from error


def _make_plan(operation: OperationModel, is_xml: bool) -> _Plan:
    assert operation.input is not None
    uri_query = operation.traits.http.request_uri.partition("?")[2]
    plan = _Plan(query_literals=frozenset(part.split("=")[0] for part in uri_query.split("&")))
    shape = operation.input
    for name, member in shape.members.items():
        place = member.location
        if place == "uri":
            plan.labels[member.wire_name] = (name, texts.reader(member.shape))
        elif place == "querystring" and member.shape.type == "map":
            plan.query_map = (name, member.shape.value.shape.type == "list")
        elif place == "querystring":
            is_list = member.shape.type == "list"
            item = member.shape.member.shape if is_list else member.shape
            plan.query[member.wire_name] = (name, texts.reader(item), is_list)
        elif place == "header":
            found = plan.headers.setdefault(member.wire_name.lower(), [])
            found.append((name, header_reader(member)))
        elif place == "headers":
            plan.prefixes.append(((member.given_name or "").lower(), name))
    if is_xml and overrides.validation_style(operation.service.name) == "none":
        plan.required = shape.required
    if shape.traits.payload:
        plan.payload = shape.members[shape.traits.payload]
        plan.read_body = _payload_reader(plan.payload, is_xml)
    elif any(member.location is None for member in shape.members.values()):
        if is_xml:
            read_root = READER.structure(shape)
            plan.read_body = lambda body: read_root(parse_document(body))
        else:
            read_members = json_values.body_reader(shape)
            plan.read_body = lambda body: read_members(aws_json.decode(body))
    return plan


def _payload_reader(member: Member, is_xml: bool) -> ReadBody:
    kind = member.shape.type
    if kind == "blob":
        return lambda body: body
    if kind == "string":
        return _read_text_body
    if is_xml:
        read_root = READER.element(member)
        return lambda body: read_root(parse_document(body))
    read = json_values.reader(member.shape)
    return lambda body: read(aws_json.decode(body))


def _read_text_body(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("the body is not encoded in UTF-8") from error


def header_reader(member: Member) -> ReadText:
    if member.reference.jsonvalue:
        return _read_json_header
    if member.shape.type != "list":
        return texts.reader(member.shape)
    item = member.shape.member.shape
    read_item = texts.reader(item)
    if item.type == "timestamp":
        return lambda text: [read_item(part) for part in _split_dates(text)]
    return lambda text: [read_item(part) for part in split_list(text)]


def _read_json_header(text: str) -> Any:
    try:
        return aws_json.decode(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise WireError("a header is not JSON in base64") from error


def split_list(text: str) -> list[str]:
    """The elements of a header that holds a list; those with commas stand in quotes."""
    items: list[str] = []
    position = 0
    while position <= len(text):
        if len(items) >= HEADER_ITEMS_MAX:
            raise WireError("a header holds too many elements")
        start = position
        while start < len(text) and text[start] in " \t":
            start += 1
        if start < len(text) and text[start] == '"':
            end = start + 1
            while end < len(text) and not (text[end] == '"' and text[end - 1] != "\\"):
                end += 1
            items.append(text[start + 1 : end].replace('\\"', '"'))
            position = text.find(",", end)
        else:
            position = text.find(",", start)
            items.append(text[start : position if position >= 0 else len(text)].rstrip(" \t"))
        if position < 0:
            break
        position += 1
    return items


def _split_dates(text: str) -> list[str]:
    # An HTTP date has a comma of its own after the day's name.
    parts = split_list(text)
    if len(parts) % 2 == 0 and all(part.strip().isalpha() for part in parts[::2]):
        return [f"{day}, {rest}" for day, rest in zip(parts[::2], parts[1::2], strict=True)]
    return parts
