"""What the answers of all lists share: limits, encodings, prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pileus.services.s3 import errors
from pileus.services.s3.listings.scans import Query
from pileus.services.s3.objects.facts import Facts
from pileus.services.s3.restores import rules as restores

PAGE_MAX = 1000
_UNQUOTED = "/-_.~*"


def page_size(asked: int | None, argument: str) -> int:
    """How many entries one answer may have."""
    if asked is None:
        return PAGE_MAX
    if asked < 0:
        raise errors.invalid_argument(
            f"Argument {argument} must be an integer between 0 and 2147483647", argument, asked
        )
    return min(asked, PAGE_MAX)


class Encoder:
    """Writes keys as the client wants them: as they are, or percent-encoded."""

    def __init__(self, encoding_type: str | None) -> None:
        if encoding_type not in (None, "url"):
            raise errors.invalid_argument(
                "Invalid Encoding Method specified in Request", "encoding-type", encoding_type
            )
        self.encoding_type = encoding_type

    def text(self, value: str) -> str:
        return quote(value, safe=_UNQUOTED) if self.encoding_type else value

    def key(self, value: bytes) -> str:
        return self.text(value.decode())


def query_of(prefix: str | None, delimiter: str | None) -> Query:
    try:
        return Query((prefix or "").encode(), (delimiter or "").encode())
    except UnicodeEncodeError:
        raise errors.invalid_uri() from None


def optional(known: Facts, asked: Sequence[str] | None) -> dict[str, Any]:
    """What is told of an object only where a request asks for it."""
    status = restores.status(known.restore) if asked and "RestoreStatus" in asked else None
    return {} if status is None else {"RestoreStatus": status}


def split(entries: list[Any]) -> tuple[list[Any], list[bytes]]:
    """Rows and common prefixes apart."""
    rows = [entry for entry in entries if type(entry) is not bytes]
    prefixes = [entry for entry in entries if type(entry) is bytes]
    return rows, prefixes


def common(
    name: str,
    prefix: str | None,
    delimiter: str | None,
    encoder: Encoder,
    prefixes: list[bytes],
) -> dict[str, Any]:
    """The members that every list has; `name` is the bucket's."""
    found: dict[str, Any] = {"Name": name, "Prefix": encoder.text(prefix or "")}
    if delimiter:
        found["Delimiter"] = encoder.text(delimiter)
    if encoder.encoding_type:
        found["EncodingType"] = encoder.encoding_type
    if prefixes:
        found["CommonPrefixes"] = [{"Prefix": encoder.key(each)} for each in prefixes]
    return found
