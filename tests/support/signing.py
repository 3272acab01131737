"""Requests signed by botocore, as the gateway receives them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pileus.kernel.access import Key
from pileus.kernel.request import Request

NOW = 1_735_689_600_000  # 2025-01-01T00:00:00Z


class Clocks:
    def __init__(self, real: int = NOW, virtual: int = NOW) -> None:
        self.real = real
        self.virtual = virtual

    def now(self) -> int:
        return self.virtual

    def real_now(self) -> int:
        return self.real


class Keys:
    """A directory in memory."""

    def __init__(self, **keys: Key) -> None:
        self.keys = keys

    def find_key(self, access_key_id: str, /) -> Key | None:
        return self.keys.get(access_key_id)


def at(instant: int) -> Any:
    """Make botocore sign at this instant."""
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    return patch.object(
        botocore.auth,
        "get_current_datetime",
        lambda remove_tzinfo=True: moment.replace(tzinfo=None) if remove_tzinfo else moment,
    )


def sign(
    signer: type,
    method: str = "POST",
    url: str = "http://localhost:4566/",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    *,
    key: str = "test",
    secret: str = "test",
    token: str | None = None,
    service: str = "sqs",
    region: str = "us-east-1",
    instant: int = NOW,
    options: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
) -> Request:
    """Sign with one of botocore's signers and take the request as it would arrive."""
    sent = AWSRequest(method=method, url=url, data=body, headers=headers or {})
    sent.context.update(context or {})
    credentials = Credentials(key, secret, token)
    with at(instant):
        signer(credentials, service, region, **(options or {})).add_auth(sent)
    return received(sent, body)


def received(sent: AWSRequest, body: bytes) -> Request:
    parts = urlsplit(sent.url)
    headers = {}
    for name, value in sent.headers.items():
        data = value if isinstance(value, bytes) else value.encode("utf-8")
        text = data.decode("latin-1").strip(" \t")
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{text}" if lower in headers else text
    headers.setdefault("host", parts.netloc)
    return Request(sent.method, parts.path or "/", parts.query, headers, body)
