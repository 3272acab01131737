"""S3's rules: names, conditions, ranges, entity tags, joined checksums, walks of keys."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel import checksums
from pileus.services.s3 import names
from pileus.services.s3.listings import scans
from pileus.services.s3.listings.scans import Position, Query
from pileus.services.s3.multipart import rules
from pileus.services.s3.multipart.store import Part
from pileus.services.s3.objects import ranges
from pileus.services.s3.objects.conditions import Conditions, Failed, judge
from pileus.services.s3.objects.ranges import Span, Unsatisfiable

NOW = 1_700_000_100_000
THEN = 1_700_000_000_000


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("abc", True), ("a.b-c", True), ("1" * 63, True), ("ab", False), ("a" * 64, False),
        ("a..b", False), ("-ab", False), ("ab-", False), ("Abc", False), ("a_b", False),
        ("10.0.0.1", False), ("xn--abc", False), ("abc--x-s3", False), ("abc\n", False),
    ],
)  # fmt: skip
def test_names_of_buckets(name: str, expected: bool) -> None:
    assert expected == names.is_new_name(name)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Conditions(if_match='"e"'), None),
        (Conditions(if_match='"x", "e"'), None),
        (Conditions(if_match="*"), None),
        (Conditions(if_match='"x"'), Failed.IF_MATCH),
        (Conditions(if_none_match='W/"e"'), Failed.IF_NONE_MATCH),
        (Conditions(if_none_match='"x"'), None),
        (Conditions(if_modified_since=THEN), Failed.IF_MODIFIED_SINCE),
        (Conditions(if_modified_since=THEN - 1000), None),
        (Conditions(if_modified_since=NOW + 1), None),
        (Conditions(if_unmodified_since=THEN), None),
        (Conditions(if_unmodified_since=THEN - 1000), Failed.IF_UNMODIFIED_SINCE),
        # A tag outweighs a date.
        (Conditions(if_match='"e"', if_unmodified_since=THEN - 1000), None),
        (Conditions(if_none_match='"e"', if_modified_since=THEN - 1000), Failed.IF_NONE_MATCH),
        (Conditions(if_none_match='"x"', if_modified_since=THEN), None),
    ],
)
def test_conditions_are_judged_in_their_order(
    conditions: Conditions, expected: Failed | None
) -> None:
    assert expected == judge(conditions, "e", THEN + 5, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=0-0", Span(0, 1)), ("bytes=5-", Span(5, 10)), ("bytes=-3", Span(7, 10)),
        ("bytes=-99", Span(0, 10)), ("bytes=2-99", Span(2, 10)), ("bytes=5-4", None),
        ("bytes=-", None), ("bytes=0-1,3-4", None), ("items=0-1", None), ("", None),
    ],
)  # fmt: skip
def test_ranges_of_ten_bytes(text: str, expected: Span | None) -> None:
    assert expected == ranges.read(text, 10)


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_ranges_behind_the_end(text: str) -> None:
    with pytest.raises(Unsatisfiable):
        ranges.read(text, 10)


def test_the_tag_of_parts_is_made_of_theirs() -> None:
    bodies = [b"one", b"two"]
    parts = [
        Part(number, 0, len(body), "", hashlib.md5(body).hexdigest(), "", "{}")
        for number, body in enumerate(bodies, 1)
    ]
    together = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
    assert f"{together}-2" == rules.etag_of(parts)


@given(st.binary(max_size=200), st.binary(max_size=200))
@pytest.mark.parametrize("algorithm", ["crc32", "crc32c", "crc64nvme"])
def test_checksums_of_pieces_are_joined(algorithm: str, first: bytes, second: bytes) -> None:
    def digest(content: bytes) -> bytes:
        computed = checksums.new_checksum(algorithm)
        computed.update(content)
        return computed.digest()

    joined = checksums.joined(algorithm, digest(first), digest(second), len(second))
    assert digest(first + second) == joined
    if algorithm == "crc32":
        assert zlib.crc32(first + second) == int.from_bytes(joined, "big")


class Row(NamedTuple):
    key: bytes


KEYS = st.lists(st.text("ab/\x00", min_size=1, max_size=5).map(str.encode), unique=True)


def walked(keys: list[bytes], query: Query, room: int, position: Position) -> list[Any]:
    """All entries, in steps of `room`."""

    def fetch(start: Position, limit: int) -> tuple[list[Row], bool]:
        rest = [
            Row(key)
            for key in sorted(keys)
            if key >= start.key and (query.beyond is None or key < query.beyond)
        ]
        return rest[:limit], len(rest) < limit

    found: list[Any] = []
    for _ in range(1000):
        step = scans.scan(query, position, room, fetch, lambda row: Position(row.key + b"\0"), 3)
        assert len(step.entries) <= room
        found += [entry if type(entry) is bytes else entry.key for entry in step.entries]
        if step.is_over:
            return found
        position = step.position
    raise AssertionError("the walk does not end")


@given(KEYS, st.sampled_from([b"", b"a", b"a/", b"b/a"]), st.sampled_from([b"", b"/", b"a/"]))
@pytest.mark.parametrize("room", [1, 2, 100])
def test_a_walk_finds_what_a_list_would_show(
    room: int, keys: list[bytes], prefix: bytes, delimiter: bytes
) -> None:
    query = Query(prefix, delimiter)
    shown = [query.rolled_up(key) or key for key in sorted(keys) if key.startswith(prefix)]
    assert list(dict.fromkeys(shown)) == walked(keys, query, room, Position(prefix))


@given(KEYS, st.sampled_from([b"", b"/"]), st.integers(0, 10))
def test_a_walk_goes_on_behind_any_entry(keys: list[bytes], delimiter: bytes, at: int) -> None:
    query = Query(b"", delimiter)
    whole = walked(keys, query, 100, Position(b""))
    if at < len(whole):
        behind = scans.start_after(query, whole[at])
        assert whole[at + 1 :] == walked(keys, query, 100, behind)
