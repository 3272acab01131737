"""Pages of strangers reach nothing; users, SDKs and their own pages reach everything."""

from __future__ import annotations

import json

import pytest

from pileus.gateway.origins import Guard
from pileus.kernel.request import Request, Response

GUARD = Guard((), "127.0.0.1")


def request(method: str = "POST", path: str = "/", **headers: str) -> Request:
    given = {"host": "localhost:4566"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, "", given)


@pytest.mark.parametrize(
    "host",
    [
        "localhost:4566", "127.0.0.1:4566", "[::1]:4566", "192.168.1.5:4566", "",
        "localhost.localstack.cloud:4566", "sqs.us-east-1.localhost.localstack.cloud:4566",
        "sync-localhost:4566", "stream-localhost.localstack.cloud:4566", "pileus:4566",
        "localstack:4566", "my-container:4566", "bucket.s3.localhost:4566",
        "sqs.us-east-1.amazonaws.com", "d111.cloudfront.net", "host.docker.internal:4566",
    ],
)  # fmt: skip
def test_own_hosts_are_answered_for(host: str) -> None:
    assert GUARD.refuse_host(request(host=host)) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:4566", "localhost.evil.example", "127.0.0.1.nip.io",
        "evil-amazonaws.com", "notlocalhost.localstack.cloud.evil.example",
        "evil-localhost.localstack.cloud",
    ],
)  # fmt: skip
def test_foreign_hosts_are_refused(host: str) -> None:
    refusal = GUARD.refuse_host(request(host=host))
    assert refusal is not None
    assert refusal.status == 403
    assert isinstance(refusal.body, bytes)
    assert "--allow-host" in json.loads(refusal.body)["message"]


def test_sandboxes_may_use_any_host() -> None:
    inside = request(host="evil.example")
    inside.environment_id = "env-1"
    assert GUARD.refuse_host(inside) is None


def test_refusal_is_json_whatever_the_host() -> None:
    refusal = GUARD.refuse_host(request(host='x.y"\\\r\n</script>'))
    assert refusal is not None
    assert isinstance(refusal.body, bytes)
    assert json.loads(refusal.body)["__type"] == "ForbiddenException"


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000", "http://127.0.0.1:8080", "https://localhost",
        "http://app.localhost.localstack.cloud:4566", "http://[::1]:3000",
    ],
)  # fmt: skip
def test_pages_of_this_machine_may_call(origin: str) -> None:
    assert GUARD.refuse_origin(request(origin=origin)) is None


def test_page_of_the_same_origin_may_call() -> None:
    same = request(host="192.168.1.5:4566", origin="http://192.168.1.5:4566")
    assert GUARD.refuse_origin(same) is None


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "null", "", "file://", "http://evil.s3.amazonaws.com",
        "http://localhost.evil.example", "http://[bad", "chrome-extension://abc",
        "http://192.168.1.9:3000",
    ],
)  # fmt: skip
def test_pages_of_strangers_may_not_call(origin: str) -> None:
    refusal = GUARD.refuse_origin(request(origin=origin))
    assert refusal is not None
    assert refusal.status == 403


def test_clients_that_are_no_browsers_may_call() -> None:
    assert GUARD.refuse_origin(request()) is None


def test_images_and_forms_of_strangers_may_not_call() -> None:
    image = request("GET", sec_fetch_site="cross-site", sec_fetch_mode="no-cors")
    assert GUARD.refuse_origin(image) is not None
    link = request("GET", sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    assert GUARD.refuse_origin(link) is not None


def test_link_to_our_own_pages_may_be_followed() -> None:
    link = request(
        "GET", "/_pileus/console", sec_fetch_site="cross-site", sec_fetch_mode="navigate"
    )
    assert GUARD.refuse_origin(link) is None
    form = request("POST", "/_pileus/clock", sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    assert GUARD.refuse_origin(form) is not None


def test_requests_of_the_same_site_may_pass() -> None:
    assert GUARD.refuse_origin(request("GET", sec_fetch_site="same-site")) is None


@pytest.mark.parametrize("allowed", ["app.example", "https://app.example", "*.example", "*"])
def test_allowed_names_and_origins_may_call(allowed: str) -> None:
    guard = Guard((allowed,), "127.0.0.1")
    assert guard.refuse_host(request(host="app.example:4566")) is None
    assert guard.refuse_origin(request(origin="https://app.example")) is None
    image = request("GET", sec_fetch_site="cross-site", referer="https://app.example/page")
    assert guard.refuse_origin(image) is None


def test_listening_host_is_our_own() -> None:
    guard = Guard((), "cloud.example")
    assert guard.refuse_host(request(host="cloud.example:4566")) is None


def test_preflight_allows_what_the_page_asks_for() -> None:
    answer = GUARD.preflight(
        request(
            "OPTIONS",
            origin="http://localhost:3000",
            access_control_request_method="POST",
            access_control_request_headers="x-amz-target,authorization",
            access_control_request_private_network="true",
        )
    )
    assert answer is not None
    assert answer.status == 204
    assert answer.headers == {
        "access-control-allow-origin": "http://localhost:3000",
        "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS",
        "access-control-allow-headers": "x-amz-target,authorization",
        "access-control-allow-private-network": "true",
        "access-control-expose-headers": "*",
        "access-control-max-age": "600",
        "vary": "Origin",
    }


def test_other_options_requests_are_no_preflight() -> None:
    assert GUARD.preflight(request("OPTIONS", origin="http://localhost:3000")) is None
    assert GUARD.preflight(request("OPTIONS", access_control_request_method="POST")) is None


def test_allowed_page_may_read_the_answer() -> None:
    answers: list[Response] = []
    reply = GUARD.with_cors(request(origin="http://localhost:3000"), answers.append)
    reply(Response(200, {"access-control-expose-headers": "ETag"}, b""))
    assert answers[0].headers == {
        "access-control-allow-origin": "http://localhost:3000",
        "access-control-expose-headers": "ETag",
        "vary": "Origin",
    }


def test_other_clients_get_no_cors_headers() -> None:
    answers: list[Response] = []
    GUARD.with_cors(request(), answers.append)(Response(200, {}, b""))
    assert answers[0].headers == {}
