"""Connections, API destinations and global endpoints by boto3."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.events.asking import bus_arn, refusal

BASIC = {"BasicAuthParameters": {"Username": "me", "Password": "secret"}}
API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}}
NO_CONNECTION = (
    "ResourceNotFoundException",
    "Failed to describe the connection(s). Connection 'c' does not exist.",
)
NO_DESTINATION = (
    "ResourceNotFoundException",
    "Failed to describe the api-destination(s). An api-destination 'd' does not exist.",
)


def connect(events: Any, name: str = "c", **params: Any) -> str:
    given = {"AuthorizationType": "BASIC", "AuthParameters": BASIC, **params}
    arn: str = events.create_connection(Name=name, **given)["ConnectionArn"]
    return arn


def destination(events: Any, connection: str, name: str = "d", **params: Any) -> dict[str, Any]:
    given = {"InvocationEndpoint": "https://example.com/*", "HttpMethod": "POST", **params}
    answer: dict[str, Any] = events.create_api_destination(
        Name=name, ConnectionArn=connection, **given
    )
    return answer


def test_a_connection_never_shows_its_secrets(events: Any, account: str) -> None:
    http = {
        "HeaderParameters": [
            {"Key": "open", "Value": "shown", "IsValueSecret": False},
            {"Key": "closed", "Value": "secret", "IsValueSecret": True},
        ],
        "BodyParameters": [{"Key": "b", "Value": "shown"}],
    }
    arn = connect(
        events, Description="d", AuthParameters={**BASIC, "InvocationHttpParameters": http}
    )
    found = events.describe_connection(Name="c")
    assert ("c", arn, "AUTHORIZED", "BASIC", "d") == tuple(
        found[name]
        for name in (
            "Name", "ConnectionArn", "ConnectionState", "AuthorizationType", "Description",
        )
    )  # fmt: skip
    assert {
        "BasicAuthParameters": {"Username": "me"},
        "InvocationHttpParameters": {
            "HeaderParameters": [
                {"Key": "open", "Value": "shown", "IsValueSecret": False},
                {"Key": "closed", "IsValueSecret": True},
            ],
            "BodyParameters": [{"Key": "b", "Value": "shown", "IsValueSecret": False}],
        },
    } == found["AuthParameters"]
    secret = f"arn:aws:secretsmanager:us-east-1:{account}:secret:events!connection/c/"
    assert found["SecretArn"].startswith(secret)


def test_a_connection_is_changed(events: Any) -> None:
    connect(events)
    events.update_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=API_KEY)
    found = events.describe_connection(Name="c")
    assert ("API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "x-key"}}) == (
        found["AuthorizationType"], found["AuthParameters"],
    )  # fmt: skip
    events.update_connection(
        Name="c", Description="new", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "y"}}
    )
    found = events.describe_connection(Name="c")
    assert ("new", {"ApiKeyAuthParameters": {"ApiKeyName": "y"}}) == (
        found["Description"], found["AuthParameters"],
    )  # fmt: skip


def test_a_connection_is_deauthorised_and_deleted(events: Any) -> None:
    arn = connect(events)
    destination(events, arn)
    assert "DEAUTHORIZING" == events.deauthorize_connection(Name="c")["ConnectionState"]
    found = events.describe_connection(Name="c")
    assert ("DEAUTHORIZED", False) == (found["ConnectionState"], "AuthParameters" in found)
    assert "INACTIVE" == events.describe_api_destination(Name="d")["ApiDestinationState"]
    assert "DELETING" == events.delete_connection(Name="c")["ConnectionState"]
    for operation in ("describe", "update", "deauthorize", "delete"):
        assert NO_CONNECTION == refusal(getattr(events, f"{operation}_connection"), Name="c")


def test_a_connection_that_cannot_be_is_refused(events: Any) -> None:
    connect(events)
    assert ("ResourceAlreadyExistsException", "Connection c already exists.") == refusal(
        events.create_connection, Name="c", AuthorizationType="BASIC", AuthParameters=BASIC
    )
    assert "ValidationException" == refusal(
        events.create_connection, Name="e", AuthorizationType="API_KEY", AuthParameters=BASIC
    )[0]  # fmt: skip
    code, message = refusal(
        events.create_connection, Name="Invalid Name", AuthorizationType="X", AuthParameters=BASIC
    )
    assert ("ValidationException", "2 validation errors detected") == (
        code, message.partition(":")[0],
    )  # fmt: skip


def test_connections_are_listed(events: Any) -> None:
    for name in ("a1", "a2", "b"):
        connect(events, name)
    events.deauthorize_connection(Name="b")

    def names(**params: Any) -> list[str]:
        return [each["Name"] for each in events.list_connections(**params)["Connections"]]

    first = events.list_connections(Limit=2)
    assert ["a1", "a2"] == [each["Name"] for each in first["Connections"]]
    assert [["b"], ["a1", "a2"], ["b"]] == [
        names(NextToken=first["NextToken"]), names(NamePrefix="a"),
        names(ConnectionState="DEAUTHORIZED"),
    ]  # fmt: skip


def test_an_api_destination_is_made_changed_and_deleted(events: Any) -> None:
    connection = connect(events)
    made = destination(events, connection, Description="old")
    assert "ACTIVE" == made["ApiDestinationState"]
    events.update_api_destination(
        Name="d", Description="new", HttpMethod="PUT", InvocationRateLimitPerSecond=5
    )
    found = events.describe_api_destination(Name="d")
    assert {
        "ApiDestinationArn": made["ApiDestinationArn"],
        "ApiDestinationState": "ACTIVE",
        "ConnectionArn": connection,
        "Description": "new",
        "HttpMethod": "PUT",
        "InvocationEndpoint": "https://example.com/*",
        "InvocationRateLimitPerSecond": 5,
        "Name": "d",
    } == {
        name: value
        for name, value in found.items()
        if name not in ("CreationTime", "LastModifiedTime", "ResponseMetadata")
    }
    events.delete_api_destination(Name="d")
    for operation in ("describe", "update", "delete"):
        assert NO_DESTINATION == refusal(getattr(events, f"{operation}_api_destination"), Name="d")


def test_an_api_destination_that_cannot_be_is_refused(events: Any) -> None:
    connection = connect(events)
    destination(events, connection)
    given = {"InvocationEndpoint": "https://example.com", "HttpMethod": "GET"}
    assert ("ResourceAlreadyExistsException", "An api-destination 'd' already exists.") == refusal(
        events.create_api_destination, Name="d", ConnectionArn=connection, **given
    )
    events.delete_connection(Name="c")
    assert NO_CONNECTION == refusal(
        events.create_api_destination, Name="e", ConnectionArn=connection, **given
    )


def test_api_destinations_are_listed(events: Any) -> None:
    one, two = connect(events, "one"), connect(events, "two")
    for name, connection in (("a", one), ("b", one), ("c", two)):
        destination(events, connection, name)

    def names(**params: Any) -> list[str]:
        found = events.list_api_destinations(**params)["ApiDestinations"]
        return [each["Name"] for each in found]

    assert [["a", "b", "c"], ["a", "b"], ["b"]] == [
        names(), names(ConnectionArn=one), names(NamePrefix="b"),
    ]  # fmt: skip


# Global endpoints.

ROUTING = {
    "FailoverConfig": {
        "Primary": {"HealthCheck": "arn:aws:route53:::healthcheck/1"},
        "Secondary": {"Route": "us-west-2"},
    }
}


@pytest.fixture
def two_buses(account: str) -> list[dict[str, str]]:
    arn = bus_arn(account, "orders")
    return [{"EventBusArn": arn}, {"EventBusArn": arn.replace("us-east-1", "us-west-2")}]


def test_an_endpoint_is_made_changed_and_deleted(
    events: Any, two_buses: list[dict[str, str]], account: str
) -> None:
    made = events.create_endpoint(Name="e", RoutingConfig=ROUTING, EventBuses=two_buses)
    arn = f"arn:aws:events:us-east-1:{account}:endpoint/e"
    assert ("CREATING", arn) == (made["State"], made["Arn"])
    events.update_endpoint(Name="e", Description="new", ReplicationConfig={"State": "DISABLED"})
    found = events.describe_endpoint(Name="e")
    assert ("ACTIVE", "new", {"State": "DISABLED"}, ROUTING, two_buses) == (
        found["State"], found["Description"], found["ReplicationConfig"],
        found["RoutingConfig"], found["EventBuses"],
    )  # fmt: skip
    assert f"https://{found['EndpointId']}.endpoint.events.amazonaws.com" == found["EndpointUrl"]
    assert ["e"] == [each["Name"] for each in events.list_endpoints()["Endpoints"]]
    events.delete_endpoint(Name="e")
    for operation in ("describe", "update", "delete"):
        assert ("ResourceNotFoundException", "Endpoint e does not exist.") == (
            refusal(getattr(events, f"{operation}_endpoint"), Name="e")
        )


def test_an_endpoint_that_cannot_be_is_refused(
    events: Any, two_buses: list[dict[str, str]], account: str
) -> None:
    events.create_endpoint(Name="e", RoutingConfig=ROUTING, EventBuses=two_buses)
    assert ("ResourceAlreadyExistsException", "Endpoint e already exists.") == refusal(
        events.create_endpoint, Name="e", RoutingConfig=ROUTING, EventBuses=two_buses
    )
    different = [two_buses[0], {"EventBusArn": bus_arn(account, "other")}]
    assert "ValidationException" == refusal(
        events.create_endpoint, Name="f", RoutingConfig=ROUTING, EventBuses=different
    )[0]  # fmt: skip
