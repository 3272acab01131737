"""Receipt handles: opaque, reversible, hard to mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import AwsError
from pileus.services.sqs.receipt_handles import ReceiptHandle, decode, encode

NUMBERS = st.integers(0, 2**47 - 1)


HANDLES = st.builds(
    ReceiptHandle, NUMBERS, NUMBERS, st.integers(0, 2**63 - 1), NUMBERS, st.integers(0, 2**32 - 1),
    NUMBERS,
)  # fmt: skip


@given(HANDLES)
def test_a_handle_is_read_as_it_was_written(handle: ReceiptHandle) -> None:
    assert handle == decode(encode(handle))


def test_handles_look_like_aws() -> None:
    assert encode(ReceiptHandle(1, 2, 3, 4, 5, 6)).startswith("AQEB")


@given(st.integers(0, 67), st.sampled_from("ABCabc012+/"))
def test_a_changed_handle_is_no_handle(place: int, character: str) -> None:
    text = encode(ReceiptHandle(1, 2, 3, 4, 5, 6))
    changed = text[:place] + character + text[place + 1 :]
    if changed != text:
        with pytest.raises(AwsError, match="is not a valid receipt handle"):
            decode(changed)


@given(st.text())
def test_any_text_is_refused_in_aws_words(text: str) -> None:
    with pytest.raises(AwsError) as caught:
        decode(text)
    assert "ReceiptHandleIsInvalid" == caught.value.code
