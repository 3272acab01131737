"""Seeded damage to requests: to their bytes, and to the values inside them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import cbor2

TOKENS = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\x00", b" ", b"\t", b":", b";", b",", b"%", b"%00",
    b"%zz", b"?", b"#", b"/", b"//", b"/../", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n", b"Host: other\r\n", b"HTTP/1.0", b"HTTP/1.1",
    b"HTTP/2.0", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n",
    b"\xff", b"\xc3\x28", "\u0436".encode(), b"{", b"}", b"[", b'"', b"null", b"-1", b"1e999",
    b"9" * 40, b"<", b"&", b"&amp;", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"=", b"+", b"a" * 300,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308, "", " ",
    "\x00", "a" * 5000, "\ud800", "\U0001f600", "9999999999999999999999", "NaN", "2025-13-45",
    "arn:aws:sqs:us-east-1:000000000000:", "arn:", "%", "../../etc/passwd", [], {}, [[]], [None],
    {"": ""}, {"a": {"b": {"c": []}}},
)  # fmt: skip
DEPTH = 400


def damage(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """A few of: flip, cut, drop, repeat, insert, move, splice with another request."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        data = chance.choice(DAMAGES)(chance, data, others)
    return data[:400_000]


def _span(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((0, 1, 2, 5, 20, 100)))


def _flip(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def _replace(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + chance.choice(TOKENS) + data[end:]


def _insert(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(TOKENS) + data[at:]


def _drop(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + data[end:]


def _repeat(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + data[start:end] * chance.choice((2, 3, 200)) + data[end:]


def _cut(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _splice(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    other = chance.choice(others)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _lines(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    lines = data.split(b"\r\n")
    chance.shuffle(lines)
    return b"\r\n".join(lines)


def _noise(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.randrange(1, 60)) + data[at:]


Damage = Callable[[random.Random, bytes, list[bytes]], bytes]
DAMAGES: tuple[Damage, ...] = (
    _flip, _flip, _replace, _replace, _insert, _drop, _repeat, _cut, _splice, _lines, _noise,
)  # fmt: skip


def distort(chance: random.Random, value: Any) -> Any:
    """A value of the same kind of shape with a few parts of the wrong type or size."""
    if chance.random() < 0.15:
        return nested(chance) if chance.random() < 0.05 else chance.choice(VALUES)
    if isinstance(value, dict):
        changed = {key: distort(chance, item) for key, item in value.items()}
        if changed and chance.random() < 0.2:
            changed.pop(chance.choice(list(changed)))
        if chance.random() < 0.1:
            changed[chance.choice(("", "Unknown", "QueueUrl", "a" * 300))] = chance.choice(VALUES)
        return changed
    if isinstance(value, list):
        return [distort(chance, item) for item in value] * chance.choice((0, 1, 1, 1, 12))
    return value


def nested(chance: random.Random) -> Any:
    value: Any = chance.choice(VALUES)
    for _ in range(chance.randrange(DEPTH)):
        value = [value] if chance.random() < 0.5 else {"a": value}
    return value


def distorted_json(chance: random.Random, body: bytes) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return json.dumps(distort(chance, value)).encode("utf-8", "surrogatepass")


def distorted_cbor(chance: random.Random, body: bytes) -> bytes:
    try:
        value = cbor2.loads(body)
    except (cbor2.CBORDecodeError, ValueError):
        return body
    try:
        return cbor2.dumps(distort(chance, value))
    except (cbor2.CBOREncodeError, ValueError):
        # A lone surrogate has no bytes in CBOR.
        return body
