"""X-Ray, as a table."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Target, Timer
from pileus.services.xray import graphs, sampling, segments, traces

XRAY = Service(
    name="xray",
    package=__package__,
    operations=[
        Operations(
            [
                segments.put_trace_segments,
                sampling.create_sampling_rule,
                sampling.update_sampling_rule,
                sampling.delete_sampling_rule,
                traces.get_trace_summaries,
                traces.batch_get_traces,
                graphs.get_trace_graph,
                graphs.get_service_graph,
            ]
        ),
        Operations(
            [
                sampling.get_sampling_rules,
                sampling.get_sampling_targets,
                sampling.put_telemetry_records,
            ],
            reads=True,
        ),
    ],
    targets=[Target("xray", accept=segments.accept)],
    timers=[Timer(segments.EXPIRE, segments.expire)],
)
