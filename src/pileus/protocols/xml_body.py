"""XML documents: a safe reader for requests and a compiled writer for answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from pileus.aws_models.shapes import Member, Shape, XmlNamespace
from pileus.protocols import texts
from pileus.protocols.failures import WireError

Write = Callable[[list[str], Any], None]
Read = Callable[[Element], Any]

# A document type could define entities that grow without bound; no AWS request has one.
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
# What XML 1.0 cannot carry at all, and what it would change or misread.
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
_ESCAPES[ord("\r")] = "&#13;"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_UNSENDABLE = "\ufffd"


def escape(text: str) -> str:
    """Text for an element or a quoted attribute; what XML cannot carry is replaced."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ESCAPES.get(ord(found[0]), _UNSENDABLE), text)


def parse_document(body: bytes) -> Element:
    """The root of a document. Raises WireError for anything that is not plain UTF-8 XML."""
    if any(word in body for word in _FORBIDDEN):
        raise WireError("a document type is not allowed")
    try:
        parser = ElementTree.XMLParser(encoding="utf-8")
        parser.feed(body)
        return parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise WireError(f"the body is not well-formed XML: {error}") from error


def member_name(member: Member, is_query: bool) -> str:
    """The element of a structure's member; a flattened list is named by what it holds."""
    if is_query and member.reference.query_name:
        return member.reference.query_name
    if member.shape.type == "list" and member.is_flattened and member.shape.member.given_name:
        return member.shape.member.given_name
    return member.wire_name


class Writer:
    """Writes the members of shapes as XML; one for queries and one for bodies."""

    def __init__(self, is_query: bool) -> None:
        self._is_query = is_query
        self._key = "write query xml" if is_query else "write xml"

    def structure(self, shape: Shape) -> Write:
        """Writes the members of a structure, without an element around them."""
        found: Write | None = shape.compiled.get(self._key)
        if found is None:
            shape.compiled[self._key] = lambda out, value: shape.compiled[self._key](out, value)
            found = shape.compiled[self._key] = self._make_structure(shape)
        return found

    def _make_structure(self, shape: Shape) -> Write:
        writers = [
            (name, self.element(member, member_name(member, self._is_query)))
            for name, member in shape.members.items()
            if member.location is None and not member.reference.xml_attribute
        ]

        def write(out: list[str], value: dict[str, Any]) -> None:
            for name, write_member in writers:
                item = value.get(name)
                if item is not None:
                    write_member(out, item)

        return write

    def element(self, member: Member, name: str) -> Write:
        """Writes a member with its element, or its elements where it is flattened."""
        shape = member.shape
        opening = f"<{name}{namespace_attribute(member.xml_namespace)}>"
        if shape.type == "structure":
            return self._structure_element(shape, name, opening)
        if shape.type == "list":
            return self._list_element(member, name, opening)
        if shape.type == "map":
            return self._map_element(member, name, opening)
        print_text = texts.printer(member, "iso8601")
        closing = f"</{name}>"
        if shape.type == "string":
            return lambda out, value: out.append(f"{opening}{escape(value)}{closing}")
        return lambda out, value: out.append(f"{opening}{print_text(value)}{closing}")

    def _structure_element(self, shape: Shape, name: str, opening: str) -> Write:
        write_members = self.structure(shape)
        attributes = [
            (member.name, member.wire_name)
            for member in shape.members.values()
            if member.reference.xml_attribute
        ]
        closing = f"</{name}>"

        def write(out: list[str], value: dict[str, Any]) -> None:
            out.append(opening)
            write_members(out, value)
            out.append(closing)

        def write_with_attributes(out: list[str], value: dict[str, Any]) -> None:
            printed = "".join(
                f' {attribute}="{escape(value[member])}"'
                for member, attribute in attributes
                if value.get(member) is not None
            )
            out.append(f"{opening[:-1]}{printed}>")
            write_members(out, value)
            out.append(closing)

        return write_with_attributes if attributes else write

    def _list_element(self, member: Member, name: str, opening: str) -> Write:
        if member.is_flattened:
            return _each(self.element(member.shape.member, name))
        item_name = member.shape.member.given_name or "member"
        write_items = _each(self.element(member.shape.member, item_name))
        return _around(opening, write_items, f"</{name}>")

    def _map_element(self, member: Member, name: str, opening: str) -> Write:
        key, value = member.shape.key, member.shape.value
        write_key = self.element(key, self._entry_name(key))
        write_value = self.element(value, self._entry_name(value))
        entry_name = name if member.is_flattened else "entry"

        def write_entries(out: list[str], items: dict[str, Any]) -> None:
            for item_key, item in items.items():
                if item is not None:
                    out.append(f"<{entry_name}>")
                    write_key(out, item_key)
                    write_value(out, item)
                    out.append(f"</{entry_name}>")

        if member.is_flattened:
            return write_entries
        return _around(opening, write_entries, f"</{name}>")

    def _entry_name(self, member: Member) -> str:
        if self._is_query and member.reference.query_name:
            return member.reference.query_name
        return member.given_name or member.name


def _each(write_item: Write) -> Write:
    def write(out: list[str], items: list[Any]) -> None:
        for item in items:
            if item is not None:
                write_item(out, item)

    return write


def _around(opening: str, write_content: Write, closing: str) -> Write:
    def write(out: list[str], value: Any) -> None:
        out.append(opening)
        write_content(out, value)
        out.append(closing)

    return write


def namespace_attribute(namespace: XmlNamespace | None) -> str:
    if namespace is None or not namespace.uri:
        return ""
    prefix = f":{namespace.prefix}" if namespace.prefix else ""
    return f' xmlns{prefix}="{escape(namespace.uri)}"'


def document(shape: Shape, root: str, namespace: str, value: dict[str, Any]) -> bytes:
    """A whole document of a structure."""
    out = [_DECLARATION, f"<{root}{namespace_attribute(XmlNamespace(uri=namespace))}>"]
    WRITER.structure(shape)(out, value)
    out.append(f"</{root}>")
    return "".join(out).encode("utf-8")


def text_document(root: str, namespace: str, text: str) -> bytes:
    """A whole document of nothing but text."""
    opening = f"<{root}{namespace_attribute(XmlNamespace(uri=namespace))}>"
    return f"{_DECLARATION}{opening}{escape(text)}</{root}>".encode()


class Reader:
    """Reads elements by shape."""

    def structure(self, shape: Shape) -> Read:
        found: Read | None = shape.compiled.get("read xml")
        if found is None:
            shape.compiled["read xml"] = lambda node: shape.compiled["read xml"](node)
            found = shape.compiled["read xml"] = self._make_structure(shape)
        return found

    def _make_structure(self, shape: Shape) -> Read:
        readers: dict[str, tuple[str, Read, bool]] = {}
        attributes: dict[str, str] = {}
        for name, member in shape.members.items():
            if member.reference.xml_attribute:
                attributes[member.wire_name.rpartition(":")[2]] = name
            elif member.location is None:
                collects = member.is_flattened and member.shape.type in ("list", "map")
                read = self._flattened(member) if collects else self.element(member)
                readers[member_name(member, is_query=False)] = (name, read, collects)

        def read_structure(node: Element) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for key, text in node.attrib.items():
                if key.rpartition("}")[2] in attributes:
                    found[attributes[key.rpartition("}")[2]]] = text
            for child in node:
                known = readers.get(child.tag.rpartition("}")[2])
                if known is None:
                    continue
                name, read, collects = known
                value = read(child)
                if not collects or name not in found:
                    found[name] = value
                elif type(value) is list:
                    found[name].extend(value)
                else:
                    found[name].update(value)
            return found

        return read_structure

    def element(self, member: Member) -> Read:
        shape = member.shape
        if shape.type == "structure":
            return self.structure(shape)
        if shape.type == "list":
            read_item = self.element(shape.member)
            return lambda node: [read_item(child) for child in node]
        if shape.type == "map":
            read_entry = self._entry(shape)
            return lambda node: dict(map(read_entry, node))
        read_text = texts.reader(shape)
        return lambda node: read_text(_text(node))

    def _flattened(self, member: Member) -> Read:
        """One element of a flattened list or map, as a list or map of one."""
        if member.shape.type == "list":
            read_item = self.element(member.shape.member)
            return lambda node: [read_item(node)]
        read_entry = self._entry(member.shape)
        return lambda node: dict([read_entry(node)])

    def _entry(self, shape: Shape) -> Callable[[Element], tuple[str, Any]]:
        key_name = shape.key.given_name or "key"
        value_name = shape.value.given_name or "value"
        read_value = self.element(shape.value)

        def read(node: Element) -> tuple[str, Any]:
            children = {child.tag.rpartition("}")[2]: child for child in node}
            if key_name not in children or value_name not in children:
                raise WireError(f"an entry of a map has no {key_name} or no {value_name}")
            return _text(children[key_name]), read_value(children[value_name])

        return read


def _text(node: Element) -> str:
    if len(node):
        raise WireError("an element was found where text was expected")
    return node.text or ""


READER = Reader()
WRITER = Writer(is_query=False)
QUERY_WRITER = Writer(is_query=True)
