"""What a function URL is: its settings, as a row holds them and as operations show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

BUFFERED = "BUFFERED"
AWS_IAM = "AWS_IAM"


class Cors(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    """Which pages of other origins may call the URL; None where nothing was said."""

    allow_credentials: bool | None = None
    allow_headers: tuple[str, ...] | None = None
    allow_methods: tuple[str, ...] | None = None
    allow_origins: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age: int | None = None


class UrlConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One URL, of a function's $LATEST or of an alias."""

    id: str
    # With the alias as its qualifier, where there is one.
    target_arn: str
    auth_type: str
    created_at: int
    changed_at: int
    invoke_mode: str = BUFFERED
    cors: Cors | None = None


def read_cors(given: dict[str, Any] | None) -> Cors | None:
    """Settings of no content are none."""
    return msgspec.convert(given, Cors) if given else None


def show(config: UrlConfig, url: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "FunctionUrl": url,
        "FunctionArn": config.target_arn,
        "AuthType": config.auth_type,
        "CreationTime": _instant(config.created_at),
        "LastModifiedTime": _instant(config.changed_at),
        "InvokeMode": config.invoke_mode,
    }
    if config.cors is not None:
        shown["Cors"] = msgspec.to_builtins(config.cors)
    return shown


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
