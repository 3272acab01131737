"""How many events a mapping has read, left out, run and given up, for mappings that ask for it.

docs: lambda/latest/dg/monitoring-metrics-types, "Event source mapping metrics"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.kernel import arns
from pileus.kernel.metrics import Series
from pileus.services.lambda_.running.metric_series import NAMESPACE

if TYPE_CHECKING:
    from pileus.kernel.metrics import Metrics
    from pileus.services.lambda_.mappings.mapping_settings import Mapping

_WANTED = "EventCount"
POLLED = "PolledEventCount"
FILTERED_OUT = "FilteredOutEventCount"
INVOKED = "InvokedEventCount"
FAILED = "FailedInvokeEventCount"
DROPPED = "DroppedEventCount"
DELIVERED = "OnFailureDestinationDeliveredEventCount"
_NAMES = (POLLED, FILTERED_OUT, INVOKED, FAILED, DROPPED, DELIVERED)


class EventCounts:
    """Only for the event loop's thread."""

    def __init__(self, metrics: Metrics, mapping: Mapping) -> None:
        self._metrics = metrics
        self._series: dict[str, Series] = {}
        if _WANTED in (mapping.metrics or []):
            parts = arns.parse(mapping.arn)
            assert parts is not None
            sets = ((("EventSourceMappingUUID", mapping.uuid),),)
            self._series = {
                name: Series(parts.account, parts.region, NAMESPACE, name, "Count", sets)
                for name in _NAMES
            }

    def note(self, name: str, count: int = 1) -> None:
        series = self._series.get(name)
        if series is not None and count:
            self._metrics.note(series, count)
