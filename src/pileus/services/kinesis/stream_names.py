"""Which stream a request is about: names, ARNs, and the ARNs of consumers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.services.kinesis import errors

KIND = "stream"  # in the account's list of names
_PREFIX = "stream/"
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_CONSUMER = re.compile(
    r"stream/([a-zA-Z0-9_.-]{1,128})/consumer/([a-zA-Z0-9_.-]{1,128}):(\d{1,18})"
)


class ConsumerName(NamedTuple):
    """What the ARN of a consumer says."""

    stream_arn: str
    name: str


def stream_arn(call: Call, name: str) -> str:
    return call.arn(_PREFIX + name)


def name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def is_stream(arn: str) -> bool:
    parts = arns.parse(arn)
    return (
        parts is not None
        and parts.service == "kinesis"
        and parts.resource.startswith(_PREFIX)
        and _NAME.fullmatch(parts.resource.removeprefix(_PREFIX)) is not None
    )


def consumer_of(arn: str) -> ConsumerName | None:
    """What a consumer's ARN says; None where it is none."""
    parts = arns.parse(arn)
    if parts is None or parts.service != "kinesis":
        return None
    found = _CONSUMER.fullmatch(parts.resource)
    if found is None:
        return None
    return ConsumerName(str(parts._replace(resource=_PREFIX + found[1])), found[2])


_QUEUE = re.compile(r"queue/([a-zA-Z0-9_.-]{1,128}):([0-9a-f]{12})")


class QueueName(NamedTuple):
    """What the ARN of a queue says."""

    stream_arn: str
    queue_id: int


def queue_arn(stream_arn: str, queue_id: int) -> str:
    parts = arns.parse(stream_arn)
    assert parts is not None
    return str(parts._replace(resource=f"queue/{name_of(stream_arn)}:{queue_id:012x}"))


def queue_of(arn: str) -> QueueName | None:
    """What a queue's ARN says; None where it is none."""
    parts = arns.parse(arn)
    if parts is None or parts.service != "kinesis":
        return None
    found = _QUEUE.fullmatch(parts.resource)
    if found is None:
        return None
    return QueueName(str(parts._replace(resource=_PREFIX + found[1])), int(found[2], 16))


def about_queue(call: Call, params: Mapping[str, Any]) -> str:
    """The stream of a queue."""
    found = queue_of(params["QueueARN"])
    if found is None:
        raise errors.queue_not_found(params["QueueARN"])
    return found.stream_arn


def about_stream(call: Call, params: Mapping[str, Any]) -> str:
    """The stream by its name, its ARN, or both."""
    name, arn = params.get("StreamName"), params.get("StreamARN")
    if arn is None:
        if name is None:
            raise errors.no_stream_named()
        return stream_arn(call, name)
    if not is_stream(arn):
        raise errors.invalid_arn(arn)
    if name is not None and name_of(arn) != name:
        raise errors.name_and_arn_differ(name, arn)
    return str(arn)


def about_consumer(call: Call, params: Mapping[str, Any]) -> str:
    """The stream of a consumer, which the request names by its ARN or by name and stream."""
    arn = params.get("ConsumerARN")
    if arn is None:
        if params.get("StreamARN") is None or params.get("ConsumerName") is None:
            raise errors.name_or_arn_of_consumer()
        return about_stream(call, params)
    found = consumer_of(arn)
    if found is None:
        raise errors.invalid_arn(arn)
    given = params.get("StreamARN")
    if given is not None and given != found.stream_arn:
        raise errors.name_or_arn_of_consumer()
    return found.stream_arn


def about_resource(call: Call, params: Mapping[str, Any]) -> str:
    """The stream of a ResourceARN, which is a stream's, a consumer's or a queue's."""
    arn = params["ResourceARN"]
    if is_stream(arn):
        return str(arn)
    found = consumer_of(arn) or queue_of(arn)
    if found is None:
        raise errors.invalid_arn(arn)
    return found.stream_arn
