"""ISO-8601 durations, added by the calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages import durations


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("PT30S", "2024-01-01", "2024-01-01T00:00:30"),
        ("P4D", "2024-01-01", "2024-01-05"),
        ("P1W", "2024-01-01", "2024-01-08"),
        ("P1Y", "2024-02-29", "2025-02-28"),
        ("P1M", "2024-01-31", "2024-02-29"),
        ("P1M", "2024-12-15", "2025-01-15"),
        ("P1Y2M3DT4H5M6.5S", "2024-01-01", "2025-03-04T04:05:06.500"),
        ("PT0,25S", "2024-01-01", "2024-01-01T00:00:00.250"),
    ],
)
def test_a_duration_leads_to_an_instant(text: str, start: str, end: str) -> None:
    assert instant(end) == durations.parse(text).after(instant(start))


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1", "1D", "P-1D", "PT1.S", "P1DT", "P1S", "pt1s", "P9999999999D"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(durations.InvalidDuration):
        durations.parse(text)


def test_the_calendar_ends() -> None:
    with pytest.raises(durations.InvalidDuration):
        durations.parse("P9000Y").after(instant("2024-01-01"))


@given(st.text(max_size=50))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        durations.parse(text)
    except durations.InvalidDuration:
        return
    assert text.startswith("P")
