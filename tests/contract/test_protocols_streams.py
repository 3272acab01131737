"""Event streams: every event of every operation that has them, against botocore's own classes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import botocore.awsrequest
import botocore.eventstream
import botocore.loaders
import botocore.model
import botocore.parsers
import pytest
from botocore.exceptions import EventStreamError

from pileus.aws_models import load
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from pileus.protocols import events, requests, responses
from support.model_examples import SERVICES, Examples, canonical, without_empties

REQUEST_ID = "1f0a5b6c-0000-4000-8000-00000000beef"


class Raw:
    """A body as urllib3 gives it to botocore."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        # Chunks that cut frames anywhere.
        for start in range(0, len(self._body), 11):
            yield self._body[start : start + 11]

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in self.stream():
            yield chunk

    def close(self) -> None:
        pass


def streams(direction: str) -> list[tuple[str, str, str]]:
    found = []
    for name in SERVICES:
        service = load.load(name)
        for operation_name in service.operation_names:
            operation = service.operation(operation_name)
            assert operation is not None
            shape = getattr(operation, direction)
            if shape is not None and shape.event_stream is not None:
                found += [
                    (name, operation_name, protocol)
                    for protocol in service.protocols
                    if protocol in botocore.parsers.PROTOCOL_PARSERS
                ]
    return found


def examples_of(name: str, operation_name: str, direction: str) -> tuple[Any, list[dict[str, Any]]]:
    """The shape of a stream, and two examples of each of its events."""
    description = botocore.loaders.Loader().load_service_model(name, "service-2")
    operation = botocore.model.ServiceModel(description, name).operation_model(operation_name)
    stream = operation.get_event_stream_output() if direction == "output" else None
    stream = stream or operation.get_event_stream_input()
    made = []
    for event, shape in stream.members.items():
        if not shape.metadata.get("exception"):
            for index, fullness in enumerate((1.0, 0.4)):
                examples = Examples(f"{name}.{operation_name}.{event}.{index}", fullness, False)
                made.append({event: examples.of(shape)})
    return operation, made


async def iterate(found: list[Any]) -> AsyncIterator[Any]:
    for each in found:
        if isinstance(each, AwsError):
            raise each
        yield each


async def collect(chunks: AsyncIterator[bytes] | bytes) -> bytes:
    if isinstance(chunks, bytes):
        return chunks
    return b"".join([chunk async for chunk in chunks])


def answer(name: str, operation_name: str, protocol: str, sent: list[Any]) -> dict[str, Any]:
    ours = load.load(name).operation(operation_name)
    assert ours is not None
    assert ours.output is not None
    member = ours.output.event_stream
    assert member is not None
    output = {member.name: iterate(sent)}
    response = responses.success(ours, protocol, output, REQUEST_ID)
    return {
        "status_code": response.status,
        "headers": botocore.awsrequest.HeadersDict(response.headers),
        "body": Raw(asyncio.run(collect(response.body))),
        "context": {"operation_name": operation_name},
    }


@pytest.mark.parametrize(("name", "operation_name", "protocol"), streams("output"))
def test_botocore_reads_each_event(name: str, operation_name: str, protocol: str) -> None:
    operation, made = examples_of(name, operation_name, "output")
    stream = operation.get_event_stream_output()
    response = answer(name, operation_name, protocol, [canonical(stream, each) for each in made])
    parsed = botocore.parsers.create_parser(protocol).parse(response, operation.output_shape)
    received = list(parsed[operation.output_shape.event_stream_name])
    assert [without_empties(each) for each in made] == [without_empties(each) for each in received]


@pytest.mark.parametrize(("name", "operation_name", "protocol"), streams("output"))
def test_botocore_raises_each_exception(name: str, operation_name: str, protocol: str) -> None:
    operation, _ = examples_of(name, operation_name, "output")
    stream = operation.get_event_stream_output()
    codes = [each for each in stream.members if stream.members[each].metadata.get("exception")]
    for code in [*codes, "SomethingElse"]:
        error = AwsError(code, "No more.")
        response = answer(name, operation_name, protocol, [error])
        parsed = botocore.parsers.create_parser(protocol).parse(response, operation.output_shape)
        with pytest.raises(EventStreamError) as raised:
            list(parsed[operation.output_shape.event_stream_name])
        assert code == raised.value.response["Error"]["Code"]
        if code not in codes or _has_message(stream.members[code]):
            assert "No more." == raised.value.response["Error"]["Message"]


def _has_message(shape: Any) -> bool:
    return any(member.lower() == "message" for member in shape.members)


@pytest.mark.parametrize(("name", "operation_name", "protocol"), streams("input"))
def test_events_of_requests_are_read(name: str, operation_name: str, protocol: str) -> None:
    operation, made = examples_of(name, operation_name, "input")
    service = load.load(name)
    ours = service.operation(operation_name)
    assert ours is not None
    assert ours.input is not None
    member = ours.input.event_stream
    assert member is not None
    sent = [canonical(operation.get_event_stream_input(), each) for each in made]
    body = asyncio.run(collect(events.encode_stream(member.shape, protocol, iterate(sent))))
    request = Request("POST", "/", "", {}, stream=Raw(body).chunks())
    params = requests.parse(request, service, protocol, ours, {})

    async def read() -> list[Any]:
        return [event async for event in params[member.name]]

    assert without_empties(sent) == without_empties(asyncio.run(read()))
