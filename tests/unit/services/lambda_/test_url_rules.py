"""Function URLs: events from requests, responses from answers, headers for other origins."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from pileus.kernel.ids import Ids
from pileus.kernel.request import Request
from pileus.services.lambda_.urls import events, origins, results, url_ids
from pileus.services.lambda_.urls.configurations import Cors
from pileus.services.lambda_.urls.events import Arrival, Caller
from pileus.services.lambda_.urls.results import Head, Malformed

HOST = "abc.lambda-url.us-east-1.localhost.localstack.cloud"
ARRIVAL = Arrival("abc", "request-1", 1_583_348_638_390, "Root=1-2-3", None)


def request(method: str = "GET", path: str = "/", query: str = "", **members: Any) -> Request:
    headers = {"host": f"{HOST}:4566"} | members.pop("headers", {})
    return Request(method, path, query, headers, client_address="192.0.2.7", **members)


def test_a_request_becomes_an_event_of_format_2() -> None:
    asked = request(
        "POST", "/a%20b/c", "x=1&y=%C3%A4+b&x=2&z", body=b'{"a":"\xc3\xa4"}',
        headers={
            "content-type": "application/json; charset=utf-8",
            "cookie": "a=1; b=2",
            "user-agent": "curl",
            "x-many": "1,2",
            "x-forwarded-for": "198.51.100.1",
            "connection": "keep-alive",
        },
    )  # fmt: skip
    assert {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/a%20b/c",
        "rawQueryString": "x=1&y=%C3%A4+b&x=2&z",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "host": f"{HOST}:4566",
            "content-type": "application/json; charset=utf-8",
            "user-agent": "curl",
            "x-many": "1,2",
            "x-forwarded-for": "198.51.100.1, 192.0.2.7",
            "x-forwarded-port": "4566",
            "x-forwarded-proto": "http",
            "x-amzn-trace-id": "Root=1-2-3",
        },
        "queryStringParameters": {"x": "1,2", "y": "ä b", "z": ""},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": HOST,
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/a%20b/c",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.7",
                "userAgent": "curl",
            },
            "requestId": "request-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390,
        },
        "body": '{"a":"ä"}',
        "isBase64Encoded": False,
    } == events.build(asked, ARRIVAL)


def test_an_event_has_no_members_for_what_was_not_sent() -> None:
    event = events.build(request(), ARRIVAL)
    assert {"cookies", "queryStringParameters", "body"}.isdisjoint(event)
    assert (False, "") == (event["isBase64Encoded"], event["rawQueryString"])
    assert "authorizer" not in event["requestContext"]


def test_a_signer_is_told() -> None:
    caller = Caller("111122223333", "arn:aws:iam::111122223333:user/a", "AIDA1", "AKIA1")
    context = events.build(request(), ARRIVAL._replace(caller=caller))["requestContext"]
    assert "111122223333" == context["accountId"]
    assert {
        "iam": {
            "accessKey": "AKIA1",
            "accountId": "111122223333",
            "callerId": "AIDA1",
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": "arn:aws:iam::111122223333:user/a",
            "userId": "AIDA1",
        }
    } == context["authorizer"]


@pytest.mark.parametrize(
    ("headers", "body", "is_text"),
    [
        ({"content-type": "text/plain"}, b"a", True),
        ({"content-type": "TEXT/html;charset=utf-8"}, b"a", True),
        ({"content-type": "application/json"}, b"{}", True),
        ({"content-type": "application/problem+json"}, b"{}", True),
        ({"content-type": "image/svg+xml"}, b"<a/>", False),
        ({"content-type": "application/atom+xml"}, b"<a/>", True),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a=b", False),
        ({"content-type": "application/octet-stream"}, b"a", False),
        ({}, b"a", False),
        ({"content-type": "text/plain"}, b"\xff", False),
        ({"content-type": "text/plain", "content-encoding": "gzip"}, b"a", False),
    ],
)
def test_bodies_that_are_no_text_are_encoded(
    headers: dict[str, str], body: bytes, is_text: bool
) -> None:
    event = events.build(request("POST", headers=headers, body=body), ARRIVAL)
    expected = body.decode() if is_text else base64.b64encode(body).decode()
    assert (expected, not is_text) == (event["body"], event["isBase64Encoded"])


@pytest.mark.parametrize(
    "payload", [b'"Hello, world!"', b'{"message": "Hello"}', b"null", b"[1]", b'{"body": "a"}']
)
def test_json_without_a_status_is_the_body(payload: bytes) -> None:
    assert (Head(200, {"Content-Type": "application/json"}), payload) == results.infer(payload)


@pytest.mark.parametrize(
    ("payload", "head", "body"),
    [
        (b'{"statusCode": 201}', Head(201, {"Content-Type": "application/json"}), b""),
        (
            b'{"statusCode": "302", "headers": {"content-type": "text/html", "n": 1, "f": false},'
            b' "body": "\xc3\xa4", "cookies": ["a=1", "b=2"]}',
            Head(302, {"content-type": "text/html", "n": "1", "f": "false"}, ("a=1", "b=2")),
            "ä".encode(),
        ),
        (
            b'{"statusCode": 200, "body": "/wA=", "isBase64Encoded": true, "headers": null}',
            Head(200, {"Content-Type": "application/json"}),
            b"\xff\0",
        ),
    ],
)
def test_an_answer_with_a_status_is_a_response(payload: bytes, head: Head, body: bytes) -> None:
    assert (head, body) == results.infer(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"no json", b"\xff", b"[" * 100_000,
        b'{"statusCode": "x"}', b'{"statusCode": 99}', b'{"statusCode": 100}',
        b'{"statusCode": 600}', b'{"statusCode": true}', b'{"statusCode": 200.5}',
        b'{"statusCode": null}', b'{"statusCode": "99999999999999999999"}',
        b'{"statusCode": 200, "headers": []}', b'{"statusCode": 200, "headers": {"a": {}}}',
        b'{"statusCode": 200, "headers": {"a": null}}', b'{"statusCode": 200, "cookies": "a"}',
        b'{"statusCode": 200, "cookies": [1]}', b'{"statusCode": 200, "body": {}}',
        b'{"statusCode": 200, "body": "?", "isBase64Encoded": true}',
        '{"statusCode": 200, "body": "ä", "isBase64Encoded": true}'.encode(),
        b'{"statusCode": 200, "body": "a", "isBase64Encoded": "true"}',
    ],
)  # fmt: skip
def test_answers_that_are_no_response_are_malformed(payload: bytes) -> None:
    with pytest.raises(Malformed):
        results.infer(payload)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"statusCode": 1}'])
def test_metadata_may_be_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        results.read_prelude(data)


def test_metadata_need_no_status() -> None:
    expected = Head(200, {"content-type": "text/html"})
    assert expected == results.read_prelude(b'{"headers": {"content-type": "text/html"}}')


SITE = "https://site.example"


def asked(origin: str | None = SITE) -> Request:
    return request(headers={} if origin is None else {"origin": origin})


@pytest.mark.parametrize(
    ("cors", "expected"),
    [
        (Cors(), {}),
        (Cors(allow_origins=("https://other.example",)), {}),
        (Cors(allow_origins=("*",)), {"Access-Control-Allow-Origin": "*"}),
        (
            Cors(allow_origins=("*",), allow_credentials=True, expose_headers=("a", "b")),
            {
                "Access-Control-Allow-Origin": SITE,
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": "a,b",
                "Vary": "Origin",
            },
        ),
        (
            Cors(allow_origins=("http://a", "https://SITE.example/")),
            {"Access-Control-Allow-Origin": SITE, "Vary": "Origin"},
        ),
        (
            Cors(allow_origins=("https://*",)),
            {"Access-Control-Allow-Origin": SITE, "Vary": "Origin"},
        ),
        (Cors(allow_origins=("http://*",)), {}),
    ],
)
def test_only_allowed_origins_get_headers(cors: Cors, expected: dict[str, str]) -> None:
    assert expected == origins.apply(cors, asked(), {})


def test_a_request_without_an_origin_gets_none() -> None:
    assert {} == origins.apply(Cors(allow_origins=("*",)), asked(None), {})


def test_settings_win_over_the_functions_headers() -> None:
    given = {"access-control-allow-origin": "*", "Access-Control-Max-Age": "1", "vary": "Accept"}
    assert given == origins.apply(None, asked(), given)
    assert {"Access-Control-Allow-Origin": SITE, "Vary": "Accept, Origin"} == origins.apply(
        Cors(allow_origins=(SITE,)), asked(), given
    )


def test_a_preflight_is_answered_with_all_that_is_allowed() -> None:
    cors = Cors(
        allow_origins=(SITE,), allow_methods=("GET", "PUT"), allow_headers=("x-a", "x-b"),
        max_age=60, expose_headers=("x-c",),
    )  # fmt: skip
    assert {
        "Access-Control-Allow-Origin": SITE,
        "Vary": "Origin",
        "Access-Control-Allow-Methods": "GET,PUT",
        "Access-Control-Allow-Headers": "x-a,x-b",
        "Access-Control-Max-Age": "60",
    } == origins.preflight_headers(cors, asked())
    assert {} == origins.preflight_headers(cors, asked("https://other.example"))


@pytest.mark.parametrize("account", ["000000000000", "000000000001", "999999999999"])
def test_an_id_tells_its_account(account: str) -> None:
    ids = Ids()
    for _ in range(50):
        url_id = url_ids.new(ids, account)
        assert (32, account) == (len(url_id), url_ids.account_of(url_id))


@pytest.mark.parametrize("url_id", ["", "a" * 31, "A" * 32, "a" * 24 + "zzzzzzzz", "ä" * 32])
def test_other_labels_are_no_ids(url_id: str) -> None:
    assert url_ids.account_of(url_id) is None
