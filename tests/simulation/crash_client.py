"""A lean client for the crash test: an answer is acknowledged, refused, or lost with the server."""

from __future__ import annotations

import http.client
import json
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench.signing import Signer

_SIGNATURE_SECONDS = 240.0
_PATIENCE_SECONDS = 60.0
_JSON = {
    "dynamodb": ("application/x-amz-json-1.0", "DynamoDB_20120810"),
    "sqs": ("application/x-amz-json-1.0", "AmazonSQS"),
    "logs": ("application/x-amz-json-1.1", "Logs_20140328"),
    "events": ("application/x-amz-json-1.1", "AWSEvents"),
    "kinesis": ("application/x-amz-json-1.1", "Kinesis_20131202"),
}


class Lost(Exception):
    """The server went away before it answered: what was asked may have happened or not."""


class Refused(Exception):
    """The server answered with an error: what was asked did not happen."""


class Client:
    """One connection, opened again after each loss; used by one thread."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = self._connect()
        self._signers: dict[tuple[str, ...], tuple[float, Signer]] = {}

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)

    def call(self, service: str, operation: str, **members: Any) -> dict[str, Any]:
        """An operation of a JSON service."""
        content_type, prefix = _JSON[service]
        headers = {"content-type": content_type, "x-amz-target": f"{prefix}.{operation}"}
        return self.post(service, "/", headers, json.dumps(members).encode())

    def invoke_later(self, function: str, payload: bytes) -> None:
        """An asynchronous invocation; returns when it is accepted."""
        path = f"/2015-03-31/functions/{function}/invocations"
        self.post("lambda", path, {"x-amz-invocation-type": "Event"}, payload)

    def query(self, service: str, operation: str, version: str, **members: str) -> bytes:
        """An operation of a service that speaks the query protocol; the answer is XML."""
        body = urlencode({"Action": operation, "Version": version, **members}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self._send(service, "/", headers, body)

    def post(self, service: str, path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        content = self._send(service, path, headers, body)
        found: dict[str, Any] = json.loads(content) if content else {}
        return found

    def _send(self, service: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        key = (service, path, *headers.values())
        made_at, signer = self._signers.get(key, (0.0, None))
        if signer is None or time.monotonic() - made_at > _SIGNATURE_SECONDS:
            signer = Signer(service, f"127.0.0.1:{self.port}", path, headers)
            self._signers[key] = (time.monotonic(), signer)
        sent = {
            **headers,
            "x-amz-date": signer.moment,
            "authorization": signer.authorization(body),
        }
        try:
            self._connection.request("POST", path, body, sent)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as loss:
            self._connection.close()
            self._connection = self._connect()
            raise Lost(str(loss)) from None
        if answer.status >= 300:
            raise Refused(f"{answer.status} {content[:300]!r}")
        return content

    def platform_now(self) -> datetime:
        """Where the platform's clock stands."""
        try:
            self._connection.request("GET", "/_pileus/clock")
            clock = json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException) as loss:
            self._connection.close()
            self._connection = self._connect()
            raise Lost(str(loss)) from None
        return datetime.fromisoformat(clock["now"])

    def get_status(self, host: str) -> int:
        """What an address of Pileus's own answers to who asks without a signature."""
        self._connection.request("GET", "/", headers={"Host": host})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        self._connection.close()

    def boto3(self, service: str, region: str = "us-east-1") -> Any:
        """A stock client, for what is set up once."""
        return boto3.client(
            service, endpoint_url=f"http://127.0.0.1:{self.port}", region_name=region,
            aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, read_timeout=_PATIENCE_SECONDS),
        )  # fmt: skip


def ask(client: Any, operation: str, **members: Any) -> dict[str, Any]:
    """An operation by a stock client, whose errors become this client's."""
    try:
        found: dict[str, Any] = getattr(client, operation)(**members)
    except ClientError as refusal:
        raise Refused(str(refusal)) from None
    except BotoCoreError as loss:
        raise Lost(str(loss)) from None
    return found
