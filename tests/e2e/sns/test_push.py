"""Platform applications, their endpoints, and what devices are sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.sns.asking import envelopes, invalid, queue, refusal, subscribe, topic
from e2e.sns.test_letters import outbox
from support.running import Running

KEYS = {"PlatformCredential": "secret"}


def application(sns: Any, name: str = "app") -> str:
    answer = sns.create_platform_application(Name=name, Platform="GCM", Attributes=KEYS)
    arn: str = answer["PlatformApplicationArn"]
    return arn


def device(sns: Any, token: str = "t", **params: Any) -> str:
    answer = sns.create_platform_endpoint(
        PlatformApplicationArn=application(sns), Token=token, **params
    )
    arn: str = answer["EndpointArn"]
    return arn


def test_an_application_is_made_changed_listed_and_deleted(sns: Any, account: str) -> None:
    arn = application(sns)
    assert f"arn:aws:sns:us-east-1:{account}:app/GCM/app" == arn
    role = f"arn:aws:iam::{account}:role/r"
    sns.set_platform_application_attributes(
        PlatformApplicationArn=arn, Attributes={"SuccessFeedbackRoleArn": role}
    )
    expected = {"Enabled": "true", "SuccessFeedbackRoleArn": role}
    found = sns.get_platform_application_attributes(PlatformApplicationArn=arn)["Attributes"]
    assert expected == found
    listed = sns.list_platform_applications()["PlatformApplications"]
    assert [{"PlatformApplicationArn": arn, "Attributes": expected}] == listed
    sns.delete_platform_application(PlatformApplicationArn=arn)
    sns.delete_platform_application(PlatformApplicationArn=arn)
    assert [] == sns.list_platform_applications()["PlatformApplications"]
    assert ("NotFound", "PlatformApplication does not exist") == refusal(
        sns.get_platform_application_attributes, PlatformApplicationArn=arn
    )


@pytest.mark.parametrize(
    ("name", "platform", "attributes", "words"),
    [
        ("a", "AAA", KEYS, "Platform Reason: AAA is not supported"),
        ("", "GCM", KEYS, " Reason: cannot be empty"),
        (
            "@name",
            "GCM",
            KEYS,
            "@name Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', "
            "and '.'",
        ),
        ("a" * 257, "GCM", KEYS, f"{'a' * 257} Reason: must be at most 256 characters long"),
        (
            "a",
            "APNS",
            KEYS,
            "Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal",
        ),
        (
            "a",
            "APNS",
            {"PlatformPrincipal": "p"},
            "Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential",
        ),
        (
            "a",
            "GCM",
            {**KEYS, "InvalidKey": "x"},
            "Attributes Reason: Invalid attribute name: InvalidKey",
        ),
    ],
)
def test_applications_that_are_refused(
    sns: Any, name: str, platform: str, attributes: dict[str, str], words: str
) -> None:
    assert invalid(words) == refusal(
        sns.create_platform_application, Name=name, Platform=platform, Attributes=attributes
    )


def test_events_are_told_to_topics_only(sns: Any) -> None:
    words = "Invalid value for attribute: EventEndpointCreated: must be the ARN of a topic"
    assert invalid(f"Attributes Reason: {words}") == refusal(
        sns.set_platform_application_attributes,
        PlatformApplicationArn=application(sns),
        Attributes={"EventEndpointCreated": "arn:aws:sqs:us-east-1:123456789012:q"},
    )


EVENTS = (
    "EventEndpointCreated", "EventEndpointUpdated", "EventEndpointDeleted", "EventDeliveryFailure",
)  # fmt: skip


@pytest.fixture
def told(sns: Any, sqs: Any) -> Any:
    """The subjects and messages of an application's events since the last time."""
    url, queue_arn = queue(sqs, "told")
    events = topic(sns, "told")
    subscribe(sns, events, queue_arn)
    sns.set_platform_application_attributes(
        PlatformApplicationArn=application(sns), Attributes=dict.fromkeys(EVENTS, events)
    )

    def take() -> list[tuple[str, dict[str, Any]]]:
        return [(each["Subject"], json.loads(each["Message"])) for each in envelopes(sqs, url)]

    return take


def test_an_application_tells_of_its_devices(sns: Any, told: Any, pileus: Running) -> None:
    arn = device(sns)
    at = datetime.fromtimestamp(pileus.now / 1000, UTC)
    base = {
        "EndpointArn": arn,
        "Resource": application(sns),
        "Service": "SNS",
        "Time": f"{at:%Y-%m-%dT%H:%M:%S}.{pileus.now % 1000:03}Z",
    }

    def expected(kind: str) -> list[tuple[str, dict[str, Any]]]:
        return [(f"{kind} event for app app (GCM)", {**base, "EventType": kind})]

    assert expected("EndpointCreated") == told()
    assert arn == device(sns)
    assert [] == told()
    sns.set_endpoint_attributes(EndpointArn=arn, Attributes={"CustomUserData": "me"})
    assert expected("EndpointUpdated") == told()
    sns.set_endpoint_attributes(EndpointArn=arn, Attributes={"CustomUserData": "me"})
    assert [] == told()
    for _ in range(2):
        sns.delete_endpoint(EndpointArn=arn)
    assert expected("EndpointDeleted") == told()


def test_an_application_tells_of_devices_that_a_topic_cannot_reach(sns: Any, told: Any) -> None:
    arn = device(sns, Attributes={"Enabled": "false"})
    news = topic(sns, "news")
    subscribe(sns, news, arn, "application")
    told()
    message_id = sns.publish(TopicArn=news, Message="Hello")["MessageId"]
    ((subject, event),) = told()
    assert "DeliveryFailure event for app app (GCM)" == subject
    assert (1, "EndpointDisabled", "Endpoint is disabled", message_id, arn) == tuple(
        event[name]
        for name in (
            "DeliveryAttempts",
            "FailureType",
            "FailureMessage",
            "MessageId",
            "EndpointArn",
        )
    )


def test_an_empty_value_ends_the_telling(sns: Any, told: Any) -> None:
    arn = application(sns)
    sns.set_platform_application_attributes(
        PlatformApplicationArn=arn, Attributes=dict.fromkeys(EVENTS, "")
    )
    device(sns)
    assert [] == told()
    found = sns.get_platform_application_attributes(PlatformApplicationArn=arn)
    assert {"Enabled": "true"} == found["Attributes"]


def test_a_device_is_made_changed_listed_and_deleted(sns: Any) -> None:
    arn = device(sns, CustomUserData="me")
    assert arn == device(sns, CustomUserData="me")
    sns.set_endpoint_attributes(EndpointArn=arn, Attributes={"Token": "u", "Enabled": "false"})
    expected = {"Enabled": "false", "CustomUserData": "me", "Token": "u"}
    assert expected == sns.get_endpoint_attributes(EndpointArn=arn)["Attributes"]
    listed = sns.list_endpoints_by_platform_application(PlatformApplicationArn=application(sns))
    assert [{"EndpointArn": arn, "Attributes": expected}] == listed["Endpoints"]
    sns.delete_endpoint(EndpointArn=arn)
    sns.delete_endpoint(EndpointArn=arn)
    assert ("NotFound", "Endpoint does not exist") == refusal(
        sns.get_endpoint_attributes, EndpointArn=arn
    )


def test_devices_are_listed_by_the_hundred(sns: Any) -> None:
    made = {device(sns, f"t{number}") for number in range(101)}
    arn = application(sns)
    first = sns.list_endpoints_by_platform_application(PlatformApplicationArn=arn)
    second = sns.list_endpoints_by_platform_application(
        PlatformApplicationArn=arn, NextToken=first["NextToken"]
    )
    assert made == {each["EndpointArn"] for each in first["Endpoints"] + second["Endpoints"]}


def test_devices_that_are_refused(sns: Any) -> None:
    arn = device(sns, CustomUserData="me")
    assert invalid(
        f"Token Reason: Endpoint {arn} already exists with the same Token, but different "
        "attributes."
    ) == refusal(sns.create_platform_endpoint, PlatformApplicationArn=application(sns), Token="t")
    assert invalid(
        "Attributes Reason: Invalid value for attribute: CustomUserData: must be at most 2048 "
        "bytes long in UTF-8 encoding"
    ) == refusal(
        sns.set_endpoint_attributes, EndpointArn=arn, Attributes={"CustomUserData": "é" * 1025}
    )
    assert invalid("Attributes Reason: Invalid attribute name: PlatformCredential") == refusal(
        sns.set_endpoint_attributes, EndpointArn=arn, Attributes=KEYS
    )
    assert invalid(
        "EndpointArn Reason: Wrong number of slashes in relative portion of the ARN."
    ) == refusal(sns.get_endpoint_attributes, EndpointArn=arn + "/x")
    assert invalid(
        "PlatformApplicationArn Reason: An ARN must have at least 6 elements, not 1"
    ) == refusal(sns.get_platform_application_attributes, PlatformApplicationArn="x")


def test_one_device_is_sent_what_is_for_its_platform(
    pileus: Running, sns: Any, account: str
) -> None:
    arn = device(sns)
    structure = json.dumps({"default": "d", "GCM": '{"notification":{}}'})
    sns.publish(TargetArn=arn, Message=structure, MessageStructure="json")
    (sent,) = outbox(pileus, account, channel="push")
    assert (arn, '{"notification":{}}', "GCM", "t") == (
        sent["to"],
        sent["body"],
        sent["attributes"]["Platform"],
        sent["attributes"]["Token"],
    )


def test_devices_subscribe(pileus: Running, sns: Any, account: str) -> None:
    arn = topic(sns)
    subscribe(sns, arn, device(sns), "application")
    sns.publish(TopicArn=arn, Message="m")
    assert ["m"] == [each["body"] for each in outbox(pileus, account, channel="push")]


def test_devices_that_get_nothing(pileus: Running, sns: Any, account: str) -> None:
    arn = device(sns)
    sns.set_endpoint_attributes(EndpointArn=arn, Attributes={"Enabled": "false"})
    assert ("EndpointDisabled", "Endpoint is disabled") == refusal(
        sns.publish, TargetArn=arn, Message="m"
    )
    sns.delete_endpoint(EndpointArn=arn)
    assert invalid("TargetArn Reason: No endpoint found for the target arn specified") == refusal(
        sns.publish, TargetArn=arn, Message="m"
    )
    assert [] == outbox(pileus, account, channel="push")
