"""Keys as bytes: they sort as the values do."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.item_expressions import numbers
from pileus.services.dynamodb.items import keys

NUMBERS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.integers(-92, 87),
)


@given(NUMBERS, NUMBERS)
def test_numbers_sort_by_value(one: Decimal, other: Decimal) -> None:
    encoded = [keys.ordered({"N": numbers.shown(each)}) for each in (one, other)]
    assert (one < other) == (encoded[0] < encoded[1])
    assert (one == other) == (encoded[0] == encoded[1])


@given(st.integers(-300, 300), st.integers(-300, 300))
def test_small_numbers_sort_by_value(one: int, other: int) -> None:
    encoded = [keys.ordered({"N": numbers.canonical(str(each / 8))}) for each in (one, other)]
    assert (one < other) == (encoded[0] < encoded[1])


@given(st.text(), st.text())
def test_strings_sort_by_their_bytes(one: str, other: str) -> None:
    expected = one.encode("utf-8", "replace") < other.encode("utf-8", "replace")
    assert expected == (keys.ordered({"S": one}) < keys.ordered({"S": other}))


@given(st.binary(), st.binary())
def test_the_following_bytes_end_a_prefix(prefix: bytes, other: bytes) -> None:
    is_inside = prefix <= other < keys.following(prefix)
    assert other.startswith(prefix) == is_inside


def test_equal_numbers_are_one_key() -> None:
    assert keys.hashed({"N": numbers.canonical("1.0")}) == keys.hashed({"N": "1"})
    assert keys.hashed({"S": "1"}) != keys.hashed({"N": "1"})


def test_the_longest_keys_fit_into_an_index_entry_of_postgresql() -> None:
    assert len(keys.ordered({"N": "-" + "9" * 38})) <= 24
    assert 16 + 2 * keys.SORT_KEY_BYTES_MAX + 16 + 16 < 2_700
