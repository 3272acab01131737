"""Every operation of every service: botocore and our codecs understand each other both ways."""

from __future__ import annotations

import base64
import hashlib
import io
from functools import cache
from typing import Any

import botocore.awsrequest
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import pytest

from pileus.aws_models import load
from pileus.gateway.host_names import PLAIN
from pileus.gateway.recognise import Recogniser
from pileus.kernel.errors import AwsError
from pileus.kernel.registry import Registry
from pileus.kernel.request import Request
from pileus.protocols import requests, responses
from support.model_examples import SERVICES, Examples, canonical, without_empties

REQUEST_ID = "1f0a5b6c-0000-4000-8000-00000000beef"
FULLNESSES = (1.0, 0.0, 0.4, 0.7)
# Services whose operations have the paths of another's: only the host tells which is meant.
SHARING = {"greengrassv2": "greengrass", "lexv2-models": "lex-models"}
TWINS = {
    ("s3", "ListDirectoryBuckets"): ("s3", "ListBuckets"),
    ("lexv2-models", "ListImports"): ("lex-models", "StartImport"),
}
# Replaced by GetBucketLifecycleConfiguration and so on, which have the same requests.
LEFT_OUT = {
    ("s3", "GetBucketLifecycle"),
    ("s3", "GetBucketNotification"),
    # botocore's parser does not read its answer, but a handler of botocore's client.
    ("s3", "GetBucketLocation"),
    ("s3", "PutBucketLifecycle"),
    ("s3", "PutBucketNotification"),
}


@cache
def botocore_model(name: str, protocol: str) -> botocore.model.ServiceModel:
    description = botocore.loaders.Loader().load_service_model(name, "service-2")
    if name == "sqs" and protocol == "query":
        description = as_query_model(description)
    return botocore.model.ServiceModel(description, name)


def as_query_model(description: dict[str, Any]) -> dict[str, Any]:
    """SQS's model as it was when botocore spoke query: names from our overrides."""
    shapes = description["shapes"]
    ours = load.load("sqs")
    for name, shape in shapes.items():
        traits = ours.shape(name).traits
        references = {**traits.members, "key": traits.key, "value": traits.value}
        for member, reference in references.items():
            target = shape.get("members", {}).get(member) or shape.get(member)
            if reference is not None and reference.query_name:
                target["locationName"] = reference.query_name
                if reference.flattened is not None:
                    target["flattened"] = reference.flattened
        if traits.error is not None:
            shape["error"] = {"code": traits.error.code}
    for operation in description["operations"].values():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{operation['name']}Result"
    description["metadata"]["protocol"] = "query"
    return description


def cases() -> list[tuple[str, str]]:
    return [
        (name, protocol)
        for name in SERVICES
        for protocol in load.load(name).protocols
        if protocol in botocore.serialize.SERIALIZERS
    ]


def without_checksums(shape: Any, sent: dict[str, Any]) -> dict[str, Any]:
    """Without the headers that would have to fit the body."""
    return {
        name: value
        for name, value in sent.items()
        if not shape.members[name]
        .serialization.get("name", "")
        .lower()
        .startswith(("content-md5", "x-amz-checksum-"))
    }


def own_labels(service: load.ServiceModel, request: Request) -> dict[str, str]:
    route = service.router.match(request.method, request.path, request.query, request.headers)
    assert route is not None
    return route[1]


def request_from(serialized: dict[str, Any]) -> Request:
    botocore.awsrequest.prepare_request_dict(serialized, "http://localhost:4566")
    prepared = botocore.awsrequest.create_request_object(serialized).prepare()
    location = prepared.url.removeprefix("http://").partition("/")[2]
    path, _, query = location.partition("?")
    body = prepared.body or b""
    return Request(
        method=prepared.method,
        path="/" + path,
        query=query,
        headers={name.lower(): _text(value) for name, value in prepared.headers.items()},
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize(("name", "protocol"), cases())
def test_requests_of_botocore_are_recognised_and_read(name: str, protocol: str) -> None:
    theirs = botocore_model(name, protocol)
    ours = load.load(name)
    recogniser = Recogniser(Registry([]))
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    for operation_name in theirs.operation_names:
        operation = theirs.operation_model(operation_name)
        if operation.has_event_stream_input or (name, operation_name) in LEFT_OUT:
            continue
        for index, fullness in enumerate(FULLNESSES):
            examples = Examples(f"{name}.{operation_name}.{index}", fullness)
            shape = operation.input_shape
            sent = without_checksums(shape, examples.of(shape)) if shape is not None else {}
            request = request_from(serializer.serialize_to_request(sent, operation))
            found = recogniser.recognise(request, ours.signing_name, PLAIN)
            assert found.operation is not None, f"{operation_name}: {request}"
            recognised = (found.service.name, found.operation.name)
            labels = found.labels
            if recognised != (name, operation_name):
                twin = (SHARING.get(name, name), operation_name)
                assert TWINS.get((name, operation_name), twin) == recognised
                labels = own_labels(ours, request)
            assert protocol == found.protocol
            mine = ours.operation(operation_name)
            assert mine is not None
            if operation.http_checksum_required or operation.http_checksum:
                digest = hashlib.md5(request.body).digest()
                request.headers["content-md5"] = base64.b64encode(digest).decode()
            parsed = requests.parse(request, ours, protocol, mine, labels)
            expected = without_empties(canonical(shape, sent))
            for member in ("ContentLength", "ContentMD5"):
                if member not in sent:
                    parsed.pop(member, None)
            assert expected == without_empties(parsed), f"{operation_name} #{index}"


@pytest.mark.parametrize(("name", "protocol"), cases())
def test_answers_are_read_by_botocore(name: str, protocol: str) -> None:
    theirs = botocore_model(name, protocol)
    ours = load.load(name)
    parser = botocore.parsers.create_parser(protocol)
    for operation_name in theirs.operation_names:
        operation = theirs.operation_model(operation_name)
        mine = ours.operation(operation_name)
        assert mine is not None
        if operation.has_event_stream_output or (name, operation_name) in LEFT_OUT:
            continue
        for index, fullness in enumerate(FULLNESSES):
            examples = Examples(f"{name}.{operation_name}.{index}", fullness, protocol != "json")
            shape = operation.output_shape
            made = examples.of(shape) if shape is not None else {}
            answer = responses.success(mine, protocol, canonical(shape, made), REQUEST_ID)
            parsed = parser.parse(as_botocore_response(answer, operation), shape)
            metadata = parsed.pop("ResponseMetadata")
            if shape is not None or protocol != "smithy-rpc-v2-cbor":
                assert REQUEST_ID == metadata["RequestId"]
            if answer.status == 204:
                made = {key: made[key] for key in made if key in parsed}
            for key, value in list(parsed.items()):
                if hasattr(value, "read"):
                    parsed[key] = value.read()
            assert without_empties(made) == without_empties(parsed), f"{operation_name} #{index}"


@pytest.mark.parametrize(("name", "protocol"), cases())
def test_errors_are_read_by_botocore(name: str, protocol: str) -> None:
    theirs = botocore_model(name, protocol)
    ours = load.load(name)
    parser = botocore.parsers.create_parser(protocol)
    for shape in theirs.error_shapes:
        examples = Examples(f"{name}.{shape.name}", 0.7)
        members = examples.of(shape)
        message = "It is not <there> & never was."
        for key in list(members):
            if key.lower() in ("message", "code", "type"):
                del members[key]
        error = AwsError(shape.name, message, **canonical(shape, members))
        answer = responses.failure(ours, None, protocol, error, REQUEST_ID)
        response = as_botocore_response(answer, None)
        parsed = parser.parse(response, None)
        assert message == parsed["Error"]["Message"], shape.name
        assert REQUEST_ID == parsed["ResponseMetadata"]["RequestId"]
        codes = (parsed["Error"].get("QueryErrorCode"), parsed["Error"]["Code"])
        assert shape.error_code in [
            known.error_code for known in map(theirs.shape_for_error_code, codes) if known
        ]
        modelled = parser.parse(response, shape)
        for key in list(modelled):
            if key.lower() in ("message", "code", "type"):
                del modelled[key]
        modelled.pop("ResponseMetadata", None)
        assert without_empties(members) == without_empties(modelled), shape.name


def as_botocore_response(answer: Any, operation: Any) -> dict[str, Any]:
    body: Any = answer.body
    assert isinstance(body, bytes)
    if operation is not None and operation.has_streaming_output:
        body = io.BytesIO(body)
    return {
        "status_code": answer.status,
        "headers": botocore.awsrequest.HeadersDict(answer.headers),
        "body": body,
        "context": {"operation_name": operation.name if operation is not None else ""},
    }
