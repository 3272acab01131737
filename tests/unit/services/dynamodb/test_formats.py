"""Items as lines of files: what is written is read back, and anything else is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.languages.item_expressions import values
from pileus.services.dynamodb.formats import ion, json_lines

_text = st.text(st.characters(codec="utf-8"), max_size=20)
_number = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    st.decimals(-1000, 1000, places=5).map(str),
    st.sampled_from(["0", "-1.5", "1E+30", "12E-20"]),
)
_scalar = st.one_of(
    st.builds(lambda each: {"S": each}, _text),
    st.builds(lambda each: {"N": each}, _number),
    st.builds(lambda each: {"B": each}, st.binary(max_size=20)),
    st.builds(lambda each: {"BOOL": each}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda each: {"SS": each}, st.lists(_text, min_size=1, max_size=4, unique=True)),
    st.builds(lambda each: {"BS": each}, st.lists(st.binary(max_size=9), min_size=1, unique=True)),
    st.just({"NS": ["1", "2.5", "-3E+20"]}),
)
_value = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.builds(lambda each: {"L": each}, st.lists(inner, max_size=3)),
        st.builds(lambda each: {"M": each}, st.dictionaries(_text, inner, max_size=3)),
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(_text, _value, min_size=1, max_size=5)


def stored(item: dict[str, Any]) -> dict[str, Any]:
    return {name: values.checked(value) for name, value in item.items()}


@settings(max_examples=60, deadline=None)
@given(ITEMS)
def test_json_is_read_back_as_it_was_written(item: dict[str, Any]) -> None:
    kept = stored(item)
    assert kept == stored(json_lines.item_of(json_lines.line({"Item": kept})))


@settings(max_examples=60, deadline=None)
@given(ITEMS)
def test_ion_is_read_back_as_it_was_written(item: dict[str, Any]) -> None:
    kept = stored(item)
    [document] = ion.documents(ion.line({"Item": kept}))
    assert kept == stored(ion.item_of(document))


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b"{}", b'{"Item":[]}', b'{"Item":{"a":1}}', b'{"Item":{"a":{}}}',
        b'{"Item":{"a":{"S":1}}}', b'{"Item":{"a":{"N":1}}}', b'{"Item":{"a":{"X":"b"}}}',
        b'{"Item":{"a":{"B":"?"}}}', b'{"Item":{"a":{"SS":"b"}}}', b'{"Item":{"a":{"SS":[1]}}}',
        b'{"Item":{"a":' + b'{"L":[' * 100 + b"]}" * 100 + b"}}", b"\xff",
        b'{"Item":' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_lines_that_are_no_items_are_refused(line: bytes) -> None:
    with pytest.raises(json_lines.LineInvalid):
        json_lines.item_of(line)


@pytest.mark.parametrize(
    "text",
    [
        b"{", b"1", b"{a:1}", b"{Item:1}", b"{Item:{a:2020-01-01T}}", b"[" * 10_000,
        b"{Item:{a:$dynamodb_SS::1}}", b"{Item:{a:" + b"[" * 90 + b"]" * 90 + b"}}",
    ],
)  # fmt: skip
def test_ion_that_is_no_item_is_refused(text: bytes) -> None:
    with pytest.raises(ion.IonInvalid):
        [ion.item_of(each) for each in ion.documents(text)]


def test_several_structs_in_a_list_or_a_row_are_items() -> None:
    for text in (b'$ion_1_0 [{Item:{a:"x"}},{Item:{a:"y"}}]', b'{Item:{a:"x"}} {Item:{a:"y"}}'):
        assert ["x", "y"] == [ion.item_of(each)["a"]["S"] for each in ion.documents(text)]
