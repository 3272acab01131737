"""Signatures over real HTTP: SDKs get in; who does not know the secret gets AWS's errors."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import boto3
import botocore.auth
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from support import api_requests
from support.running import Running

YEAR_SECONDS = 365 * 24 * 3600


def sqs(pileus: Running, key: str = "test", secret: str = "test", **options: Any) -> Any:
    return boto3.client(
        "sqs",
        endpoint_url=pileus.url,
        region_name=options.pop("region", "us-east-1"),
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
        **options,
    )


def code_of(client: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        client.list_queues()
    answer = refused.value.response
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def get(url: str | Request, **headers: str) -> tuple[int, str]:
    asked = url if isinstance(url, Request) else Request(url)
    for name, value in headers.items():
        asked.add_header(name.replace("_", "-"), value)
    try:
        with urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def at(moment: datetime) -> Any:
    return patch.object(
        botocore.auth,
        "get_current_datetime",
        lambda remove_tzinfo=True: moment.replace(tzinfo=None) if remove_tzinfo else moment,
    )


def test_known_key_with_its_secret_gets_in(pileus: Running) -> None:
    assert sqs(pileus).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_known_key_with_another_secret_is_refused(pileus: Running) -> None:
    assert code_of(sqs(pileus, secret="guess")) == ("SignatureDoesNotMatch", 400)


def test_unknown_key_is_let_in_and_digits_choose_the_account(pileus: Running) -> None:
    client = sqs(pileus, key="222233334444", secret="anything")
    url = client.create_queue(QueueName="signed")["QueueUrl"]
    assert "/222233334444/signed" in url
    assert "QueueUrls" not in sqs(pileus, key="222233335555", secret="x").list_queues()
    assert "QueueUrls" not in sqs(pileus, key="222233334444", region="eu-west-1").list_queues()


def test_old_signature_is_refused_by_the_real_clock(pileus: Running) -> None:
    long_ago = datetime.fromtimestamp(pileus.app.kernel.clock.real_now() / 1000, UTC) - timedelta(
        minutes=6
    )
    with at(long_ago):
        assert code_of(sqs(pileus))[0] in ("SignatureDoesNotMatch", "InvalidSignatureException")


def test_signature_holds_by_the_virtual_clock_too(pileus: Running) -> None:
    pileus.advance(YEAR_SECONDS)
    assert sqs(pileus).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    with at(datetime.fromtimestamp(pileus.now / 1000, UTC)):
        assert sqs(pileus).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("place", ["query", "form"])
def test_old_signature_of_a_key_from_before_the_restart_is_judged(
    tmp_path: Path, place: str
) -> None:
    first = Running(tmp_path).start()
    try:
        iam = first.client("iam")
        iam.create_user(UserName="ann")
        key = iam.create_access_key(UserName="ann")["AccessKey"]
    finally:
        first.stop()
    text = urlencode(
        {
            "Action": "GetCallerIdentity", "Version": "2011-06-15", "SignatureVersion": "2",
            "SignatureMethod": "HmacSHA256", "AWSAccessKeyId": key["AccessKeyId"],
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "Signature": "wrong",
        }
    )  # fmt: skip
    second = Running(tmp_path).start()
    try:
        if place == "query":
            status, body = get(f"{second.url}/?{text}")
        else:
            status, body = get(Request(f"{second.url}/", data=text.encode()))
        assert (403, True) == (status, "<Code>SignatureDoesNotMatch</Code>" in body)
    finally:
        second.stop()


def test_unsigned_request_of_the_query_protocol_is_refused_in_xml(pileus: Running) -> None:
    status, body = get(f"{pileus.url}/?Action=CreateQueue&QueueName=a&Version=2012-11-05")
    assert status == 403
    assert "<Code>" in body


def presigned(pileus: Running, secret: str = "test") -> str:
    sent = AWSRequest("GET", f"{pileus.url}/?Action=ListQueues&Version=2012-11-05")
    SigV4QueryAuth(Credentials("test", secret), "sqs", "us-east-1", expires=60).add_auth(sent)
    return str(sent.url)


def test_presigned_url_works_without_headers(pileus: Running) -> None:
    status, body = get(presigned(pileus))
    assert status == 200
    assert "<ListQueuesResponse" in body


def test_presigned_url_with_a_changed_parameter_is_refused(pileus: Running) -> None:
    status, body = get(presigned(pileus).replace("ListQueues", "PurgeQueue"))
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in body
    assert get(presigned(pileus, secret="guess"))[0] == 403


@pytest.mark.parametrize(
    "host",
    [
        "sqs.us-east-1.localhost.localstack.cloud:4566", "sqs.us-east-1.amazonaws.com",
        "us-east-1.queue.localhost.localstack.cloud:4566", "sync-localhost:4566",
        "000000000000.localhost:4566",
    ],
)  # fmt: skip
def test_queue_urls_are_built_from_the_name_that_the_client_used(
    pileus: Running, host: str
) -> None:
    now = pileus.app.kernel.clock.real_now()
    data = api_requests.written(
        "sqs", "CreateQueue", {"QueueName": "named"}, protocol="json", host=host, now=now
    )
    with socket.create_connection(("127.0.0.1", pileus.port), timeout=20) as peer:
        peer.sendall(data)
        answer = peer.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert f'"http://{host}/000000000000/named"' in answer


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    ],
)
def test_strangers_pages_reach_neither_the_apis_nor_the_control_plane(
    pileus: Running, headers: dict[str, str]
) -> None:
    for path in ("/", "/_pileus/clock", "/_localstack/health"):
        status, body = get(pileus.url + path, **headers)
        assert status == 403
        assert "--allow-host" in body


def test_page_on_this_machine_may_ask_and_read(pileus: Running) -> None:
    asked = Request(
        f"{pileus.url}/",
        method="OPTIONS",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-amz-target",
        },
    )
    with urlopen(asked, timeout=20) as answer:
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert answer.headers["access-control-allow-headers"] == "x-amz-target"
    asked = Request(f"{pileus.url}/_pileus/health", headers={"Origin": "http://localhost:3000"})
    with urlopen(asked, timeout=20) as answer:
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
