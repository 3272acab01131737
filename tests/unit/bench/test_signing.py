"""The load generator signs as botocore does, so that what it measures is a verified request."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.s3_requests import Objects
from bench.signing import Signer

MOMENT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
HEADERS = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage"}


def test_requests_of_objects_are_signed_as_botocore_does() -> None:
    body = b"content"
    sent = AWSRequest("PUT", "http://127.0.0.1:4566/bench-1/k/1", data=body)
    moment = lambda remove_tzinfo=True: MOMENT.replace(tzinfo=None)  # noqa: E731
    with patch.object(botocore.auth, "get_current_datetime", moment):
        botocore.auth.S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1").add_auth(sent)
    request = Objects("127.0.0.1:4566", "bench-1", at=MOMENT).put("k/1", body)
    assert f"authorization: {sent.headers['Authorization']}\r\n" in request.decode()
    assert request.endswith(b"content-length: 7\r\n\r\ncontent")


@pytest.mark.parametrize(
    ("service", "path", "headers"),
    [
        ("sqs", "/", HEADERS),
        ("lambda", "/2015-03-31/functions/answer/invocations", {}),
        ("sns", "/", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}),
        ("scheduler", "/schedules/bench-1", {"content-type": "application/json"}),
    ],
)
def test_signatures_are_those_of_botocore(service: str, path: str, headers: dict[str, str]) -> None:
    body = b'{"MessageBody": "\xc3\xa4"}'
    sent = AWSRequest("POST", f"http://127.0.0.1:4566{path}", headers, body)
    moment = lambda remove_tzinfo=True: MOMENT.replace(tzinfo=None)  # noqa: E731
    with patch.object(botocore.auth, "get_current_datetime", moment):
        botocore.auth.SigV4Auth(Credentials("test", "test"), service, "us-east-1").add_auth(sent)
    signer = Signer(service, "127.0.0.1:4566", path, headers, at=MOMENT)
    assert sent.headers["Authorization"].endswith(f"Signature={signer.signature(body)}")
    request = signer.request(body).decode()
    assert f"authorization: {sent.headers['Authorization']}\r\n" in request
    assert request.endswith(f"content-length: {len(body)}\r\n\r\n{body.decode()}")
