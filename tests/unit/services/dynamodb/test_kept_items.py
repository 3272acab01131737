"""Items as rows keep them: read back as they were, handed out as they are, weighed on the way."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings

from pileus.languages.item_expressions import sizes, values
from pileus.services.dynamodb.items import kept_items
from pileus.services.dynamodb.items.kept_items import Stored
from unit.services.dynamodb.test_formats import ITEMS


@settings(max_examples=30, deadline=None)
@given(ITEMS)
def test_an_item_is_read_back_as_it_was_kept(item: dict[str, Any]) -> None:
    kept, _ = values.weighed_item(item)
    assert kept == Stored(kept_items.encode(kept), 0).item


@settings(max_examples=30, deadline=None)
@given(ITEMS)
def test_items_are_handed_out_as_an_answer_would_write_them(item: dict[str, Any]) -> None:
    packed = kept_items.encode(values.weighed_item(item)[0])
    read = kept_items.decode(packed)
    written = msgspec.json.encode({"Item": read, "Items": [read, read], "None": []})
    handed_out = {
        "Item": kept_items.whole(packed),
        "Items": kept_items.whole_list([packed, packed]),
        "None": kept_items.whole_list([]),
    }
    assert written == msgspec.json.encode(handed_out)


@settings(max_examples=30, deadline=None)
@given(ITEMS)
def test_an_item_is_weighed_as_what_is_kept_of_it(item: dict[str, Any]) -> None:
    kept, size = values.weighed_item(item)
    assert sizes.of_item(kept) == size
    assert {name: values.checked(value) for name, value in item.items()} == kept


def stored(item: dict[str, Any]) -> Stored:
    return Stored(kept_items.encode(item), sizes.of_item(item))


def test_items_differ_by_what_they_hold() -> None:
    one, other = {"S": "one"}, {"S": "two"}
    item = stored({"a": one, "b": other})
    assert not kept_items.differ(None, None)
    assert kept_items.differ(None, item)
    assert kept_items.differ(item, None)
    assert not kept_items.differ(item, stored({"a": one, "b": other}))
    assert not kept_items.differ(item, stored({"b": other, "a": one}))
    assert kept_items.differ(item, stored({"a": other, "b": one}))
    assert kept_items.differ(item, stored({"a": one, "b": {"S": "three"}}))
