"""API destinations as targets: what the endpoint is sent, and what its answers lead to."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.events.asking import arn_of, create, put, route
from e2e.events.listening import Endpoint, listening
from support.running import Running

BASIC = {"BasicAuthParameters": {"Username": "me", "Password": "secret"}}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with listening() as found:
        yield found


def destination(
    events: Any, url: str, kind: str = "BASIC", parameters: dict[str, Any] | None = None,
    **params: Any,
) -> str:  # fmt: skip
    connection = events.create_connection(
        Name="c", AuthorizationType=kind, AuthParameters=parameters or BASIC
    )
    given = {"InvocationEndpoint": url, "HttpMethod": "POST", **params}
    answer = events.create_api_destination(
        Name="d", ConnectionArn=connection["ConnectionArn"], **given
    )
    arn: str = answer["ApiDestinationArn"]
    return arn


def letters_in(sqs: Any, url: str) -> list[dict[str, str]]:
    answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    return [
        {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
        for message in answer.get("Messages", [])
    ]


def test_an_endpoint_gets_the_event(events: Any, pileus: Running, endpoint: Endpoint) -> None:
    route(events, destination(events, endpoint.url + "/hook"))
    event_id = put(events, {"n": 1})
    pileus.advance(0)
    [received] = endpoint.received
    assert ("POST", "/hook", event_id) == (
        received.method, received.path, json.loads(received.body)["id"],
    )  # fmt: skip
    assert (
        "Basic " + base64.b64encode(b"me:secret").decode(),
        "Amazon/EventBridge/ApiDestinations",
        "application/json; charset=utf-8",
        "bytes=0-1048575",
    ) == tuple(
        received.headers[name] for name in ("authorization", "user-agent", "content-type", "range")
    )


def test_parameters_come_from_the_target_and_the_connection(
    events: Any, pileus: Running, endpoint: Endpoint
) -> None:
    parameters = {
        "ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "x-both", "Value": "connection"}],
            "QueryStringParameters": [{"Key": "token", "Value": "t"}],
            "BodyParameters": [{"Key": "added", "Value": "body"}],
        },
    }
    arn = destination(events, endpoint.url + "/a/*/b/*?v=1", "API_KEY", parameters)
    route(
        events, arn, InputPath="$.detail",
        HttpParameters={
            "PathParameterValues": ["$.detail.id", "fix/ed"],
            "HeaderParameters": {"x-both": "target", "x-own": "$.source"},
            "QueryStringParameters": {"q": "$.detail.missing"},
        },
    )  # fmt: skip
    put(events, {"id": "7"})
    pileus.advance(0)
    [received] = endpoint.received
    assert "/a/7/b/fix%2Fed?v=1&q=&token=t" == received.path
    assert {"id": "7", "added": "body"} == json.loads(received.body)
    assert ("secret", "connection", "shop") == tuple(
        received.headers[name] for name in ("x-key", "x-both", "x-own")
    )


@pytest.mark.parametrize("status", [401, 407, 409, 429, 500, 503])
def test_a_failure_that_may_pass_is_tried_again(
    events: Any, pileus: Running, endpoint: Endpoint, status: int
) -> None:
    endpoint.statuses = [status, status]
    route(events, destination(events, endpoint.url))
    put(events)
    pileus.advance(10)
    assert 3 == len(endpoint.received)


def test_another_failure_is_final(
    events: Any, sqs: Any, pileus: Running, endpoint: Endpoint
) -> None:
    endpoint.statuses = [400]
    letters = create(sqs, "letters")
    arn = destination(events, endpoint.url)
    route(events, arn, DeadLetterConfig={"Arn": arn_of(sqs, letters)})
    put(events)
    pileus.advance(0)
    [letter] = letters_in(sqs, letters)
    assert ("SDK_CLIENT_ERROR", "Request failed with status code 400", arn, "0") == tuple(
        letter[name] for name in ("ERROR_CODE", "ERROR_MESSAGE", "TARGET_ARN", "RETRY_ATTEMPTS")
    )


def test_a_dead_endpoint_is_given_up(events: Any, sqs: Any, pileus: Running) -> None:
    with listening() as gone:
        url = gone.url
    letters = create(sqs, "letters")
    route(
        events, destination(events, url), DeadLetterConfig={"Arn": arn_of(sqs, letters)},
        RetryPolicy={"MaximumRetryAttempts": 1},
    )  # fmt: skip
    put(events)
    pileus.advance(5)
    [letter] = letters_in(sqs, letters)
    assert ("CONNECTION_FAILURE", "MaximumRetryAttempts", "1") == tuple(
        letter[name] for name in ("ERROR_CODE", "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS")
    )


def test_a_destination_that_is_gone_is_final(
    events: Any, sqs: Any, pileus: Running, endpoint: Endpoint
) -> None:
    letters = create(sqs, "letters")
    arn = destination(events, endpoint.url)
    route(events, arn, DeadLetterConfig={"Arn": arn_of(sqs, letters)})
    events.delete_api_destination(Name="d")
    put(events)
    pileus.advance(0)
    assert ["NO_RESOURCE"] == [letter["ERROR_CODE"] for letter in letters_in(sqs, letters)]


def test_a_rate_limit_spreads_the_calls(events: Any, pileus: Running, endpoint: Endpoint) -> None:
    route(events, destination(events, endpoint.url, InvocationRateLimitPerSecond=1))
    for _ in range(3):
        put(events)
    pileus.advance(0)
    assert 1 == len(endpoint.received)
    pileus.advance(60)
    assert 3 == len(endpoint.received)


def test_a_deauthorised_connection_holds_events_back(
    events: Any, pileus: Running, endpoint: Endpoint
) -> None:
    route(events, destination(events, endpoint.url))
    events.deauthorize_connection(Name="c")
    put(events)
    pileus.advance(1)
    assert [] == endpoint.received
    events.update_connection(Name="c", AuthParameters=BASIC)
    pileus.advance(60)
    assert 1 == len(endpoint.received)


# OAuth.


def oauth(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "OAuthParameters": {
            "ClientParameters": {"ClientID": "me", "ClientSecret": "secret"},
            "AuthorizationEndpoint": endpoint.url + "/token",
            "HttpMethod": "POST",
            "OAuthHttpParameters": {
                "BodyParameters": [{"Key": "scope", "Value": "s", "IsValueSecret": True}]
            },
        }
    }


KIND = "OAUTH_CLIENT_CREDENTIALS"


def test_oauth_asks_for_a_token_and_uses_it_until_it_ends(
    events: Any, pileus: Running, endpoint: Endpoint
) -> None:
    route(events, destination(events, endpoint.url, KIND, oauth(endpoint)))
    pileus.advance(0)
    found = events.describe_connection(Name="c")
    assert "AUTHORIZED" == found["ConnectionState"]
    assert {
        "ClientParameters": {"ClientID": "me"},
        "AuthorizationEndpoint": endpoint.url + "/token",
        "HttpMethod": "POST",
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "IsValueSecret": True}]},
    } == found["AuthParameters"]["OAuthParameters"]
    assert "grant_type=client_credentials&client_id=me&client_secret=secret&scope=s" == (
        endpoint.token_requests[0].body
    )
    for seconds in (0, 100, 600):
        pileus.advance(seconds)
        put(events)
        pileus.advance(0)
    assert ["Bearer token-2", "Bearer token-2", "Bearer token-3"] == [
        received.headers["authorization"] for received in endpoint.received
    ]


def test_oauth_asks_again_when_a_token_is_refused(
    events: Any, pileus: Running, endpoint: Endpoint
) -> None:
    endpoint.statuses = [401]
    route(events, destination(events, endpoint.url, KIND, oauth(endpoint)))
    pileus.advance(0)
    put(events)
    pileus.advance(5)
    assert ["Bearer token-2", "Bearer token-3"] == [
        received.headers["authorization"] for received in endpoint.received
    ]


def test_oauth_that_is_refused_deauthorises_the_connection(
    events: Any, pileus: Running, endpoint: Endpoint
) -> None:
    endpoint.token_status = 403
    made = events.create_connection(
        Name="c", AuthorizationType=KIND, AuthParameters=oauth(endpoint)
    )
    assert "AUTHORIZING" == made["ConnectionState"]
    pileus.advance(0)
    found = events.describe_connection(Name="c")
    assert (
        "DEAUTHORIZED", "The authorization endpoint answered with status code 403",
    ) == (found["ConnectionState"], found["StateReason"])  # fmt: skip
