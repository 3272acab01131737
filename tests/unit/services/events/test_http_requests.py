"""The requests that API destinations and authorisation endpoints get."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.services.events.records.http_requests import invocation, token_request

BASIC = {"BasicAuthParameters": {"Username": "me", "Password": "pass:word"}}


def made(
    url: str = "https://example.com/*/x", method: str = "POST", payload: str = "{}",
    target: dict[str, Any] | None = None, **http: Any,
) -> Any:  # fmt: skip
    destination = {"InvocationEndpoint": url, "HttpMethod": method}
    credentials = {**BASIC, "InvocationHttpParameters": http}
    return invocation(destination, credentials, target or {}, payload, "")


def test_path_values_replace_wildcards_in_their_order() -> None:
    request = made("https://e.com/*/b/*", target={"PathParameterValues": ["1 2", "a*b", "more"]})
    assert "https://e.com/1%202/b/a%2Ab" == request.url


def test_query_parameters_are_added_to_those_of_the_endpoint() -> None:
    request = made(
        "https://e.com/?a=1&b=",
        target={"QueryStringParameters": {"c": "x y", "d": "target"}},
        QueryStringParameters=[{"Key": "d", "Value": "connection"}],
    )
    assert "https://e.com/?a=1&b=&c=x%20y&d=connection" == request.url


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_some_methods_have_no_body(method: str) -> None:
    assert b"" == made(method=method).body


@pytest.mark.parametrize(
    ("payload", "body"),
    [('{"b":1}', b'{"b":1,"a":"x"}'), ("[1]", b"[1]"), ("plain text", b"plain text")],
)
def test_body_parameters_are_added_to_objects_only(payload: str, body: bytes) -> None:
    assert body == made(payload=payload, BodyParameters=[{"Key": "a", "Value": "x"}]).body


def test_a_token_goes_before_other_credentials() -> None:
    destination = {"InvocationEndpoint": "https://e.com", "HttpMethod": "PUT"}
    assert "Bearer t" == invocation(destination, BASIC, {}, "{}", "t").headers["Authorization"]
    assert "Basic bWU6cGFzczp3b3Jk" == made().headers["Authorization"]


def test_tokens_may_be_asked_for_by_get() -> None:
    request = token_request(
        {
            "ClientParameters": {"ClientID": "me", "ClientSecret": "s"},
            "AuthorizationEndpoint": "https://e.com/token",
            "HttpMethod": "GET",
        }
    )
    assert ("GET", b"") == (request.method, request.body)
    assert (
        "https://e.com/token?grant_type=client_credentials&client_id=me&client_secret=s"
        == request.url
    )
