"""API requests as SDKs write them, signed, in every protocol that a service speaks."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import botocore.session
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import SERIALIZERS, create_serializer

from support.model_examples import Examples
from support.signing import at

_SESSION = botocore.session.get_session()


def protocols_of(service: str) -> list[str]:
    metadata = _SESSION.get_service_model(service).metadata
    return [
        name for name in metadata.get("protocols", [metadata["protocol"]]) if name in SERIALIZERS
    ]


def operations_of(service: str) -> list[str]:
    return list(_SESSION.get_service_model(service).operation_names)


def example(service: str, operation: str, seed: str) -> dict[str, Any]:
    """Parameters that the model allows, though no resource has their names."""
    shape = _SESSION.get_service_model(service).operation_model(operation).input_shape
    if shape is None:
        return {}
    made: dict[str, Any] = Examples(seed, fullness=0.5).of(shape)
    return made


def written(
    service: str,
    operation: str,
    params: Mapping[str, Any],
    *,
    protocol: str,
    host: str = "localhost:4566",
    now: int,
    key: str = "test",
) -> bytes:
    """The bytes of a signed request."""
    model = _SESSION.get_service_model(service)
    serializer = create_serializer(protocol, include_validation=False)
    made = serializer.serialize_to_request(dict(params), model.operation_model(operation))
    body = made["body"]
    headers = dict(made["headers"])
    if isinstance(body, Mapping):
        body = urlencode(_pairs(body)).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    elif isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b""
    query = made["query_string"]
    if isinstance(query, Mapping):
        query = urlencode(_pairs(query), quote_via=quote)
    path = made["url_path"] or "/"
    joiner = "&" if "?" in path else "?"
    url = f"http://{host}{path}" + (f"{joiner}{query}" if query else "")
    return signed(service, made["method"], url, headers, body, now=now, key=key)


def signed(
    service: str, method: str, url: str, headers: dict[str, str], body: bytes, *, now: int, key: str
) -> bytes:
    name = _SESSION.get_service_model(service).signing_name
    sent = AWSRequest(method=method, url=url, data=body, headers=headers)
    signer = (S3SigV4Auth if name == "s3" else SigV4Auth)(
        Credentials(key, "test"), name, "us-east-1"
    )
    with at(now):
        signer.add_auth(sent)
    sent.headers["Content-Length"] = str(len(body))
    return raw(method, url, sent.headers.items(), body)


def raw(method: str, url: str, headers: Any, body: bytes) -> bytes:
    host, _, target = url.removeprefix("http://").partition("/")
    lines = [f"{method} /{target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers:
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        lines.append(f"{name}: {text}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, str(item))
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
    ]


def chosen(chance: random.Random, service: str, count: int) -> list[str]:
    names = operations_of(service)
    return chance.sample(names, min(count, len(names)))
