"""CloudWatch, as a table."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Target, Timer
from pileus.services.cloudwatch import (
    arrivals,
    datums,
    metric_data,
    metric_statistics,
    metrics,
)

CLOUDWATCH = Service(
    name="cloudwatch",
    package=__package__,
    operations=[
        Operations(
            [
                datums.put_metric_data,
                metrics.list_metrics,
                metric_statistics.get_metric_statistics,
                metric_data.get_metric_data,
            ]
        ),
    ],
    targets=[Target("cloudwatch", accept=arrivals.accept)],
    timers=[Timer(arrivals.ROLL_UP, arrivals.roll_up)],
)
