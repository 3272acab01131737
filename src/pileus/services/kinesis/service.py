"""Kinesis Data Streams, as a table."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Target, Timer
from pileus.services.kinesis import (
    commitments,
    deletion,
    deposits,
    expiry,
    growth,
    puts,
    reads,
    resharding,
    resource_policies,
    resources,
    states,
    stream_names,
    stream_settings,
    streams,
    tagging,
)
from pileus.services.kinesis.consumers import registrations, subscriptions
from pileus.services.kinesis.queues import queues, receipts, receives

KINESIS = Service(
    name="kinesis",
    package=__package__,
    operations=[
        Operations(
            [puts.put_record, puts.put_records], about=stream_names.about_stream, is_timed=True
        ),
        Operations(
            [
                streams.create_stream, streams.delete_stream,
                resharding.split_shard, resharding.merge_shards, resharding.update_shard_count,
                stream_settings.increase_stream_retention_period,
                stream_settings.decrease_stream_retention_period,
                stream_settings.start_stream_encryption, stream_settings.stop_stream_encryption,
                stream_settings.enable_enhanced_monitoring,
                stream_settings.disable_enhanced_monitoring,
                stream_settings.update_max_record_size, stream_settings.update_stream_mode,
                stream_settings.update_stream_warm_throughput,
                stream_settings.update_stream_record_distribution_strategy,
                tagging.add_tags_to_stream, tagging.remove_tags_from_stream,
                registrations.register_stream_consumer,
            ],
            about=stream_names.about_stream,
        ),
        Operations(
            [
                streams.describe_stream, streams.describe_stream_summary,
                reads.get_shard_iterator, tagging.list_tags_for_stream,
                registrations.list_stream_consumers,
            ],
            about=stream_names.about_stream,
            reads=True,
        ),
        Operations([reads.get_records], about=reads.about_iterator, reads=True, is_timed=True),
        Operations([resharding.list_shards], about=resharding.about_listed, reads=True),
        Operations(
            [registrations.deregister_stream_consumer, subscriptions.subscribe_to_shard],
            about=stream_names.about_consumer,
        ),
        Operations(
            [registrations.describe_stream_consumer],
            about=stream_names.about_consumer,
            reads=True,
        ),
        Operations(
            [
                tagging.tag_resource, tagging.untag_resource,
                resource_policies.put_resource_policy, resource_policies.delete_resource_policy,
            ],
            about=stream_names.about_resource,
        ),
        Operations(
            [tagging.list_tags_for_resource, resource_policies.get_resource_policy],
            about=stream_names.about_resource,
            reads=True,
        ),
        Operations(
            [
                streams.list_streams, commitments.describe_limits,
                commitments.update_account_settings,
            ]
        ),
        Operations([commitments.describe_account_settings], reads=True),
        Operations([queues.create_queue], about=queues.about_created),
        Operations([queues.list_queues]),
        Operations(
            [
                queues.update_queue, queues.delete_queue,
                receives.receive_queue_records, receives.receive_dead_letter_queue_records,
                receipts.acknowledge_queue_records, receipts.acknowledge_dead_letter_queue_records,
                receipts.update_queue_records_visibility,
                receipts.update_dead_letter_queue_records_visibility,
                receipts.restore_dead_letter_queue_records,
            ],
            about=stream_names.about_queue,
        ),
        Operations([queues.describe_queue], about=stream_names.about_queue, reads=True),
    ],
    targets=[Target("kinesis", accept=deposits.accept)],
    timers=[
        Timer(deletion.TIMER, deletion.purge),
        Timer(expiry.TIMER, expiry.expire),
        Timer(growth.TIMER, growth.grow),
        Timer(registrations.TIMER, registrations.settle),
        Timer(states.TIMER, states.settle),
        Timer(queues.TIMER, queues.settle),
        Timer(queues.PURGE_TIMER, queues.purge),
    ],
    resource_types=resources.RESOURCE_TYPES,
)  # fmt: skip
