"""SQS requests as bytes and answers as values: JSON signed, or the query protocol unsigned."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import unescape
from typing import Any, Protocol
from urllib.parse import urlencode

from bench.signing import Signer

# What one request may carry: (body, group of a FIFO queue or "").
Message = tuple[str, str]


class SqsRequests(Protocol):
    """One queue's requests."""

    def send(self, message: Message) -> bytes: ...

    def send_batch(self, messages: Sequence[Message]) -> bytes: ...

    def receive(self) -> bytes: ...

    def delete(self, receipt_handle: str) -> bytes: ...

    def receipt_handles(self, answer: bytes) -> list[str]: ...


class JsonRequests:
    """AWS JSON 1.0, signed."""

    def __init__(self, host: str, queue_url: str, visibility_seconds: int = 600) -> None:
        self._url = queue_url
        self._visibility_seconds = visibility_seconds
        self._signers = {
            operation: json_signer(host, operation)
            for operation in ("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage")
        }

    def _request(self, operation: str, **members: Any) -> bytes:
        members["QueueUrl"] = self._url
        return self._signers[operation].request(json.dumps(members).encode())

    def send(self, message: Message) -> bytes:
        return self._request("SendMessage", **_message(message))

    def send_batch(self, messages: Sequence[Message]) -> bytes:
        entries = [{"Id": str(n), **_message(message)} for n, message in enumerate(messages)]
        return self._request("SendMessageBatch", Entries=entries)

    def receive(self) -> bytes:
        return self._request("ReceiveMessage", VisibilityTimeout=self._visibility_seconds)

    def delete(self, receipt_handle: str) -> bytes:
        return self._request("DeleteMessage", ReceiptHandle=receipt_handle)

    def receipt_handles(self, answer: bytes) -> list[str]:
        return [message["ReceiptHandle"] for message in json.loads(answer).get("Messages") or ()]


class QueryRequests:
    """The query protocol of SQS's first years, unsigned."""

    _HANDLE = re.compile(rb"<ReceiptHandle>([^<]*)</ReceiptHandle>")

    def __init__(self, host: str, queue_url: str, visibility_seconds: int = 600) -> None:
        path = "/" + queue_url.split("/", 3)[3]
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: {host}\r\n"
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: "
        ).encode()
        self._visibility_seconds = visibility_seconds

    def _request(self, action: str, **members: Any) -> bytes:
        body = urlencode({"Action": action, "Version": "2012-11-05", **members}).encode()
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def send(self, message: Message) -> bytes:
        return self._request("SendMessage", MessageBody=message[0])

    def send_batch(self, messages: Sequence[Message]) -> bytes:
        members = {}
        for number, (body, _) in enumerate(messages, 1):
            members[f"SendMessageBatchRequestEntry.{number}.Id"] = str(number)
            members[f"SendMessageBatchRequestEntry.{number}.MessageBody"] = body
        return self._request("SendMessageBatch", **members)

    def receive(self) -> bytes:
        return self._request("ReceiveMessage", VisibilityTimeout=self._visibility_seconds)

    def delete(self, receipt_handle: str) -> bytes:
        return self._request("DeleteMessage", ReceiptHandle=receipt_handle)

    def receipt_handles(self, answer: bytes) -> list[str]:
        return [unescape(handle.decode()) for handle in self._HANDLE.findall(answer)]


def json_signer(host: str, operation: str) -> Signer:
    """A signer for one operation of SQS's JSON protocol."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"AmazonSQS.{operation}",
    }
    return Signer("sqs", host, "/", headers)


def _message(message: Message) -> dict[str, str]:
    body, group = message
    if not group:
        return {"MessageBody": body}
    # Unique bodies would do for deduplication by content; an id is what most senders give.
    return {"MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": body[:64]}
