"""Names inside an environment: the endpoint's are its loopback, others do not exist."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.sandbox.networks import names

DOMAINS = ("localhost.localstack.cloud", "localhost")
HEADER = struct.Struct(">HHHHHH")


def query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return HEADER.pack(7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def read(answer: bytes | None) -> tuple[int, int, int, bytes]:
    """Number, code, count of answers, last four bytes."""
    assert answer is not None
    number, flags, _, answers, _, _ = HEADER.unpack_from(answer)
    assert flags & 0x8000
    return number, flags & 0xF, answers, answer[-4:]


@pytest.mark.parametrize(
    "name",
    ["localhost", "LOCALHOST.LocalStack.cloud", "a.b.c.localhost.localstack.cloud", "x.localhost"],
)
def test_names_of_the_endpoint_are_the_loopback(name: str) -> None:
    assert (7, 0, 1, b"\x7f\0\0\1") == read(names.answer(query(name), DOMAINS))


def test_they_have_no_address_of_version_6() -> None:
    assert (7, 0, 0) == read(names.answer(query("localhost", kind=28), DOMAINS))[:3]


@pytest.mark.parametrize("name", ["example.com", "notlocalhost", "localstack.cloud", "cloud"])
def test_other_names_do_not_exist(name: str) -> None:
    assert (7, 3, 0) == read(names.answer(query(name), DOMAINS))[:3]


def test_a_query_of_two_questions_is_malformed() -> None:
    two = HEADER.pack(7, 0, 2, 0, 0, 0) + query("localhost")[12:] * 2
    assert (7, 1, 0) == read(names.answer(two, DOMAINS))[:3]


def test_an_answer_is_not_answered() -> None:
    assert names.answer(HEADER.pack(7, 0x8000, 1, 0, 0, 0), DOMAINS) is None


@given(st.binary(max_size=300))
def test_no_datagram_is_too_odd(data: bytes) -> None:
    answer = names.answer(data, DOMAINS)
    assert answer is None or len(answer) >= HEADER.size
    assert isinstance(names.name_asked(data), str)


@given(st.binary(max_size=100))
def test_no_question_is_too_odd(data: bytes) -> None:
    answer = names.answer(HEADER.pack(7, 0, 1, 0, 0, 0) + data, DOMAINS)
    assert answer is not None and answer[:2] == b"\0\7"
