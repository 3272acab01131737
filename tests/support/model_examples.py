"""Seeded examples of what AWS's models allow, and the services whose models are tested."""

from __future__ import annotations

import math
import random
import string
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

# Every service that requirements.md names, and those that share a signing name or a protocol with
# one of them, by botocore's directory names. Elastic Transcoder is missing: botocore has dropped
# its model.
SERVICES = (
    "apigateway",
    "apigatewaymanagementapi",
    "apigatewayv2",
    "application-autoscaling",
    "autoscaling",
    "batch",
    "cloudformation",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "codecommit",
    "cognito-identity",
    "cognito-idp",
    "config",
    "dynamodb",
    "dynamodbstreams",
    "ec2",
    "ecr",
    "ecs",
    "efs",
    "eks",
    "elb",
    "elbv2",
    "emr",
    "es",
    "events",
    "firehose",
    "glue",
    "greengrass",
    "greengrassv2",
    "iam",
    "iot",
    "iot-data",
    "kinesis",
    "kinesisanalytics",
    "kinesisanalyticsv2",
    "kms",
    "lambda",
    "lex-models",
    "lex-runtime",
    "lexv2-models",
    "lexv2-runtime",
    "logs",
    "mediaconvert",
    "mq",
    "mturk",
    "opensearch",
    "pipes",
    "redshift",
    "redshift-data",
    "route53",
    "s3",
    "s3control",
    "sagemaker",
    "scheduler",
    "schemas",
    "secretsmanager",
    "ses",
    "sesv2",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "swf",
    "wafv2",
    "xray",
)

DEPTH_MAX = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS = ("queue", "blue whale", "Zürich", "東京", "a&b<c>", "it's", 'say "hi"', "x,y", "50%", "+1")
_EMPTY: tuple[Any, ...] = ({}, [], b"", "")
_PLAIN = string.ascii_letters + string.digits + "-_."


class Examples:
    """Makes values for botocore's shapes; the same seed makes the same values.

    `fullness` is the chance of each optional member. Timestamps are made as datetimes, which is
    what botocore takes and gives.
    """

    def __init__(self, seed: str, fullness: float, has_infinity: bool = True) -> None:
        self._random = random.Random(seed)
        self._fullness = fullness
        self._doubles = (0.0, 0.1, -1.5e300, math.inf) if has_infinity else (0.0, 0.1, -1.5e300)

    def of(self, shape: Any, depth: int = 0) -> Any:
        return getattr(self, f"_{shape.type_name}")(shape, depth)

    def _structure(self, shape: Any, depth: int) -> Any:
        if shape.is_document_type:
            return self._document()
        names = list(shape.members)
        if shape.is_tagged_union:
            names = [self._random.choice(names)]
        elif depth >= DEPTH_MAX:
            names = [name for name in names if name in shape.required_members]
        else:
            names = [
                name
                for name in names
                if name in shape.required_members
                or _must_be_there(shape.members[name])
                or self._random.random() < self._fullness / (1 + depth)
            ]
        made = {}
        for name in names:
            member = shape.members[name]
            if member.serialization.get("eventstream") or _is_too_deep(member, depth):
                continue
            made[name] = self._member(member, depth + 1)
        return made

    def _member(self, member: Any, depth: int) -> Any:
        place = member.serialization.get("location")
        if place == "statusCode":
            return self._random.choice((200, 202))
        if place == "header" and member.serialization.get("jsonvalue"):
            return {"key": [1, "two", None, self._word()]}
        if member.serialization.get("hostLabel"):
            return "label" + str(self._random.randrange(1000))
        if place == "header" and member.type_name == "timestamp":
            return self._timestamp(member, depth).replace(microsecond=0)
        if place in ("header", "headers") and member.type_name in ("string", "list", "map"):
            return self._in_header(member)
        if place == "uri" and member.type_name == "string" and "enum" not in member.metadata:
            return self._plain() + self._random.choice(("", "/%2F", " é", "?&=#"))
        return self.of(member, depth)

    def _in_header(self, member: Any) -> Any:
        if member.type_name == "map":
            return {self._plain().lower(): self._plain() for _ in range(2)}
        if member.type_name == "list":
            if member.member.type_name == "string" and not member.member.enum:
                return [self._plain(), 'with, comma "and" quote', self._plain()]
            return [self.of(member.member, DEPTH_MAX) for _ in range(2)]
        return self._random.choice(member.enum) if member.enum else f"{self._plain()}; a,b"

    def _list(self, shape: Any, depth: int) -> list[Any]:
        if _is_too_deep(shape.member, depth):
            return []
        count = self._random.choice((1, 2, 3) if depth < 3 else (1,))
        return [self.of(shape.member, depth + 1) for _ in range(count)]

    def _map(self, shape: Any, depth: int) -> dict[str, Any]:
        if _is_too_deep(shape.value, depth):
            return {}
        count = self._random.choice((1, 2) if depth < 3 else (1,))
        return {
            self._string(shape.key, depth): self.of(shape.value, depth + 1) for _ in range(count)
        }

    def _string(self, shape: Any, depth: int) -> str:
        if shape.enum:
            return str(self._random.choice(shape.enum))
        return self._word()

    _character = _string

    def _integer(self, shape: Any, depth: int) -> int:
        return self._random.choice((0, 1, -1, 7, 2**31 - 1, -(2**31), self._random.randrange(9999)))

    def _long(self, shape: Any, depth: int) -> int:
        return self._random.choice((0, -1, 2**63 - 1, -(2**63), self._random.randrange(2**53)))

    def _float(self, shape: Any, depth: int) -> float:
        return float(struct.unpack(">f", struct.pack(">f", self._random.uniform(-1e6, 1e6)))[0])

    def _double(self, shape: Any, depth: int) -> float:
        return self._random.choice((*self._doubles, self._random.uniform(-1, 1)))

    def _boolean(self, shape: Any, depth: int) -> bool:
        return self._random.random() < 0.5

    def _blob(self, shape: Any, depth: int) -> bytes:
        return bytes(self._random.randrange(256) for _ in range(self._random.randrange(1, 20)))

    def _timestamp(self, shape: Any, depth: int) -> datetime:
        milliseconds = self._random.randrange(10**9, 4 * 10**12)
        # An HTTP date has whole seconds.
        if shape.serialization.get("timestampFormat") == "rfc822":
            milliseconds -= milliseconds % 1000
        return _EPOCH + timedelta(milliseconds=milliseconds)

    def _document(self) -> Any:
        return {"a": [1, 2.5, True, {"b": self._word()}], "c": None, "d": "e"}

    def _word(self) -> str:
        return self._random.choice(_WORDS) + self._plain()

    def _plain(self) -> str:
        return "".join(self._random.choices(_PLAIN, k=self._random.randrange(3, 9)))


def _must_be_there(member: Any) -> bool:
    return member.serialization.get("location") in ("uri", "statusCode") or bool(
        member.serialization.get("hostLabel")
    )


def _is_too_deep(shape: Any, depth: int) -> bool:
    return depth > 2 * DEPTH_MAX and shape.type_name in ("structure", "list", "map")


def canonical(shape: Any, value: Any) -> Any:
    """A value for botocore as operations see it: times as epoch milliseconds."""
    if value is None or shape is None:
        return value
    if shape.type_name == "structure":
        if shape.is_document_type:
            return value
        return {name: canonical(shape.members[name], item) for name, item in value.items()}
    if shape.type_name == "list":
        return [canonical(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: canonical(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return (value - _EPOCH) // timedelta(milliseconds=1)
    return value


def without_empties(value: Any) -> Any:
    """A value without what is empty: forms, headers and payloads cannot carry it."""
    if isinstance(value, dict):
        kept = {key: without_empties(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in _EMPTY}
    if isinstance(value, list):
        return [item for item in map(without_empties, value) if item not in _EMPTY]
    return value
