"""The name server inside an environment: the endpoint's names are the environment's loopback."""

from __future__ import annotations

import socket
import struct

_HEADER = struct.Struct(">HHHHHH")
_QUESTION_TAIL = struct.Struct(">HH")
_IS_RESPONSE, _RECURSION = 0x8000, 0x0180
_OK, _FORMAT_ERROR, _NO_SUCH_NAME, _REFUSED = 0, 1, 3, 5
_TYPE_A, _TYPE_AAAA, _CLASS_INTERNET = 1, 28, 1
_TTL_SECONDS = 60
_LOOPBACK = socket.inet_aton("127.0.0.1")
_LABELS_MAX = 128


def answer(query: bytes, domains: tuple[str, ...]) -> bytes | None:
    """The answer to one datagram; None where it is no query at all."""
    if len(query) < _HEADER.size:
        return None
    number, flags, questions, _, _, _ = _HEADER.unpack_from(query)
    if flags & _IS_RESPONSE:
        return None
    parsed = _parse_question(query) if questions == 1 else None
    if parsed is None:
        return _HEADER.pack(number, _IS_RESPONSE | _FORMAT_ERROR, 0, 0, 0, 0)
    name, kind, question_class, end = parsed
    question = query[_HEADER.size : end]
    if not is_endpoint(name, domains) or question_class != _CLASS_INTERNET:
        return (
            _HEADER.pack(number, _IS_RESPONSE | _RECURSION | _NO_SUCH_NAME, 1, 0, 0, 0) + question
        )
    records = b""
    if kind == _TYPE_A:
        pointer_to_name = struct.pack(">H", 0xC000 | _HEADER.size)
        records = pointer_to_name + struct.pack(">HHIH", kind, _CLASS_INTERNET, _TTL_SECONDS, 4)
        records += _LOOPBACK
    header = _HEADER.pack(number, _IS_RESPONSE | _RECURSION | _OK, 1, int(bool(records)), 0, 0)
    return header + question + records


def is_endpoint(name: str, domains: tuple[str, ...]) -> bool:
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def name_asked(query: bytes) -> str:
    """The name of a query's question, empty where it cannot be read."""
    parsed = _parse_question(query) if len(query) > _HEADER.size else None
    return parsed[0] if parsed else ""


def _parse_question(query: bytes) -> tuple[str, int, int, int] | None:
    labels: list[str] = []
    place = _HEADER.size
    while place < len(query) and len(labels) < _LABELS_MAX:
        length = query[place]
        place += 1
        if length == 0:
            if len(query) < place + _QUESTION_TAIL.size:
                return None
            kind, question_class = _QUESTION_TAIL.unpack_from(query, place)
            name = ".".join(labels).lower()
            return name, kind, question_class, place + _QUESTION_TAIL.size
        if length > 63 or len(query) < place + length:
            return None
        labels.append(query[place : place + length].decode("latin-1"))
        place += length
    return None


def upstream() -> str | None:
    """The machine's own name server, for functions that may reach the outside."""
    try:
        with open("/etc/resolv.conf") as lines:
            for line in lines:
                if line.startswith("nameserver "):
                    return line.split()[1]
    except OSError:
        pass
    return None
