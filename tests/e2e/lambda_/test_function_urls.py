"""Function URLs: their settings, and HTTP requests that run the function."""

from __future__ import annotations

import asyncio
import json
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda

MEGABYTE = 1 << 20


class Answer:
    """A response, read."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Urls:
    """Makes functions with URLs and asks them."""

    def __init__(self, functions: Functions, pileus: RunningLambda) -> None:
        self.functions = functions
        self.client = functions.client
        self.pileus = pileus

    def create(self, handler: Any, **members: Any) -> str:
        """The host of a new function's URL."""
        name = self.functions.create(handler)
        return self.add(name, **members)

    def add(self, name: str, **members: Any) -> str:
        asked = {"FunctionName": name, "AuthType": "NONE"} | members
        return host_of(self.client.create_function_url_config(**asked))

    def open(
        self, host: str, method: str = "GET", path: str = "/", body: bytes | None = None,
        **headers: str,
    ) -> HTTPResponse:  # fmt: skip
        connection = HTTPConnection("127.0.0.1", self.pileus.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": host, **named})
        return connection.getresponse()

    def ask(self, host: str, *parts: Any, **headers: str) -> Answer:
        return Answer(self.open(host, *parts, **headers))


def host_of(shown: dict[str, Any]) -> str:
    return urlsplit(shown["FunctionUrl"]).netloc


@pytest.fixture
def urls(functions: Functions, pileus: RunningLambda) -> Urls:
    return Urls(functions, pileus)


def echo(event: Any, context: Context) -> Any:
    return event


def answering(**answer: Any) -> Any:
    return lambda event, context: answer


# Settings.

CORS = {
    "AllowCredentials": True, "AllowHeaders": ["x-a"], "AllowMethods": ["GET", "POST"],
    "AllowOrigins": ["https://site.example"], "ExposeHeaders": ["x-b"], "MaxAge": 60,
}  # fmt: skip


def test_a_url_is_created_and_read(urls: Urls, pileus: RunningLambda) -> None:
    name = urls.functions.create(echo)
    made = urls.client.create_function_url_config(
        FunctionName=name, AuthType="NONE", Cors=CORS, InvokeMode="RESPONSE_STREAM"
    )
    label, rest = made["FunctionUrl"].removeprefix("http://").split(".", 1)
    assert 32 == len(label)
    port = pileus.port
    assert f"lambda-url.us-east-1.localhost.localstack.cloud:{port}/" == rest
    read = urls.client.get_function_url_config(FunctionName=name)
    members = ("FunctionUrl", "FunctionArn", "AuthType", "Cors", "CreationTime", "InvokeMode")
    assert [made[member] for member in members] == [read[member] for member in members]
    assert urls.functions.arn(name) == read["FunctionArn"]
    assert ("NONE", CORS, "RESPONSE_STREAM") == (
        read["AuthType"], read["Cors"], read["InvokeMode"]
    )  # fmt: skip
    assert read["CreationTime"] == read["LastModifiedTime"]


def test_a_url_is_updated_member_by_member(urls: Urls, pileus: RunningLambda) -> None:
    name = urls.functions.create(echo)
    host = urls.add(name, Cors=CORS)
    pileus.advance(60)
    changed = urls.client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert ("AWS_IAM", CORS, "BUFFERED") == (
        changed["AuthType"], changed["Cors"], changed["InvokeMode"]
    )  # fmt: skip
    assert changed["CreationTime"] < changed["LastModifiedTime"]
    changed = urls.client.update_function_url_config(
        FunctionName=name, Cors={}, InvokeMode="RESPONSE_STREAM"
    )
    assert ("RESPONSE_STREAM", False) == (changed["InvokeMode"], "Cors" in changed)
    assert host == host_of(changed)


def test_a_function_has_one_url_and_each_alias_another(urls: Urls) -> None:
    name = urls.functions.create(echo)
    urls.client.publish_version(FunctionName=name)
    hosts = [urls.add(name)]
    for alias in ("blue", "green"):
        urls.client.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
        hosts.append(urls.add(name, Qualifier=alias))
    pages: list[list[str]] = []
    marker: dict[str, str] = {}
    while len(pages) < 5:
        page = urls.client.list_function_url_configs(FunctionName=name, MaxItems=1, **marker)
        pages.append([host_of(each) for each in page["FunctionUrlConfigs"]])
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert [[host] for host in hosts] == pages
    whole = urls.client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    assert hosts == [host_of(each) for each in whole]
    assert [None, "blue", "green"] == [
        each["FunctionArn"].partition(f"{name}:")[2] or None for each in whole
    ]
    with pytest.raises(urls.client.exceptions.ResourceConflictException) as refused:
        urls.add(f"{name}:blue")
    assert (
        "Failed to create function url config for [functionArn = "
        f"{urls.functions.arn(name)}:blue]. Error message:  FunctionUrlConfig exists for this "
        "Lambda function"
    ) == refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
def test_a_url_that_is_not_there_is_not_found(urls: Urls, operation: str) -> None:
    name = urls.functions.create(echo)
    ask = getattr(urls.client, f"{operation}_function_url_config")
    with pytest.raises(urls.client.exceptions.ResourceNotFoundException) as refused:
        ask(FunctionName=name)
    assert (
        "The resource you requested does not exist." == (refused.value.response["Error"]["Message"])
    )


def test_a_url_needs_its_function_and_alias(urls: Urls) -> None:
    name = urls.functions.create(echo)
    for asked, said in (("none", "none"), (f"{name}:none", f"{name}:none")):
        with pytest.raises(urls.client.exceptions.ResourceNotFoundException) as refused:
            urls.add(asked)
        assert (
            f"Function not found: {urls.functions.arn(said)}"
            == (refused.value.response["Error"]["Message"])
        )


@pytest.mark.parametrize(
    "gone",
    [
        lambda client, name: client.delete_function_url_config(FunctionName=name, Qualifier="a"),
        lambda client, name: client.delete_alias(FunctionName=name, Name="a"),
        lambda client, name: client.delete_function(FunctionName=name),
    ],
    ids=["url", "alias", "function"],
)
def test_a_url_ends_with_what_it_leads_to(urls: Urls, pileus: RunningLambda, gone: Any) -> None:
    name = urls.functions.create(echo)
    urls.client.publish_version(FunctionName=name)
    urls.client.create_alias(FunctionName=name, Name="a", FunctionVersion="1")
    host = urls.add(name, Qualifier="a")
    assert 200 == urls.ask(host).status
    gone(urls.client, name)
    pileus.idle()
    answer = urls.ask(host)
    assert (404, {"Message": "Not Found"}) == (answer.status, answer.json)


@pytest.mark.parametrize("label", ["x", "a" * 32, "a" * 31 + "."])
def test_an_unknown_host_is_not_found(urls: Urls, label: str) -> None:
    answer = urls.ask(f"{label}.lambda-url.us-east-1.localhost")
    assert (404, "ResourceNotFoundException") == (
        answer.status, answer.headers["x-amzn-ErrorType"]
    )  # fmt: skip


# Requests.


def test_a_request_runs_the_function(urls: Urls, pileus: RunningLambda) -> None:
    host = urls.create(echo)
    answer = urls.ask(
        host, "POST", "/a%20b?x=1&x=2", b'{"b": 1}', Content_Type="application/json", X_Own="1",
        Cookie="a=1; b=2",
    )  # fmt: skip
    assert (200, "application/json") == (answer.status, answer.headers["content-type"])
    event = answer.json
    assert ("2.0", "/a%20b", "x=1&x=2") == (
        event["version"], event["rawPath"], event["rawQueryString"]
    )  # fmt: skip
    assert ({"x": "1,2"}, ["a=1", "b=2"]) == (event["queryStringParameters"], event["cookies"])
    assert ("1", '{"b": 1}') == (event["headers"]["x-own"], event["body"])
    context = event["requestContext"]
    assert (host.partition(":")[0], host.partition(".")[0]) == (
        context["domainName"], context["domainPrefix"]
    )  # fmt: skip
    assert ("anonymous", "POST") == (context["accountId"], context["http"]["method"])
    assert pileus.now == context["timeEpoch"]
    assert answer.headers["x-amzn-RequestId"] == context["requestId"]
    assert answer.headers["X-Amzn-Trace-Id"] == event["headers"]["x-amzn-trace-id"]


def test_the_function_is_told_what_it_is_told_by_invoke(urls: Urls) -> None:
    told: list[Context] = []
    name = urls.functions.create(lambda event, context: told.append(context))
    urls.client.publish_version(FunctionName=name)
    urls.client.create_alias(FunctionName=name, Name="a", FunctionVersion="1")
    host = urls.add(name, Qualifier="a")
    answer = urls.ask(host, X_Amzn_Trace_Id="Root=1-2-3")
    (context,) = told
    assert f"{urls.functions.arn(name)}:a" == context.invoked_arn
    assert answer.headers["x-amzn-RequestId"] == context.request_id
    assert context.trace_id.startswith("Root=1-2-3;Lineage=")
    assert "1" == context.spec.variables["AWS_LAMBDA_FUNCTION_VERSION"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_every_method_comes_through(urls: Urls, method: str) -> None:
    seen: list[str] = []

    def handle(event: Any, context: Context) -> Any:
        seen.append(event["requestContext"]["http"]["method"])
        return {"statusCode": 200, "body": "body"}

    answer = urls.ask(urls.create(handle), method)
    assert [method] == seen
    assert (b"" if method == "HEAD" else b"body") == answer.body
    assert "4" == answer.headers["content-length"]


def test_binary_bodies_come_and_go(urls: Urls) -> None:
    def mirror(event: Any, context: Context) -> Any:
        assert event["isBase64Encoded"]
        return {"statusCode": 200, "body": event["body"], "isBase64Encoded": True,
                "headers": {"content-type": "image/png"}}  # fmt: skip

    data = bytes(range(256)) * 1000
    answer = urls.ask(urls.create(mirror), "POST", "/", data, Content_Type="image/png")
    assert (200, "image/png", data) == (
        answer.status, answer.headers["content-type"], answer.body
    )  # fmt: skip


def test_the_answer_has_the_functions_status_headers_and_cookies(urls: Urls) -> None:
    host = urls.create(
        answering(
            statusCode=201, body="made", cookies=["a=1; Secure", "b=2"],
            headers={"Content-Type": "text/plain", "X-Own": 1, "Set-Cookie": "c=3"},
        )
    )  # fmt: skip
    answer = urls.ask(host)
    assert (201, b"made") == (answer.status, answer.body)
    assert ("text/plain", "1") == (answer.headers["content-type"], answer.headers["x-own"])
    assert ["a=1; Secure", "b=2", "c=3"] == answer.headers.get_all("set-cookie")


def fail(event: Any, context: Context) -> Any:
    raise ValueError("no")


@pytest.mark.parametrize(
    "handler", [fail, answering(statusCode="x"), lambda event, context: b"no json"]
)
def test_a_failure_or_a_malformed_answer_is_502(urls: Urls, handler: Any) -> None:
    answer = urls.ask(urls.create(handler))
    assert (502, b"Internal Server Error") == (answer.status, answer.body)


def test_a_timeout_is_502(urls: Urls, pileus: RunningLambda) -> None:
    async def hang(event: Any, context: Context) -> Any:
        await asyncio.Event().wait()

    name = urls.functions.create(hang, Timeout=1)
    answer = urls.ask(urls.add(name))
    assert (502, b"Internal Server Error") == (answer.status, answer.body)


def test_a_throttle_is_429(urls: Urls) -> None:
    name = urls.functions.create(echo)
    host = urls.add(name)
    urls.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    answer = urls.ask(host)
    assert (429, "TooManyRequestsException") == (
        answer.status, answer.headers["x-amzn-ErrorType"]
    )  # fmt: skip
    assert {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User",
        "message": "Rate Exceeded.",
    } == answer.json  # fmt: skip


def test_an_event_over_6_megabytes_is_413(urls: Urls) -> None:
    host = urls.create(lambda event, context: len(event["body"]))
    text = {"Content_Type": "text/plain"}
    large = b"x" * (6 * MEGABYTE - 2000)
    assert str(len(large)).encode() == urls.ask(host, "POST", "/", large, **text).body
    answer = urls.ask(host, "POST", "/", b"x" * 6 * MEGABYTE, **text)
    assert (413, "RequestEntityTooLargeException") == (
        answer.status, answer.headers["x-amzn-ErrorType"]
    )  # fmt: skip


# Signatures.


def signed(
    urls: Urls, host: str, key: str, secret: str, token: str | None = None, body: bytes = b"{}"
) -> Answer:
    asked = AWSRequest("POST", f"http://{host}/path?b=1&a=2", {"Host": host}, body)
    SigV4Auth(Credentials(key, secret, token), "lambda", "us-east-1").add_auth(asked)
    connection = HTTPConnection("127.0.0.1", urls.pileus.port, timeout=30)
    connection.request("POST", "/path?b=1&a=2", body, dict(asked.headers))
    return Answer(connection.getresponse())


def test_a_url_for_signed_requests_refuses_others(urls: Urls) -> None:
    answer = urls.ask(urls.create(echo, AuthType="AWS_IAM"))
    assert (403, {"Message": "Forbidden"}) == (answer.status, answer.json)
    assert "AccessDeniedException" == answer.headers["x-amzn-ErrorType"]


def test_a_signer_is_checked_and_told(urls: Urls, aws: Any, account: str) -> None:
    iam = aws("iam")
    user = iam.create_user(UserName="caller")["User"]
    key = iam.create_access_key(UserName="caller")["AccessKey"]
    host = urls.create(echo, AuthType="AWS_IAM")
    answer = signed(urls, host, key["AccessKeyId"], key["SecretAccessKey"])
    context = answer.json["requestContext"]
    assert (200, account) == (answer.status, context["accountId"])
    assert {
        "accessKey": key["AccessKeyId"],
        "accountId": account,
        "callerId": user["UserId"],
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": user["Arn"],
        "userId": user["UserId"],
    } == context["authorizer"]["iam"]
    wrong = signed(urls, host, key["AccessKeyId"], "wrong")
    assert (403, "InvalidSignatureException") == (
        wrong.status, wrong.headers["x-amzn-ErrorType"]
    )  # fmt: skip
    assert wrong.json["message"].startswith("The request signature we calculated does not match")


def test_a_url_for_everybody_does_not_look_at_signatures(urls: Urls) -> None:
    answer = urls.ask(urls.create(echo), Authorization="Bearer token")
    assert (200, "Bearer token") == (answer.status, answer.json["headers"]["authorization"])


# Pages of other origins.

ASKS = {"Origin": "https://site.example", "Access_Control_Request_Method": "POST"}


def test_a_preflight_is_answered_without_the_function(urls: Urls) -> None:
    host = urls.create(fail, Cors=CORS, AuthType="AWS_IAM")
    answer = urls.ask(host, "OPTIONS", **ASKS)
    assert (200, b"") == (answer.status, answer.body)
    assert {
        "access-control-allow-origin": "https://site.example",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "60",
        "vary": "Origin",
    } == {
        name.lower(): value
        for name, value in answer.headers.items()
        if name.lower().startswith(("access-control", "vary"))
    }
    other = urls.ask(host, "OPTIONS", **ASKS | {"Origin": "https://other.example"})
    assert (200, None) == (other.status, other.headers["access-control-allow-origin"])


def test_a_page_of_an_allowed_origin_may_read_the_answer(urls: Urls) -> None:
    handler = answering(statusCode=200, headers={"access-control-allow-origin": "*"}, body="a")
    host = urls.create(handler, Cors=CORS)
    answer = urls.ask(host, Origin="https://site.example")
    assert ["https://site.example"] == answer.headers.get_all("access-control-allow-origin")
    assert "x-b" == answer.headers["access-control-expose-headers"]
    refused = urls.ask(host, Origin="https://other.example")
    assert (200, None) == (refused.status, refused.headers["access-control-allow-origin"])


def test_without_settings_the_function_answers_other_origins(urls: Urls) -> None:
    handler = answering(statusCode=204, headers={"access-control-allow-origin": "own"})
    answer = urls.ask(urls.create(handler), "OPTIONS", **ASKS)
    assert (204, "own") == (answer.status, answer.headers["access-control-allow-origin"])


# Streams.

HTTP_TYPE = "application/vnd.awslambda.http-integration-response"


def streaming(content_type: str, *pieces: bytes, error: Exception | None = None) -> Any:
    async def handle(event: Any, context: Context) -> bytes:
        assert context.sink is not None
        context.sink.begin(content_type, lambda count: None)
        for piece in pieces:
            context.sink.put(piece)
        if error:
            raise error
        return b""

    return handle


def stream(urls: Urls, handler: Any) -> HTTPResponse:
    return urls.open(urls.create(handler, InvokeMode="RESPONSE_STREAM"))


def test_a_stream_has_the_status_headers_and_cookies_of_its_metadata(urls: Urls) -> None:
    prelude = b'{"statusCode": 202, "headers": {"content-type": "text/css"}, "cookies": ["a=1"]}'
    pieces = [prelude[:9], prelude[9:] + bytes(3), bytes(5) + b"bo", b"dy\0\0\0\0\0\0\0\0!"]
    answer = Answer(stream(urls, streaming(HTTP_TYPE, *pieces)))
    assert (202, b"body\0\0\0\0\0\0\0\0!") == (answer.status, answer.body)
    assert ("text/css", ["a=1"]) == (
        answer.headers["content-type"], answer.headers.get_all("set-cookie")
    )  # fmt: skip
    assert "chunked" == answer.headers["transfer-encoding"]


def test_a_stream_without_metadata_is_sent_as_it_is(urls: Urls) -> None:
    answer = Answer(stream(urls, streaming("text/plain", b"a", b"b")))
    assert (200, "text/plain", b"ab") == (
        answer.status, answer.headers["content-type"], answer.body
    )  # fmt: skip


def test_a_whole_answer_to_a_streaming_url_is_sent_as_it_is(urls: Urls) -> None:
    answer = Answer(stream(urls, answering(statusCode=201)))
    assert (200, "application/json", {"statusCode": 201}) == (
        answer.status, answer.headers["content-type"], answer.json
    )  # fmt: skip


@pytest.mark.parametrize(
    "handler",
    [
        fail,
        streaming(HTTP_TYPE, b"{}"),
        streaming(HTTP_TYPE, b"no json" + bytes(8)),
        streaming(HTTP_TYPE, *[b" " * 65_536] * 9),
        streaming(HTTP_TYPE, *[b" "] * 300_000),
        streaming(HTTP_TYPE, b"{", error=ValueError("no")),
    ],
    ids=["fails", "endless", "malformed", "large", "many", "cut"],
)
def test_a_stream_that_does_not_begin_well_is_502(urls: Urls, handler: Any) -> None:
    answer = Answer(stream(urls, handler))
    assert (502, b"Internal Server Error") == (answer.status, answer.body)


def test_a_stream_whose_function_fails_is_cut(urls: Urls) -> None:
    response = stream(urls, streaming("text/plain", b"so far", error=ValueError("no")))
    assert 200 == response.status
    assert b"so far" == response.read1(6)
    with pytest.raises((ConnectionError, IncompleteRead)):
        response.read()


def test_a_stream_of_a_whole_url_is_not_json(urls: Urls) -> None:
    answer = urls.ask(urls.create(streaming("text/plain", b"a")))
    assert 502 == answer.status
