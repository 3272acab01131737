"""Forms in pieces of any size: the fields and the file come out as they went in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import AwsError
from pileus.services.s3.posts.forms import Form, boundary_of

TEXT = st.text("ab-\r\n", max_size=8)


def read(body: bytes, size: int) -> tuple[dict[str, str], str, bytes]:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), size):
            yield body[at : at + size]

    async def run() -> tuple[dict[str, str], str, bytes]:
        form = Form(pieces(), b"ab")
        await form.read_fields()
        content = b"".join([piece async for piece in form.file()])
        return form.fields, form.file_name, content

    return asyncio.run(run())


@given(
    value=TEXT,
    content=TEXT.map(str.encode),
    size=st.integers(1, 50),
    preamble=st.sampled_from([b"", b"before\r\n"]),
    epilogue=st.sampled_from([b"", b"\r\n", b"\r\nafter"]),
)
def test_a_form_is_read_however_it_is_cut(
    value: str, content: bytes, size: int, preamble: bytes, epilogue: bytes
) -> None:
    value, content = value.replace("--ab", ""), content.replace(b"--ab", b"")
    body = (
        preamble
        + (
            f'--ab\r\nContent-Disposition: form-data; name="Key"\r\n\r\n{value}\r\n--ab\r\n'
            'content-disposition: form-data; filename="C:\\dir\\a \\"b\\".txt"; name=file\r\n\r\n'
        ).encode()
    )
    body += content + b"\r\n--ab--" + epilogue
    assert ({"key": value}, 'a "b".txt', content) == read(body, size)


@given(body=st.binary(max_size=200), size=st.integers(1, 50))
def test_any_bytes_are_read_or_refused(body: bytes, size: int) -> None:
    try:
        read(b"--ab\r\n" + body, size)
    except AwsError as refused:
        assert refused.status == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
        ("multipart/form-data", None),
        ("multipart/mixed; boundary=abc", None),
        (None, None),
    ],
)
def test_the_boundary_stands_in_the_type(text: str | None, expected: bytes | None) -> None:
    if expected is None:
        with pytest.raises(AwsError):
            boundary_of(text)
    else:
        assert expected == boundary_of(text)
