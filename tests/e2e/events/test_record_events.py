"""What the default bus is told of connections and API destinations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.events.asking import arn_of, bodies, create, route
from e2e.events.test_connections import BASIC, connect, destination
from support.running import Running

OAUTH = {
    "OAuthParameters": {
        "ClientParameters": {"ClientID": "me", "ClientSecret": "secret"},
        # Nothing listens there.
        "AuthorizationEndpoint": "http://127.0.0.1:1/token",
        "HttpMethod": "POST",
    }
}


@pytest.fixture
def told(events: Any, sqs: Any, pileus: Running) -> Any:
    """Gives what the bus was told since the last time: details by their type."""
    url = create(sqs, "told")
    route(events, arn_of(sqs, url), pattern=json.dumps({"source": ["aws.events"]}))

    def take() -> list[dict[str, Any]]:
        pileus.advance(1)
        return [json.loads(body) for body in bodies(sqs, url)]

    return take


def types(told: Any) -> list[str]:
    return [each["detail-type"] for each in told()]


def test_a_connection_is_told_of_by_name_and_arn(events: Any, told: Any) -> None:
    arn = connect(events)
    started, authorized = told()
    assert ("Connection Creation Started", "Connection Authorized") == (
        started["detail-type"], authorized["detail-type"],
    )  # fmt: skip
    instant = started["time"].replace("T", " ").replace("Z", " +0000 UTC")
    assert ([arn], {"ConnectionName": "c", "Timestamp": instant}) == (
        started["resources"], started["detail"],
    )  # fmt: skip


def test_each_change_of_a_connection_is_told(events: Any, told: Any) -> None:
    connect(events)
    told()
    events.update_connection(Name="c", AuthorizationType="BASIC", AuthParameters=BASIC)
    assert ["Connection Update Started", "Connection Authorized"] == types(told)
    events.deauthorize_connection(Name="c")
    assert ["Connection Deauthorization Started", "Connection Deauthorized"] == types(told)
    events.delete_connection(Name="c")
    assert ["Connection Deletion Started"] == types(told)


def test_an_authorisation_that_fails_is_told_with_its_reason(events: Any, told: Any) -> None:
    connect(events, AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters=OAUTH)
    found = told()
    assert [
        "Connection Creation Started",
        "Connection Authorization Started",
        "Connection Deauthorized",
    ] == [each["detail-type"] for each in found]
    reason = events.describe_connection(Name="c")["StateReason"]
    assert [None, None, reason] == [each["detail"].get("StateReason") for each in found]


def test_destinations_follow_their_connection(events: Any, told: Any) -> None:
    one, other = connect(events), connect(events, "other")
    told()
    made = destination(events, one)
    destination(events, other, "elsewhere")
    activated, _ = told()
    assert ("API Destination Activated", [made["ApiDestinationArn"]], "d") == (
        activated["detail-type"], activated["resources"],
        activated["detail"]["ApiDestinationName"],
    )  # fmt: skip
    for change, state in (
        (events.deauthorize_connection, "Deactivated"),
        (events.update_connection, "Activated"),
        (events.delete_connection, "Deactivated"),
    ):
        renewed = {"AuthorizationType": "BASIC", "AuthParameters": BASIC}
        change(Name="c", **(renewed if change == events.update_connection else {}))
        assert [(f"API Destination {state}", "d")] == [
            (each["detail-type"], each["detail"]["ApiDestinationName"])
            for each in told()
            if each["detail-type"].startswith("API")
        ]


def test_many_destinations_are_told_page_by_page(events: Any, told: Any) -> None:
    connection = connect(events)
    for number in range(21):
        destination(events, connection, f"d{number:02}")
    while told():
        pass
    events.deauthorize_connection(Name="c")
    found = []
    while page := told():
        found += page
    names = [each["detail"].get("ApiDestinationName") for each in found]
    assert [f"d{number:02}" for number in range(21)] == [name for name in names if name]


def test_a_destination_that_changes_its_connection_is_told(events: Any, told: Any) -> None:
    connect(events)
    idle = connect(events, "idle")
    events.deauthorize_connection(Name="idle")
    destination(events, events.describe_connection(Name="c")["ConnectionArn"])
    while told():
        pass
    events.update_api_destination(Name="d", ConnectionArn=idle)
    assert ["API Destination Deactivated"] == types(told)
