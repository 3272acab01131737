"""A function's keywords are an operation's members, required where they are required."""

from typing import Any, NotRequired, TypedDict, Unpack

import pytest
from botocore import xform_name

from pileus.aws_models import load
from pileus.aws_models.bind import bind, function_name, keyword_name
from pileus.aws_models.load import OperationModel
from support.model_examples import SERVICES


def operation(service: str, name: str) -> OperationModel:
    found = load.load(service).operation(name)
    assert found is not None
    return found


SEND = operation("sqs", "SendMessage")
PARAMS = {"QueueUrl": "http://localhost/q", "MessageBody": "hello", "DelaySeconds": 3}


def test_members_become_keywords() -> None:
    def send_message(
        call: Any, *, queue_url: str, message_body: str, delay_seconds: int | None = None
    ) -> None: ...

    binding = bind(send_message, SEND)
    assert {
        "queue_url": "http://localhost/q",
        "message_body": "hello",
        "delay_seconds": 3,
    } == binding.keywords(PARAMS)
    assert [] == binding.ignored(PARAMS)
    assert frozenset({"QueueUrl", "MessageBody", "DelaySeconds"}) == binding.members


def test_members_that_are_not_taken_are_listed() -> None:
    def send_message(call: Any, *, queue_url: str, message_body: str) -> None: ...

    binding = bind(send_message, SEND)
    assert ["DelaySeconds"] == binding.ignored(PARAMS)
    assert {"queue_url", "message_body"} == binding.keywords(PARAMS).keys()


def test_an_unknown_keyword_is_refused() -> None:
    def send_message(
        call: Any, *, queue_url: str, message_body: str, colour: str | None = None
    ) -> None: ...

    with pytest.raises(TypeError, match="does not fit sqs SendMessage: colour is no member"):
        bind(send_message, SEND)


def test_defaults_must_agree_with_what_is_required() -> None:
    def send_message(
        call: Any, *, queue_url: str = "", message_body: str, delay_seconds: int
    ) -> None: ...

    with pytest.raises(TypeError) as raised:
        bind(send_message, SEND)
    assert "queue_url has a default, but QueueUrl is required" in str(raised.value)
    assert "delay_seconds has no default, but DelaySeconds is optional" in str(raised.value)


def test_a_required_member_must_be_taken() -> None:
    def send_message(call: Any, *, queue_url: str) -> None: ...

    with pytest.raises(TypeError, match="the required member MessageBody is not taken"):
        bind(send_message, SEND)


class Settings(TypedDict):
    queue_url: str
    message_body: str
    delay_seconds: NotRequired[int]


class Extras(TypedDict, total=False):
    delay_seconds: int
    message_group_id: str


def test_settings_can_be_unpacked_from_a_typed_dict() -> None:
    def send_message(call: Any, **settings: Unpack[Settings]) -> None: ...

    binding = bind(send_message, SEND)
    assert frozenset({"QueueUrl", "MessageBody", "DelaySeconds"}) == binding.members


def test_a_typed_dict_of_optional_keys_goes_with_keywords() -> None:
    def send_message(
        call: Any, *, queue_url: str, message_body: str, **settings: Unpack[Extras]
    ) -> None: ...

    assert "MessageGroupId" in bind(send_message, SEND).members


def test_annotations_may_be_text_and_name_what_is_not_there() -> None:
    def send_message(call: Any, **settings: Any) -> None: ...

    send_message.__annotations__ = {"call": "Missing", "settings": "Unpack[Settings]"}
    assert "QueueUrl" in bind(send_message, SEND).members


def test_a_typed_dict_is_held_against_the_model_too() -> None:
    def send_message(call: Any, *, queue_url: str, **settings: Unpack[Extras]) -> None: ...

    with pytest.raises(TypeError, match="the required member MessageBody is not taken"):
        bind(send_message, SEND)


def test_anything_else_in_place_of_settings_is_refused() -> None:
    def send_message(call: Any, **settings: str) -> None: ...

    with pytest.raises(TypeError, match="no Unpack"):
        bind(send_message, SEND)


def test_an_operation_without_input_takes_no_keywords() -> None:
    def get_caller_identity(call: Any) -> None: ...

    assert {} == bind(get_caller_identity, operation("sts", "GetCallerIdentity")).keywords({})


def test_names_are_boto3s() -> None:
    assert "receive_message" == function_name("ReceiveMessage")
    assert "list_web_acls" == function_name("ListWebACLs")
    assert "sse_specification" == keyword_name("SSESpecification")
    assert "from_" == keyword_name("From")


def test_every_member_of_every_operation_has_a_keyword_of_its_own() -> None:
    for service_name in SERVICES:
        service = load.load(service_name)
        for name in service.operation_names:
            shape = operation(service_name, name).input
            members = list(shape.members) if shape is not None else []
            keywords = [keyword_name(member) for member in members]
            assert len(members) == len(set(keywords)), name
            assert all(each.isidentifier() for each in keywords), name
            assert [xform_name(each).replace("-", "_") for each in members] == [
                each.removesuffix("_") for each in keywords
            ], name
