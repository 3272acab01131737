"""Writes the head of an HTTP/1 response; no header value can add a line to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from pileus.kernel.request import Response

if TYPE_CHECKING:
    from pileus.gateway.exchange import Exchange

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}

# The server alone says where a message ends and how long a connection lives.
FRAMING_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
# HTTP/2 has no place for these either.
HTTP_1_HEADERS = frozenset({"proxy-connection", "te", "upgrade"})
STAMP_HEADERS = frozenset({"date", "server"})
SPECIAL_HEADERS = FRAMING_HEADERS | STAMP_HEADERS

SERVER_NAME = "Pileus"
UNSAFE_IN_NAME = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")
UNSAFE_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def stamp_of(epoch_seconds: int) -> str:
    """The headers that say who answers, and when."""
    return f"server: {SERVER_NAME}\r\ndate: {formatdate(epoch_seconds, usegmt=True)}\r\n"


def has_no_body(status: int) -> bool:
    return status in (204, 304) or status < 200


def write_head(status: int, headers: dict[str, str], stamp: str, framing: str) -> bytes:
    """Status line, stamp, headers, framing lines and the empty line.

    `framing` is the server's own finished text (content-length or transfer-encoding, connection).
    """
    status_line = STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n"
    if not SPECIAL_HEADERS.isdisjoint(map(str.lower, headers)):
        headers, stamp = without_special(headers, stamp)
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    count = len(headers)
    if lines.count("\n") != count or lines.count("\r") != count:
        lines = "".join([safe_line(name, value) for name, value in headers.items()])
    text = f"{status_line}{stamp}{lines}{framing}\r\n"
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def without_special(headers: dict[str, str], stamp: str) -> tuple[dict[str, str], str]:
    """Drop framing headers; a date or server name that the service gave replaces the stamp's."""
    kept = {n: v for n, v in headers.items() if n.lower() not in FRAMING_HEADERS}
    given = {name.lower() for name in kept} & STAMP_HEADERS
    if given:
        lines = stamp.splitlines(keepends=True)
        stamp = "".join(line for line in lines if line.split(":", 1)[0] not in given)
    return kept, stamp


def safe_line(name: str, value: str) -> str:
    return f"{UNSAFE_IN_NAME.sub('-', name)}: {UNSAFE_IN_VALUE.sub(' ', value)}\r\n"


def repeated_lines(headers: Sequence[tuple[str, str]]) -> str:
    """Lines that follow the server's own; they frame nothing and cannot add to themselves."""
    return "".join(
        safe_line(name, value) for name, value in headers if name.lower() not in SPECIAL_HEADERS
    )


def header_lines(response: Response, stamp: str) -> list[tuple[bytes, bytes]]:
    """The head of an HTTP/2 answer: lower-case names, and nothing about the connection."""
    headers, stamp = without_special(response.headers, stamp)
    given = [tuple(line.split(": ", 1)) for line in stamp.splitlines()]
    lines = [(b":status", str(response.status).encode())]
    for name, value in [*given, *headers.items(), *response.repeated_headers]:
        lower = UNSAFE_IN_NAME.sub("-", name).lower()
        if lower and lower not in FRAMING_HEADERS and lower not in HTTP_1_HEADERS:
            text = UNSAFE_IN_VALUE.sub(" ", value).strip()
            try:
                data = text.encode("latin-1")
            except UnicodeEncodeError:
                data = text.encode("utf-8", "replace")
            lines.append((lower.encode("latin-1"), data))
    return lines


def header_of(headers: dict[str, str], wanted: str) -> str | None:
    """One header of a response, whatever the case of its name."""
    for name, value in headers.items():
        if name.lower() == wanted:
            return value
    return None


def whole_answer(
    response: Response, exchange: Exchange, body: bytes, stamp: str
) -> tuple[bytes, bytes]:
    """Head and body of an answer that is all there; most are of the first kind."""
    status, headers = response.status, response.headers
    if response.repeated_headers:
        stamp += repeated_lines(response.repeated_headers)
    if exchange.keeps_alive and not exchange.is_http_10 and not exchange.is_head:
        if not has_no_body(status):
            lines = f"content-length: {len(body)}\r\n"
            return write_head(status, headers, stamp, lines), body
        return write_head(status, headers, stamp, ""), b""
    head = write_head(status, headers, stamp, framing_of(response, exchange).lines)
    return head, b"" if exchange.is_head or has_no_body(status) else body


@dataclass(slots=True)
class Framing:
    """How a response's end is marked: by its length, by chunks, or by closing (neither)."""

    lines: str
    length: int | None
    is_chunked: bool


def framing_of(response: Response, exchange: Exchange) -> Framing:
    """Choose the framing; where only closing can mark the end, the connection ends with it."""
    body = response.body
    is_chunked = False
    length: int | None
    if isinstance(body, bytes):
        length = len(body) + sum(map(len, response.rest))
        if exchange.is_head:
            length = given_length(response) or length
    else:
        length = given_length(response)
        is_chunked = length is None and not exchange.is_http_10
        exchange.keeps_alive = exchange.keeps_alive and (length is not None or is_chunked)
    lines = ""
    if has_no_body(response.status):
        is_chunked = False
    elif is_chunked:
        lines = "transfer-encoding: chunked\r\n"
    elif length is not None:
        lines = f"content-length: {length}\r\n"
    if not exchange.keeps_alive:
        lines += "connection: close\r\n"
    elif exchange.is_http_10:
        lines += "connection: keep-alive\r\n"
    return Framing(lines, length, is_chunked)


def given_length(response: Response) -> int | None:
    text = header_of(response.headers, "content-length")
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
