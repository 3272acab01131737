"""HMAC by halves gives what the standard library gives."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from pileus.gateway.signing_keys import SigningKey


@given(st.binary(min_size=1, max_size=64), st.lists(st.binary(max_size=200), min_size=1))
def test_a_key_signs_any_number_of_texts(key: bytes, texts: list[bytes]) -> None:
    signing_key = SigningKey(key)
    for text in texts:
        assert hmac.digest(key, text, "sha256").hex() == signing_key.sign(text)
