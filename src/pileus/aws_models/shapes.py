"""The shapes of AWS's models: structures, lists, maps and scalars, resolved when needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class XmlNamespace(msgspec.Struct, frozen=True, omit_defaults=True):
    """The namespace that an XML element declares."""

    uri: str = ""
    prefix: str = ""


class Reference(msgspec.Struct, omit_defaults=True, rename="camel", gc=False):
    """How a structure, list, map or operation refers to a shape; its traits cover the shape's."""

    shape: str
    location: str | None = None
    location_name: str | None = None
    query_name: str | None = None
    result_wrapper: str | None = None
    timestamp_format: str | None = None
    xml_namespace: XmlNamespace | str | None = None
    flattened: bool | None = None
    xml_attribute: bool = False
    jsonvalue: bool = False
    host_label: bool = False
    idempotency_token: bool = False
    streaming: bool | None = None
    eventpayload: bool = False
    eventheader: bool = False


class ErrorTraits(msgspec.Struct, omit_defaults=True, rename="camel"):
    """What a model says about an error answer."""

    code: str | None = None
    http_status_code: int | None = None
    sender_fault: bool | None = None


class ShapeTraits(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A shape as the model file has it, without its documentation."""

    type: str
    members: dict[str, Reference] = {}
    required: list[str] = []
    member: Reference | None = None
    key: Reference | None = None
    value: Reference | None = None
    min: int | float | None = None
    max: int | float | None = None
    enum: list[str] | None = None
    pattern: str | None = None
    payload: str | None = None
    exception: bool = False
    error: ErrorTraits | None = None
    fault: bool = False
    streaming: bool = False
    flattened: bool = False
    sensitive: bool = False
    document: bool = False
    union: bool = False
    event: bool = False
    eventstream: bool = False
    location_name: str | None = None
    timestamp_format: str | None = None
    xml_namespace: XmlNamespace | str | None = None


class Shape:
    """One shape. Identity is equality: a service has one object per shape name."""

    __slots__ = ("_key", "_member", "_members", "_resolve", "_value", "compiled", "name", "traits")

    def __init__(self, name: str, traits: ShapeTraits, resolve: Callable[[str], Shape]) -> None:
        self.name = name
        self.traits = traits
        # What others compute from this shape once: codecs, validators, by their own key.
        self.compiled: dict[str, Any] = {}
        self._resolve = resolve
        self._members: dict[str, Member] | None = None
        self._member: Member | None = None
        self._key: Member | None = None
        self._value: Member | None = None

    @property
    def type(self) -> str:
        return self.traits.type

    @property
    def members(self) -> dict[str, Member]:
        """The members of a structure by AWS's names; empty for all other types."""
        if self._members is None:
            self._members = {
                name: Member(name, reference, self._resolve(reference.shape))
                for name, reference in self.traits.members.items()
            }
        return self._members

    @property
    def member(self) -> Member:
        """What a list holds."""
        if self._member is None:
            assert self.traits.member is not None, f"{self.name} is no list"
            reference = self.traits.member
            self._member = Member("member", reference, self._resolve(reference.shape))
        return self._member

    @property
    def key(self) -> Member:
        """The keys of a map."""
        if self._key is None:
            assert self.traits.key is not None, f"{self.name} is no map"
            self._key = Member("key", self.traits.key, self._resolve(self.traits.key.shape))
        return self._key

    @property
    def value(self) -> Member:
        """The values of a map."""
        if self._value is None:
            assert self.traits.value is not None, f"{self.name} is no map"
            self._value = Member("value", self.traits.value, self._resolve(self.traits.value.shape))
        return self._value

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.traits.required)

    @property
    def event_stream(self) -> Member | None:
        """The member that is a stream of events, if there is one."""
        for member in self.members.values():
            if member.shape.traits.eventstream:
                return member
        return None

    @property
    def error_code(self) -> str:
        """The code of an error shape as AWS's older protocols print it."""
        error = self.traits.error
        return error.code if error is not None and error.code else self.name

    def __repr__(self) -> str:
        return f"<Shape {self.name}: {self.type}>"


class Member:
    """A member of a structure, list or map: a name, a shape, and where the wire has it."""

    __slots__ = ("name", "reference", "shape")

    def __init__(self, name: str, reference: Reference, shape: Shape) -> None:
        self.name = name
        self.reference = reference
        self.shape = shape

    @property
    def location(self) -> str | None:
        """`uri`, `querystring`, `header`, `headers`, `statusCode`, or None: in the body."""
        return self.reference.location

    @property
    def given_name(self) -> str | None:
        """The name on the wire where the model gives one."""
        return self.reference.location_name or self.shape.traits.location_name

    @property
    def wire_name(self) -> str:
        return self.given_name or self.name

    @property
    def is_flattened(self) -> bool:
        if self.reference.flattened is not None:
            return self.reference.flattened
        return self.shape.traits.flattened

    @property
    def is_streaming(self) -> bool:
        return bool(self.reference.streaming) or self.shape.traits.streaming

    @property
    def timestamp_format(self) -> str | None:
        return self.reference.timestamp_format or self.shape.traits.timestamp_format

    @property
    def xml_namespace(self) -> XmlNamespace | None:
        namespace = self.reference.xml_namespace or self.shape.traits.xml_namespace
        return XmlNamespace(uri=namespace) if isinstance(namespace, str) else namespace

    def __repr__(self) -> str:
        return f"<Member {self.name}: {self.shape!r}>"
