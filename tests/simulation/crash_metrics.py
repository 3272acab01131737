"""Traffic of metrics for the crash test: what was put is in the sums, and nothing twice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from simulation.crash_client import Client
from simulation.crash_queues import Turn

_VERSION = "2010-08-01"
_METRICS = 5


class MetricTraffic:
    """An acknowledged datum counts once; one whose answer was lost counts once or not at all."""

    name = "metric"

    def __init__(self) -> None:
        self.acknowledged = [0] * _METRICS
        self.asked = [0] * _METRICS
        self.problems: list[str] = []
        self._numbers = count()
        self._days_from = datetime.now(UTC) - timedelta(days=1)

    def prepare(self, client: Client) -> None:
        """A metric is there as soon as something is put."""

    def turns(self) -> Sequence[Turn]:
        return [self.put]

    def put(self, client: Client, chance: random.Random) -> None:
        which = next(self._numbers) % _METRICS
        self.asked[which] += 1
        members = {
            "Namespace": "Crash",
            "MetricData.member.1.MetricName": f"metric-{which}",
            "MetricData.member.1.Value": "1",
        }
        client.query("monitoring", "PutMetricData", _VERSION, **members)
        self.acknowledged[which] += 1

    def settle(self, client: Client) -> None:
        cloudwatch = client.boto3("cloudwatch")
        for which in range(_METRICS):
            found = cloudwatch.get_metric_statistics(
                Namespace="Crash", MetricName=f"metric-{which}", StartTime=self._days_from,
                EndTime=self._days_from + timedelta(days=3), Period=86_400, Statistics=["Sum"],
            )["Datapoints"]  # fmt: skip
            kept = sum(each["Sum"] for each in found)
            if not self.acknowledged[which] <= kept <= self.asked[which]:
                self.problems.append(
                    f"metric-{which} holds {kept:.0f}: {self.acknowledged[which]} were "
                    f"acknowledged of {self.asked[which]}"
                )

    def summary(self) -> str:
        return f"{sum(self.acknowledged)} put"
