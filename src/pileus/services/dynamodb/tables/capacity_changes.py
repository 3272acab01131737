"""How capacity may change, and how often: pure rules of values and `now`.

docs: ServiceQuotas (changes of provisioned throughput, of billing modes and of table classes),
warm-throughput, on-demand-capacity-mode-max-throughput
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables.settings import PAY_PER_REQUEST, Throughput

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
# How often within a day, or within thirty of them.
DECREASES_FREE = 4
ON_DEMAND_SWITCHES_MAX = 4
CLASS_CHANGES_MAX, _CLASS_CHANGES_MS = 2, 30 * _DAY_MS
# What a table on demand can take at once, and never less.
WARM_READS, WARM_WRITES = 12_000, 4_000


def changed(old: Throughput, wanted: Throughput, now: int, is_limited: bool) -> Throughput:
    """The new throughput; raises LimitExceededException where it fell too often today."""
    grows = wanted.read > old.read or wanted.write > old.write
    shrinks = wanted.read < old.read or wanted.write < old.write
    decreases = decreases_today(old, now)
    if shrinks:
        if is_limited and decreases >= DECREASES_FREE and now - old.decreased_at < _HOUR_MS:
            raise errors.too_many_decreases(
                decreases, _told(old.decreased_at), _told(old.decreased_at + _HOUR_MS)
            )
        decreases += 1
    return Throughput(
        wanted.read, wanted.write, now if grows else old.increased_at,
        now if shrinks else old.decreased_at, decreases,
    )  # fmt: skip


def decreases_today(throughput: Throughput, now: int) -> int:
    """Days are those of UTC."""
    is_today = throughput.decreased_at // _DAY_MS == now // _DAY_MS
    return throughput.decreases if is_today else 0


def _told(at: int) -> str:
    """An instant as AWS's message has it: Monday, October 10, 2022 at 1:00:19 PM ..."""
    when = datetime.fromtimestamp(at / 1000, UTC)
    hour = when.hour % 12 or 12
    return (
        f"{when:%A, %B} {when.day}, {when:%Y} at {hour}:{when:%M:%S %p} Coordinated Universal Time"
    )


def switches(old: Sequence[int], now: int, is_limited: bool) -> tuple[int, ...]:
    """When a table became one on demand, with now; raises LimitExceededException."""
    recent = [at for at in old if now - at < _DAY_MS]
    if is_limited and len(recent) >= ON_DEMAND_SWITCHES_MAX:
        raise errors.too_many_switches(_date(recent[-1]), _date(recent[0] + _DAY_MS))
    return (*recent[-ON_DEMAND_SWITCHES_MAX + 1 :], now)


def _date(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%a %b %d %H:%M:%S UTC %Y}"


def class_changes(old: Sequence[int], now: int, is_limited: bool) -> tuple[int, ...]:
    """When a table's class was changed, with now; raises LimitExceededException."""
    recent = [at for at in old if now - at < _CLASS_CHANGES_MS]
    if is_limited and len(recent) >= CLASS_CHANGES_MAX:
        raise errors.too_many_class_changes()
    return (*recent[-CLASS_CHANGES_MAX + 1 :], now)


def on_demand(
    billing: str, given: Mapping[str, int], old: Mapping[str, int] | None
) -> dict[str, int]:
    """The maximum throughput of a table or an index on demand; -1 stands for none."""
    if billing != PAY_PER_REQUEST:
        raise errors.invalid_values(
            "OnDemandThroughput can only be specified when BillingMode is PAY_PER_REQUEST"
        )
    if not given:
        raise errors.invalid_values(
            "At least one of MaxReadRequestUnits and MaxWriteRequestUnits must be specified"
        )
    for name, value in given.items():
        if value < 1 and value != -1:
            raise errors.invalid_values(f"{name} must be -1, or greater than or equal to 1")
    return {**(old or {}), **given}


def warm(billing: str, throughput: Throughput, kept: Mapping[str, int] | None) -> dict[str, int]:
    """What can be taken at once: what was asked for, and never less than the capacity."""
    least = (throughput.read, throughput.write)
    if billing == PAY_PER_REQUEST:
        least = WARM_READS, WARM_WRITES
    asked = kept or {}
    return {
        "ReadUnitsPerSecond": max(least[0], asked.get("ReadUnitsPerSecond", 0)),
        "WriteUnitsPerSecond": max(least[1], asked.get("WriteUnitsPerSecond", 0)),
    }


def warmed(
    billing: str,
    throughput: Throughput,
    kept: Mapping[str, int] | None,
    given: Mapping[str, int],
) -> dict[str, int]:
    """Warm throughput to keep; raises ValidationException where it would fall."""
    now = warm(billing, throughput, kept)
    if not given:
        raise errors.invalid_values(
            "At least one of ReadUnitsPerSecond and WriteUnitsPerSecond must be specified"
        )
    for name, value in given.items():
        if value < now[name]:
            raise errors.invalid_values(
                f"WarmThroughput cannot be decreased. Current {name}: {now[name]}. "
                f"Requested {name}: {value}"
            )
    return {**now, **given}
