"""Keys as bytes: they sort as the values do."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.item_expressions import numbers
from pileus.languages.item_expressions.key_conditions import SortCondition
from pileus.services.dynamodb.items import key_bytes as keys

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


# Keys of several attributes.

PARTS = st.tuples(
    st.text(st.sampled_from("ab\x00\x01é"), min_size=1, max_size=3),
    st.integers(-30, 30),
    st.binary(min_size=1, max_size=3),
)


def part_values(parts: tuple[str, int, bytes]) -> list[dict[str, Any]]:
    return [{"S": parts[0]}, {"N": str(parts[1])}, {"B": parts[2]}]


def comparable(parts: tuple[str, int, bytes]) -> tuple[bytes, int, bytes]:
    return parts[0].encode(), parts[1], parts[2]


@given(PARTS, PARTS)
def test_sort_keys_of_several_attributes_sort_by_the_first_then_the_next(
    one: tuple[str, int, bytes], other: tuple[str, int, bytes]
) -> None:
    encoded = [keys.ordered_all(part_values(each)) for each in (one, other)]
    assert (comparable(one) < comparable(other)) == (encoded[0] < encoded[1])
    assert (comparable(one) == comparable(other)) == (encoded[0] == encoded[1])


COMPARED: dict[str, Any] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@given(PARTS, PARTS, st.sampled_from(sorted(COMPARED)), st.integers(1, 3))
def test_conditions_on_several_attributes_bound_what_they_mean(
    one: tuple[str, int, bytes], wanted: tuple[str, int, bytes], name: str, count: int
) -> None:
    asked = part_values(wanted)
    conditions = [SortCondition("=", (value,)) for value in asked[: count - 1]]
    conditions.append(SortCondition(name, (asked[count - 1],)))
    low, high = keys.bounds_of_all(conditions)
    mine, its = comparable(one), comparable(wanted)
    is_meant = mine[: count - 1] == its[: count - 1] and COMPARED[name](
        mine[count - 1], its[count - 1]
    )
    assert is_meant == (low <= keys.ordered_all(part_values(one)) < high)


@given(PARTS, st.text(st.sampled_from("ab\x00\x01é"), min_size=1, max_size=2), PARTS)
def test_a_beginning_or_a_span_of_the_first_attribute_bounds_what_it_means(
    one: tuple[str, int, bytes], prefix: str, other: tuple[str, int, bytes]
) -> None:
    encoded = keys.ordered_all(part_values(one))
    low, high = keys.bounds_of_all([SortCondition("begins_with", ({"S": prefix},))])
    assert one[0].startswith(prefix) == (low <= encoded < high)
    lower, upper = sorted([prefix.encode(), other[0].encode()])
    values = tuple({"S": each.decode()} for each in (lower, upper))
    low, high = keys.bounds_of_all([SortCondition("BETWEEN", values)])
    assert (lower <= one[0].encode() <= upper) == (low <= encoded < high)


def test_partition_keys_of_several_attributes_are_told_apart_by_each() -> None:
    found = {
        keys.hashed_all([{"S": "ab"}, {"S": "c"}]),
        keys.hashed_all([{"S": "a"}, {"S": "bc"}]),
        keys.hashed_all([{"S": "1"}, {"S": "c"}]),
        keys.hashed_all([{"N": "1"}, {"S": "c"}]),
    }
    assert 4 == len(found)
