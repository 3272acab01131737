"""CloudWatch Logs, as a table."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Target, Timer
from pileus.services.logs import (
    embedded_metrics,
    events,
    expiry,
    filters,
    groups,
    identifiers,
    ingestion,
    listing,
    live_tail,
    resources,
    streams,
)

LOGS = Service(
    name="logs",
    package=__package__,
    operations=[
        Operations(
            [
                groups.create_log_group, groups.delete_log_group, groups.put_retention_policy,
                groups.delete_retention_policy, groups.tag_log_group, groups.untag_log_group,
                streams.create_log_stream, streams.delete_log_stream, ingestion.put_log_events,
            ],
            about=identifiers.about_name,
        ),
        Operations([groups.list_tags_log_group], about=identifiers.about_name, reads=True),
        Operations(
            [groups.put_log_group_deletion_protection], about=identifiers.about_identifier
        ),
        Operations(
            [groups.associate_kms_key, groups.disassociate_kms_key],
            about=identifiers.about_key_target,
        ),
        Operations([groups.tag_resource, groups.untag_resource], about=identifiers.about_tagged),
        Operations([groups.list_tags_for_resource], about=identifiers.about_tagged, reads=True),
        Operations(
            [streams.describe_log_streams, events.get_log_events, events.filter_log_events],
            about=identifiers.about_either,
            reads=True,
        ),
        Operations(
            [listing.describe_log_groups, listing.list_log_groups, live_tail.start_live_tail]
        ),
        Operations([filters.test_metric_filter], reads=True),
    ],
    targets=[Target("logs", accept=ingestion.accept)],
    timers=[
        Timer(embedded_metrics.TIMER, embedded_metrics.deliver_page),
        Timer(expiry.EXPIRE, expiry.expire),
        Timer(expiry.PURGE_GROUP, expiry.remove_group_rows),
        Timer(expiry.PURGE_STREAM, expiry.remove_stream_rows),
    ],
    resource_types=resources.RESOURCE_TYPES,
)  # fmt: skip
