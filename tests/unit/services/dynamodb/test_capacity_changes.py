"""How capacity may change, and how often."""

from __future__ import annotations

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.dynamodb.tables import capacity_changes
from pileus.services.dynamodb.tables.settings import PAY_PER_REQUEST, PROVISIONED, Throughput

HOUR, DAY = 3_600_000, 86_400_000
# Monday, October 10, 2022, 1:00:19 PM.
THEN = 1_665_406_819_000


def fallen(times: int, at: int) -> Throughput:
    return Throughput(10, 10, 0, at, times)


def test_an_increase_is_noted_and_is_free() -> None:
    found = capacity_changes.changed(fallen(4, THEN), Throughput(11, 10), THEN + 1, True)
    assert Throughput(11, 10, THEN + 1, THEN, 4) == found


def test_four_decreases_a_day_are_free_and_then_one_an_hour() -> None:
    less = Throughput(9, 10)
    assert 4 == capacity_changes.changed(fallen(3, THEN), less, THEN + 1, True).decreases
    with pytest.raises(AwsError) as caught:
        capacity_changes.changed(fallen(4, THEN), less, THEN + HOUR - 1, True)
    assert (
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given "
        "UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be "
        "performed at most once every 3600 seconds. Number of decreases today: 4. Last decrease at "
        "Monday, October 10, 2022 at 1:00:19 PM Coordinated Universal Time. Next decrease can be "
        "made at Monday, October 10, 2022 at 2:00:19 PM Coordinated Universal Time"
    ) == caught.value.message
    assert 5 == capacity_changes.changed(fallen(4, THEN), less, THEN + HOUR, True).decreases
    assert 5 == capacity_changes.changed(fallen(4, THEN), less, THEN + 1, False).decreases
    assert 1 == capacity_changes.changed(fallen(9, THEN), less, THEN + DAY, True).decreases


def test_a_table_becomes_one_on_demand_four_times_a_day() -> None:
    times: tuple[int, ...] = ()
    for number in range(4):
        times = capacity_changes.switches(times, THEN + number, True)
    with pytest.raises(AwsError, match="limited to 4 times in 1 day"):
        capacity_changes.switches(times, THEN + DAY - 1, True)
    assert 4 == len(capacity_changes.switches(times, THEN + DAY - 1, False))
    assert THEN + DAY == capacity_changes.switches(times, THEN + DAY, True)[-1]


def test_a_class_changes_twice_in_thirty_days() -> None:
    times = capacity_changes.class_changes((THEN,), THEN + DAY, True)
    with pytest.raises(AwsError, match="limited to 2 in 30 days"):
        capacity_changes.class_changes(times, THEN + 30 * DAY - 1, True)
    assert 2 == len(capacity_changes.class_changes(times, THEN + 30 * DAY, True))


def test_warm_throughput_never_falls() -> None:
    capacity = Throughput(5, 50)
    assert {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 50} == capacity_changes.warm(
        PROVISIONED, capacity, None
    )
    kept = capacity_changes.warmed(PROVISIONED, capacity, None, {"ReadUnitsPerSecond": 7})
    assert {"ReadUnitsPerSecond": 7, "WriteUnitsPerSecond": 50} == kept
    with pytest.raises(AwsError, match="Current ReadUnitsPerSecond: 7"):
        capacity_changes.warmed(PROVISIONED, capacity, kept, {"ReadUnitsPerSecond": 6})
    with pytest.raises(AwsError, match="Current WriteUnitsPerSecond: 4000"):
        capacity_changes.warmed(PAY_PER_REQUEST, Throughput(), None, {"WriteUnitsPerSecond": 9})
    with pytest.raises(AwsError, match="At least one of ReadUnitsPerSecond"):
        capacity_changes.warmed(PROVISIONED, capacity, None, {})


def test_the_maximum_on_demand_is_for_tables_on_demand() -> None:
    kept = capacity_changes.on_demand(PAY_PER_REQUEST, {"MaxReadRequestUnits": 5}, None)
    assert {"MaxReadRequestUnits": -1} == capacity_changes.on_demand(
        PAY_PER_REQUEST, {"MaxReadRequestUnits": -1}, kept
    )
    for billing, given, said in (
        (PROVISIONED, {"MaxReadRequestUnits": 5}, "when BillingMode is PAY_PER_REQUEST"),
        (PAY_PER_REQUEST, {"MaxReadRequestUnits": 0}, "must be -1, or greater than or equal"),
        (PAY_PER_REQUEST, {}, "At least one of MaxReadRequestUnits"),
    ):
        with pytest.raises(AwsError, match=said):
            capacity_changes.on_demand(billing, given, None)
