"""Reads botocore's packaged models and keeps of them what serving needs, in little memory.

A model file is read once, without its documentation, into small encoded pieces, one for each
shape and operation; a piece is decoded when it is first looked at.
"""

from __future__ import annotations

import gzip
import importlib.util
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from pileus.aws_models import overrides
from pileus.aws_models.routes import Labels, Route, Router, form_of, route_of
from pileus.aws_models.shapes import Reference, Shape, ShapeTraits, XmlNamespace

# The metadata stands first in every model file; this much of it holds them whole.
METADATA_BYTES_MAX = 8_192
_REST = ("rest-json", "rest-xml")
_METADATA = re.compile(
    rb'"metadata"\s*:\s*(\{.*?\})\s*,\s*"(operations|shapes|documentation|clientContextParams)"\s*:',
    re.DOTALL,
)


class Metadata(msgspec.Struct, rename="camel"):
    """What a model says about its service as a whole."""

    api_version: str
    endpoint_prefix: str
    protocol: str
    service_id: str = ""
    protocols: list[str] = []
    json_version: str = "1.0"
    target_prefix: str = ""
    signing_name: str = ""
    signature_version: str = "v4"
    xml_namespace: XmlNamespace | str | None = None
    aws_query_compatible: dict[str, Any] | None = None


class HttpTraits(msgspec.Struct, rename="camel"):
    """Where an operation is found on the wire."""

    method: str = "POST"
    request_uri: str = "/"
    response_code: int | None = None


class EndpointTraits(msgspec.Struct, rename="camel"):
    """What an operation puts before the service's host."""

    host_prefix: str = ""


class OperationTraits(msgspec.Struct, rename="camel", omit_defaults=True):
    """An operation as the model file has it, without its documentation."""

    http: HttpTraits = msgspec.field(default_factory=HttpTraits)
    input: Reference | None = None
    output: Reference | None = None
    errors: list[Reference] = []
    endpoint: EndpointTraits | None = None
    http_checksum_required: bool = False
    http_checksum: dict[str, Any] | None = None
    requestcompression: dict[str, Any] | None = None
    authtype: str | None = None
    readonly: bool = False
    idempotent: bool = False
    deprecated: bool = False


class _ModelFile(msgspec.Struct):
    metadata: dict[str, Any]
    operations: dict[str, OperationTraits]
    shapes: dict[str, ShapeTraits]


class OperationModel:
    """One operation of a service."""

    def __init__(self, service: ServiceModel, name: str, traits: OperationTraits) -> None:
        self.service = service
        self.name = name
        self.traits = traits
        self.input = service.shape(traits.input.shape) if traits.input else None
        self.output = service.shape(traits.output.shape) if traits.output else None
        # What others compute from this operation once, by their own key.
        self.compiled: dict[str, Any] = {}

    @property
    def errors(self) -> tuple[str, ...]:
        """The names of the error shapes that the operation declares."""
        return tuple(reference.shape for reference in self.traits.errors)

    @property
    def status(self) -> int:
        return self.traits.http.response_code or 200

    @property
    def result_wrapper(self) -> str:
        """The element around a result in the query protocol."""
        output = self.traits.output
        return (output and output.result_wrapper) or f"{self.name}Result"

    @property
    def host_prefix(self) -> str:
        return self.traits.endpoint.host_prefix if self.traits.endpoint else ""

    def __repr__(self) -> str:
        return f"<OperationModel {self.service.name}.{self.name}>"


class ServiceModel:
    """One service's API, under the name that its directory in botocore has."""

    def __init__(self, name: str, file: _ModelFile) -> None:
        self.name = name
        self.metadata = msgspec.convert(file.metadata, Metadata)
        self.protocols = tuple(self.metadata.protocols or [self.metadata.protocol])
        self.rest_protocol = next((each for each in self.protocols if each in _REST), "")
        self.target_prefix = self.metadata.target_prefix
        self.json_version = self.metadata.json_version
        self.json_content_type = f"application/x-amz-json-{self.json_version}"
        self.endpoint_prefix = self.metadata.endpoint_prefix
        self.signing_name = self.metadata.signing_name or self.metadata.endpoint_prefix
        self.service_id = self.metadata.service_id
        self.api_version = self.metadata.api_version
        self.operation_names = tuple(file.operations)
        self._operations: dict[str, OperationModel] = {}
        self._shapes: dict[str, Shape] = {}
        self._error_names: dict[str, str] = {}
        self._encoded_operations = _encode_all(file.operations)
        self._encoded_shapes = _encode_all(file.shapes)
        self._router: Router | None = None
        for shape_name, traits in file.shapes.items():
            if traits.exception:
                self._error_names[shape_name] = shape_name
                if traits.error and traits.error.code:
                    self._error_names.setdefault(traits.error.code, shape_name)

    @property
    def xml_namespace(self) -> str:
        namespace = self.metadata.xml_namespace
        return namespace.uri if isinstance(namespace, XmlNamespace) else namespace or ""

    @property
    def is_query_compatible(self) -> bool:
        """Whether JSON and CBOR error answers also carry the query protocol's code."""
        return self.metadata.aws_query_compatible is not None

    @property
    def router(self) -> Router:
        """Finds the operation of a REST request."""
        if self._router is None:
            self._router = Router(self._routes())
        return self._router

    def _routes(self) -> Iterator[tuple[str, str, Route]]:
        decode = msgspec.json.Decoder(OperationTraits).decode
        operations = {name: decode(encoded) for name, encoded in self._encoded_operations.items()}
        forms = Counter(
            form_of(traits.http.method, traits.http.request_uri) for traits in operations.values()
        )
        for operation_name, traits in operations.items():
            http = traits.http
            names: dict[str, list[str]] = {"querystring": [], "header": []}
            if traits.input is not None and forms[form_of(http.method, http.request_uri)] > 1:
                shape = self.shape(traits.input.shape)
                for member in map(shape.members.__getitem__, shape.traits.required):
                    if member.location in names:
                        names[member.location].append(member.wire_name)
            yield (
                http.method,
                http.request_uri,
                route_of(
                    operation_name,
                    http.request_uri,
                    names["querystring"],
                    [name.lower() for name in names["header"]],
                    traits.deprecated,
                ),
            )

    def operation(self, name: str) -> OperationModel | None:
        found = self._operations.get(name)
        if found is None:
            encoded = self._encoded_operations.get(name)
            if encoded is None:
                return None
            found = OperationModel(self, name, msgspec.json.decode(encoded, type=OperationTraits))
            self._operations[name] = found
        return found

    def shape(self, name: str) -> Shape:
        found = self._shapes.get(name)
        if found is None:
            traits = msgspec.json.decode(self._encoded_shapes[name], type=ShapeTraits)
            found = self._shapes[name] = Shape(name, traits, self.shape)
        return found

    def error_shape(self, code: str) -> Shape | None:
        """The error shape with this name, or with this code in AWS's older protocols."""
        name = self._error_names.get(code)
        return self.shape(name) if name is not None else None

    @property
    def error_shapes(self) -> list[Shape]:
        return [self.shape(name) for name in dict.fromkeys(self._error_names.values())]

    def __repr__(self) -> str:
        return f"<ServiceModel {self.name}>"


@cache
def load(name: str) -> ServiceModel:
    """The model of a service by botocore's name for it. Raises KeyError for an unknown one."""
    path = _model_path(name)
    file = msgspec.json.decode(_read(path), type=_ModelFile)
    extras = path.parent / "service-2.sdk-extras.json"
    if extras.exists():
        _merge_file(file, msgspec.json.decode(extras.read_bytes())["merge"])
    if name in overrides.MODEL_CHANGES:
        _merge_file(file, overrides.MODEL_CHANGES[name])
    return ServiceModel(name, file)


def find_route(
    services: Sequence[ServiceModel],
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
) -> tuple[ServiceModel, str, Labels] | None:
    """The REST operation that a request to one of these services means, with its labels.

    Some services share a signing name, so paths tell them apart: by a slash at the end (Lex), or
    because one of them would take any path (S3, against S3 Control). `services` are `in_order`.
    """
    for is_strict in (True, False) if len(services) > 1 else (False,):
        for service in services:
            found = service.router.match(method, path, query, headers, is_strict)
            if found is not None:
                return service, *found
    return None


def in_order(services: Iterable[ServiceModel]) -> tuple[ServiceModel, ...]:
    """Those that would take any path come last."""
    return tuple(sorted(services, key=lambda service: service.router.takes_any_path))


@cache
def service_names() -> tuple[str, ...]:
    """Every service that botocore has a model for."""
    return tuple(sorted(path.name for path in _data_path().iterdir() if path.is_dir()))


def metadata(name: str) -> Metadata:
    """A service's metadata, read without the rest of its model."""
    path = _model_path(name)
    with path.open("rb") as file:
        head = file.read(METADATA_BYTES_MAX)
    if path.suffix == ".gz":
        head = zlib.decompressobj(31).decompress(head, METADATA_BYTES_MAX)
    match = _METADATA.search(head)
    if match is None:
        raise ValueError(f"{path} does not begin with its metadata")
    found = msgspec.json.decode(match[1])
    _merge(found, overrides.MODEL_CHANGES.get(name, {}).get("metadata", {}))
    return msgspec.convert(found, Metadata)


@cache
def _data_path() -> Path:
    # The package is found, not imported: botocore's client machinery costs memory.
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise RuntimeError("botocore is not installed; the service models come from it")
    return Path(spec.origin).parent / "data"


@cache
def _model_path(name: str) -> Path:
    folder = _data_path() / name
    if "/" in name or name.startswith(".") or not folder.is_dir():
        raise KeyError(name)
    for version in sorted((path for path in folder.iterdir()), reverse=True):
        for file_name in ("service-2.json.gz", "service-2.json"):
            if (version / file_name).exists():
                return version / file_name
    raise KeyError(name)


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def _encode_all(pieces: dict[str, Any]) -> dict[str, bytes]:
    encode = msgspec.json.Encoder().encode
    return {name: encode(piece) for name, piece in pieces.items()}


def _merge_file(file: _ModelFile, changes: dict[str, Any]) -> None:
    _merge(file.metadata, changes.get("metadata", {}))
    for name, change in changes.get("shapes", {}).items():
        known = file.shapes.get(name)
        shape = msgspec.to_builtins(known) if known is not None else {}
        _merge(shape, change)
        file.shapes[name] = msgspec.convert(shape, ShapeTraits)
    for name, change in changes.get("operations", {}).items():
        present = file.operations.get(name)
        operation = msgspec.to_builtins(present) if present is not None else {}
        _merge(operation, change)
        file.operations[name] = msgspec.convert(operation, OperationTraits)


def _merge(into: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
