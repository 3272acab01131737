"""Times in every format of AWS's, from and to epoch milliseconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from pileus.protocols import timestamps
from pileus.protocols.failures import WireError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        (0, 0),
        (1_700_000_000, 1_700_000_000_000),
        (1_700_000_000.123, 1_700_000_000_123),
        (-1.5, -1_500),
        ("1700000000.5", 1_700_000_000_500),
        ("1.7E9", 1_700_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000_000),
        ("20231114T221320Z", 1_700_000_000_000),
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ],
)
def test_every_format_is_read(value: Any, milliseconds: int) -> None:
    assert milliseconds == timestamps.parse(value)


@pytest.mark.parametrize(
    "value",
    [None, True, [], "", "tomorrow", "9999999999999999", 1e20, -1e20, 1e308, float("nan"),
     float("inf"), 10**400, "x" * 1_000, "2023-99-01T00:00:00Z", b"1"],
)  # fmt: skip
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(WireError):
        timestamps.parse(value)


MOMENTS = st.integers(-62_135_596_800_000, 253_402_300_799_000)


@given(MOMENTS)
def test_iso_8601_is_botocores(milliseconds: int) -> None:
    text = timestamps.to_iso8601(milliseconds)
    assert milliseconds == timestamps.parse(text)
    if milliseconds > 0:
        assert EPOCH + timedelta(milliseconds=milliseconds) == parse_timestamp(text)


@given(st.integers(0, 253_402_300_799_000))
def test_http_dates_have_whole_seconds(milliseconds: int) -> None:
    text = timestamps.to_rfc822(milliseconds)
    assert milliseconds // 1_000 * 1_000 == timestamps.parse(text)


@given(MOMENTS)
def test_seconds_keep_their_milliseconds(milliseconds: int) -> None:
    assert milliseconds == timestamps.parse(timestamps.to_seconds(milliseconds))


def test_whole_seconds_are_written_without_a_fraction() -> None:
    assert "1700000000" == repr(timestamps.to_seconds(1_700_000_000_000))
    assert "1700000000.5" == repr(timestamps.to_seconds(1_700_000_000_500))


@pytest.mark.parametrize("milliseconds", [10**18, -(10**18)])
def test_what_no_date_can_show_is_shown_as_the_nearest(milliseconds: int) -> None:
    assert len(timestamps.to_iso8601(milliseconds)) == len("9999-12-31T23:59:59Z")
    assert timestamps.to_rfc822(milliseconds).endswith(" GMT")
