"""The query protocol and EC2's variant of it: forms in, XML out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from pileus.aws_models.load import OperationModel
from pileus.aws_models.overrides import QUERY_URL_MEMBERS
from pileus.aws_models.shapes import Member, Shape
from pileus.kernel.request import Request
from pileus.protocols import failures, texts
from pileus.protocols.failures import WireError
from pileus.protocols.xml_body import QUERY_WRITER, WRITER, escape

Read = Callable[[Any], Any]

FIELDS_MAX = 50_000
KEY_DEPTH_MAX = 40
_REMEMBERED_LENGTH_MAX = 256
_NOT_MEMBERS = ("Action", "Version")


def form_fields(request: Request) -> list[tuple[str, str]]:
    """The fields of the query string and of a form in the body. Raises AwsError."""
    fields = _fields(request.query) if request.query else []
    if request.body and _is_form(request):
        try:
            fields += _fields(request.body.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise failures.malformed_query_string("The form is not encoded in UTF-8") from error
    return fields


def parse(request: Request, operation: OperationModel, is_ec2: bool) -> dict[str, Any]:
    fields = form_fields(request)
    if operation.input is None:
        return {}
    try:
        tree = _tree(fields)
        found: dict[str, Any] = (_EC2 if is_ec2 else _QUERY).structure(operation.input)(tree)
    except WireError as error:
        raise failures.malformed_input(str(error)) from error
    member = QUERY_URL_MEMBERS.get(operation.service.name)
    if member in operation.input.members and member not in found and request.path != "/":
        found[member] = f"http://{request.headers.get('host', '')}{request.path}"
    return found


def success_body(
    operation: OperationModel, output: dict[str, Any], request_id: str, is_ec2: bool
) -> bytes:
    service = operation.service
    name = operation.name
    out = [f'<{name}Response xmlns="{service.xml_namespace}{"/" * is_ec2}">']
    if is_ec2:
        out.append(f"<requestId>{escape(request_id)}</requestId>")
        if operation.output is not None:
            WRITER.structure(operation.output)(out, output)
    else:
        if operation.output is not None:
            wrapper = operation.result_wrapper
            out.append(f"<{wrapper}>")
            QUERY_WRITER.structure(operation.output)(out, output)
            out.append(f"</{wrapper}>")
        out.append(f"<ResponseMetadata><RequestId>{escape(request_id)}")
        out.append("</RequestId></ResponseMetadata>")
    out.append(f"</{name}Response>")
    return "".join(out).encode("utf-8")


def _is_form(request: Request) -> bool:
    content_type = request.headers.get("content-type", "")
    return not content_type or content_type.startswith("application/x-www-form-urlencoded")


def _fields(text: str) -> list[tuple[str, str]]:
    """As `parse_qsl` reads a form, in a third of its time."""
    pairs = text.split("&", FIELDS_MAX)
    try:
        if len(pairs) > FIELDS_MAX:
            raise ValueError(f"more than {FIELDS_MAX} fields")
        return [
            (_unquoted(name), _unquoted(value))
            for name, _, value in (pair.partition("=") for pair in pairs if pair)
        ]
    except ValueError as error:
        raise failures.malformed_query_string("The form cannot be read") from error


def _unquoted(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _unquoted_again(text) if len(text) <= _REMEMBERED_LENGTH_MAX else _without_percent(text)


def _without_percent(text: str) -> str:
    return unquote_to_bytes(text).decode()


# ARNs and URLs come again and again, and each percent sign in them takes time.
_unquoted_again = lru_cache(maxsize=1024)(_without_percent)


def _tree(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """Turns `A.member.1=x` into `{"A": {"member": {"1": "x"}}}`."""
    root: dict[str, Any] = {}
    for key, value in fields:
        if "." not in key:
            if key not in _NOT_MEMBERS:
                root.setdefault(key, value)
            continue
        parts = key.split(".", KEY_DEPTH_MAX)
        if len(parts) > KEY_DEPTH_MAX:
            raise WireError(f"The key is nested deeper than {KEY_DEPTH_MAX} levels")
        node = root
        for part in parts[:-1]:
            below = node.get(part)
            if type(below) is not dict:
                below = node[part] = {}
            node = below
        node.setdefault(parts[-1], value)
    return root


class _FormReader:
    """Reads the nested fields of a form by shape; the two protocols differ in names and lists."""

    def __init__(self, key: str, name_of: Callable[[Member], str], is_flat: bool) -> None:
        self._key = key
        self._name_of = name_of
        self._is_flat = is_flat

    def structure(self, shape: Shape) -> Read:
        found: Read | None = shape.compiled.get(self._key)
        if found is None:
            shape.compiled[self._key] = lambda node: shape.compiled[self._key](node)
            found = shape.compiled[self._key] = self._make_structure(shape)
        return found

    def _make_structure(self, shape: Shape) -> Read:
        readers = {
            self._name_of(member): (name, self._member(member))
            for name, member in shape.members.items()
        }

        def read(node: Any) -> dict[str, Any]:
            found = {}
            for key, below in _children(node).items():
                known = readers.get(key)
                if known is not None:
                    found[known[0]] = known[1](below)
            return found

        return read

    def _member(self, member: Member) -> Read:
        shape = member.shape
        if shape.type == "structure":
            return self.structure(shape)
        is_flat = self._is_flat or member.is_flattened
        if shape.type == "list":
            read_item = self._member(shape.member)
            name = "" if is_flat else shape.member.given_name or "member"
            return lambda node: [read_item(item) for item in _numbered(node, name)]
        if shape.type == "map":
            return self._map(shape, "" if is_flat else "entry")
        return _scalar(texts.reader(shape))

    def _map(self, shape: Shape, name: str) -> Read:
        key, value = shape.key, shape.value
        key_name = key.reference.query_name or key.given_name or "key"
        value_name = value.reference.query_name or value.given_name or "value"
        read_value = self._member(value)

        def read(node: Any) -> dict[str, Any]:
            found = {}
            for entry in _numbered(node, name):
                pair = _children(entry)
                item_key = pair.get(key_name)
                if type(item_key) is not str:
                    raise WireError(f"An entry of a map has no {key_name}")
                if value_name in pair:
                    found[item_key] = read_value(pair[value_name])
            return found

        return read


def _children(node: Any) -> dict[str, Any]:
    if type(node) is dict:
        return node
    if node == "":
        return {}
    raise WireError("A value was found where a structure was expected")


def _numbered(node: Any, name: str) -> list[Any]:
    """The elements below `NAME.1`, `NAME.2` ... in the order of their numbers."""
    children = _children(node)
    if name:
        children = _children(children.get(name, ""))
    if not all(key.isascii() and key.isdigit() and len(key) < 10 for key in children):
        raise WireError("The elements of a list must be numbered")
    return [children[key] for key in sorted(children, key=int)]


def _scalar(read_text: Callable[[str], Any]) -> Read:
    def read(node: Any) -> Any:
        if type(node) is not str:
            raise WireError("A structure was found where a value was expected")
        return read_text(node)

    return read


def _query_name(member: Member) -> str:
    if member.reference.query_name:
        return member.reference.query_name
    if member.shape.type == "list" and member.is_flattened and member.shape.member.given_name:
        return member.shape.member.given_name
    return member.wire_name


def _ec2_name(member: Member) -> str:
    if member.reference.query_name:
        return member.reference.query_name
    given = member.given_name
    return given[:1].upper() + given[1:] if given else member.name


_QUERY = _FormReader("read query", _query_name, is_flat=False)
_EC2 = _FormReader("read ec2", _ec2_name, is_flat=True)
