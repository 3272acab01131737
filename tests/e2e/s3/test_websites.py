"""Buckets as websites: what may be configured, and what the endpoint answers."""

from __future__ import annotations

import http.client
import re
from typing import Any

import pytest

from support.refusals import Refusal, refusal
from support.running import Running

INDEX = {"IndexDocument": {"Suffix": "index.html"}}
Answer = tuple[int, str, dict[str, str]]


def ask(pileus: Running, bucket: str, target: str, method: str = "GET", **headers: str) -> Answer:
    host = f"{bucket}.s3-website.localhost.localstack.cloud:4566"
    given = {"host": host, **{name.replace("_", "-"): text for name, text in headers.items()}}
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    connection.request(method, target, headers=given)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    text = answer.read().decode()
    connection.close()
    return answer.status, text, found


def put(s3: Any, bucket: str, configuration: dict[str, Any]) -> None:
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)


@pytest.fixture
def site(s3: Any, bucket: str) -> str:
    put(s3, bucket, {**INDEX, "ErrorDocument": {"Key": "error.html"}})
    for key in ("index.html", "docs/index.html", "a b/ü.html"):
        s3.put_object(Bucket=bucket, Key=key, Body=f"page {key}", ContentType="text/html")
    return bucket


def test_a_bucket_keeps_its_website(s3: Any, bucket: str) -> None:
    text = "The specified bucket does not have a website configuration"
    absent = Refusal("NoSuchWebsiteConfiguration", text, 404)
    assert absent == refusal(s3.get_bucket_website, Bucket=bucket)
    configuration = {
        **INDEX,
        "ErrorDocument": {"Key": "e"},
        "RoutingRules": [
            {"Condition": {"KeyPrefixEquals": "a"}, "Redirect": {"ReplaceKeyPrefixWith": "b"}}
        ],
    }
    put(s3, bucket, configuration)
    found = s3.get_bucket_website(Bucket=bucket)
    del found["ResponseMetadata"]
    assert configuration == found
    s3.delete_bucket_website(Bucket=bucket)
    s3.delete_bucket_website(Bucket=bucket)
    assert absent == refusal(s3.get_bucket_website, Bucket=bucket)


def rule(**redirect: str) -> dict[str, Any]:
    return {**INDEX, "RoutingRules": [{"Redirect": redirect}]}


ALL = {"RedirectAllRequestsTo": {"HostName": "example.com"}}
PROTOCOL = (
    "Invalid protocol, protocol can be http or https. If not defined the protocol will be "
    "selected automatically."
)


@pytest.mark.parametrize(
    ("configuration", "code", "expected"),
    [
        (
            {"ErrorDocument": {"Key": "e"}},
            "InvalidArgument",
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
        ),
        (
            {"IndexDocument": {"Suffix": "a/b"}},
            "InvalidArgument",
            "The IndexDocument Suffix is not well formed",
        ),
        (
            {**ALL, **rule(HostName="a")},
            "InvalidArgument",
            "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
        ),
        (
            {**INDEX, "RoutingRules": [{"Condition": {}, "Redirect": {"HostName": "a"}}]},
            "InvalidRequest",
            "Condition cannot be empty. To redirect all requests without a condition, the "
            "condition element shouldn't be present.",
        ),
        (rule(Protocol="ftp"), "InvalidRequest", PROTOCOL),
        (
            {"RedirectAllRequestsTo": {"HostName": "a", "Protocol": "ftp"}},
            "InvalidRequest",
            PROTOCOL,
        ),
        (
            rule(ReplaceKeyWith="a", ReplaceKeyPrefixWith="b"),
            "InvalidRequest",
            "You can only define ReplaceKeyPrefix or ReplaceKey but not both.",
        ),
        (
            rule(HttpRedirectCode="300"),
            "InvalidRequest",
            "The provided HTTP redirect code (300) is not valid. Valid codes are 3XX except 300.",
        ),
        (
            {
                **INDEX,
                "RoutingRules": [
                    {
                        "Condition": {"HttpErrorCodeReturnedEquals": "200"},
                        "Redirect": {"HostName": "a"},
                    }
                ],
            },
            "InvalidRequest",
            "The provided HTTP error code (200) is not valid. Valid codes are 4XX or 5XX.",
        ),
        (
            {**INDEX, "RoutingRules": [{"Redirect": {"HostName": "a"}}] * 51},
            "InvalidRequest",
            "51 routing rules provided, the number of routing rules in a website configuration "
            "is limited to 50.",
        ),
    ],
)
def test_wrong_websites_are_refused(
    s3: Any, bucket: str, configuration: dict[str, Any], code: str, expected: str
) -> None:
    refused = refusal(s3.put_bucket_website, Bucket=bucket, WebsiteConfiguration=configuration)
    assert Refusal(code, expected, 400) == refused


def test_pages_and_folders_are_served(pileus: Running, s3: Any, site: str) -> None:
    status, text, headers = ask(pileus, site, "/")
    assert (200, "page index.html", "text/html") == (status, text, headers["content-type"])
    assert "page index.html" == ask(pileus, site, "/index.html?x=y")[1]
    assert "page docs/index.html" == ask(pileus, site, "/docs/")[1]
    assert "page a b/ü.html" == ask(pileus, site, "/a%20b/%C3%BC.html")[1]
    status, _, headers = ask(pileus, site, "/docs")
    assert (302, "/docs/") == (status, headers["location"])
    # What is large comes as a stream.
    s3.put_object(Bucket=site, Key="large", Body=b"x" * 300_000, Metadata={"a": "b"})
    status, text, headers = ask(pileus, site, "/large")
    assert (200, 300_000, "b") == (status, len(text), headers["x-amz-meta-a"])
    status, text, headers = ask(pileus, site, "/large", "HEAD")
    assert (200, "", "300000") == (status, text, headers["content-length"])


def test_hosts_may_have_a_region(pileus: Running, site: str) -> None:
    for host in (
        f"{site}.s3-website-us-east-1.amazonaws.com",
        f"{site}.s3-website.eu-central-1.amazonaws.com",
        f"{site}.s3-website.us-east-1.localhost.localstack.cloud:4566",
    ):
        assert (200, "page index.html") == ask(pileus, site, "/", host=host)[:2]


def test_conditions_and_ranges_hold(pileus: Running, site: str) -> None:
    etag = ask(pileus, site, "/")[2]["etag"]
    status, text, headers = ask(pileus, site, "/", if_none_match=etag)
    assert (304, "", etag) == (status, text, headers["etag"])
    future = "Sat, 01 Jan 2050 00:00:00 GMT"
    assert 200 == ask(pileus, site, "/", if_modified_since="no date")[0]
    assert 200 == ask(pileus, site, "/", if_unmodified_since=future)[0]
    assert (206, "page") == ask(pileus, site, "/", range="bytes=0-3")[:2]


def test_a_missing_page_shows_the_error_document(pileus: Running, s3: Any, site: str) -> None:
    status, text, headers = ask(pileus, site, "/absent%3Cb%3E")
    assert (404, "NoSuchKey") == (status, headers["x-amz-error-code"])
    assert "<li>Code: NoSuchKey</li>" in text
    assert "<li>Key: absent&lt;b&gt;</li>" in text
    assert "<li>Key: error.html</li>" in text
    s3.put_object(Bucket=site, Key="error.html", Body=b"sorry", ContentType="text/html")
    status, text, headers = ask(pileus, site, "/absent")
    assert (404, "sorry", "NoSuchKey") == (status, text, headers["x-amz-error-code"])
    assert (404, "") == ask(pileus, site, "/absent", "HEAD")[:2]
    # A range is of what was asked for.
    assert (404, "sorry") == ask(pileus, site, "/absent", range="bytes=0-1")[:2]


def test_what_is_no_website_says_so(pileus: Running, bucket: str, site: str) -> None:
    put_away = re.compile(r"<li>Code: (\w+)</li>")
    status, text, _ = ask(pileus, "no-such-bucket-here", "/")
    assert (404, ["NoSuchBucket"]) == (status, put_away.findall(text))
    status, text, _ = ask(pileus, "x_y", "/")
    assert (400, ["InvalidBucketName"]) == (status, put_away.findall(text))
    status, text, _ = ask(pileus, site, "/", "DELETE")
    assert (405, ["MethodNotAllowed"]) == (status, put_away.findall(text))
    status, text, _ = ask(pileus, site, "/%ff")
    assert 400 == status


def test_a_bucket_without_a_website_says_so(pileus: Running, s3: Any, bucket: str) -> None:
    status, text, headers = ask(pileus, bucket, "/")
    assert (404, "NoSuchWebsiteConfiguration") == (status, headers["x-amz-error-code"])
    assert f"<li>BucketName: {bucket}</li>" in text


def test_objects_may_redirect(pileus: Running, s3: Any, site: str) -> None:
    s3.put_object(Bucket=site, Key="old", WebsiteRedirectLocation="/new?ü")
    status, text, headers = ask(pileus, site, "/old")
    assert (301, "", "/new?%C3%BC") == (status, text, headers["location"])


def test_a_website_may_redirect_everything(pileus: Running, s3: Any, bucket: str) -> None:
    put(s3, bucket, {"RedirectAllRequestsTo": {"HostName": "a.example", "Protocol": "https"}})
    status, _, headers = ask(pileus, bucket, "/x/y%20z?q=1")
    assert (301, "https://a.example/x/y%20z?q=1") == (status, headers["location"])


def test_routing_rules_redirect_before_and_after(pileus: Running, s3: Any, bucket: str) -> None:
    rules = [
        {
            "Condition": {"KeyPrefixEquals": "docs/"},
            "Redirect": {"ReplaceKeyPrefixWith": "documents/", "HttpRedirectCode": "307"},
        },
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404", "KeyPrefixEquals": "images/"},
            "Redirect": {"HostName": "images.example", "Protocol": "https"},
        },
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {"ReplaceKeyWith": "search.html"},
        },
    ]
    put(s3, bucket, {**INDEX, "RoutingRules": rules})
    s3.put_object(Bucket=bucket, Key="images/there", Body=b"x")
    host = f"{bucket}.s3-website.localhost.localstack.cloud:4566"
    for target, expected in (
        ("/docs/a", (307, f"http://{host}/documents/a")),
        ("/images/a", (301, "https://images.example/images/a")),
        ("/images/there", (200, None)),
        ("/x", (301, f"http://{host}/search.html")),
    ):
        status, _, headers = ask(pileus, bucket, target)
        assert expected == (status, headers.get("location"))


def test_pages_of_other_origins_are_told_by_the_rules(pileus: Running, s3: Any, site: str) -> None:
    origin = "https://app.example.com"
    cors = {"AllowedMethods": ["GET"], "AllowedOrigins": [origin]}
    s3.put_bucket_cors(Bucket=site, CORSConfiguration={"CORSRules": [cors]})
    assert origin == ask(pileus, site, "/", origin=origin)[2]["access-control-allow-origin"]
    assert "access-control-allow-origin" not in ask(pileus, site, "/", origin="https://x")[2]
    preflight = {"origin": origin, "access_control_request_method": "GET"}
    status, _, headers = ask(pileus, site, "/", "OPTIONS", **preflight)
    assert (200, origin) == (status, headers["access-control-allow-origin"])
    preflight["access_control_request_method"] = "PUT"
    status, text, _ = ask(pileus, site, "/", "OPTIONS", **preflight)
    assert (403, True) == (status, "AccessForbidden" in text)
