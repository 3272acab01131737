"""What DynamoDB and DynamoDB Streams consist of: operations, rows, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Target, Timer
from pileus.services.dynamodb import resources, table_names
from pileus.services.dynamodb.backups import continuous, copying, system
from pileus.services.dynamodb.backups import operations as backups
from pileus.services.dynamodb.exports import operations as exports
from pileus.services.dynamodb.exports import tokens
from pileus.services.dynamodb.exports import writing as export_writing
from pileus.services.dynamodb.history import recording
from pileus.services.dynamodb.imports import operations as imports
from pileus.services.dynamodb.imports import reading
from pileus.services.dynamodb.items import batches, queries, transactions, writes
from pileus.services.dynamodb.items import operations as items
from pileus.services.dynamodb.partiql import bound
from pileus.services.dynamodb.partiql import operations as partiql
from pileus.services.dynamodb.replicas import (
    accepting,
    global_settings,
    legacy,
    members,
    scaling,
    telling,
)
from pileus.services.dynamodb.replicas import resources as replica_resources
from pileus.services.dynamodb.restores import copying as restoring
from pileus.services.dynamodb.restores import operations as restores
from pileus.services.dynamodb.streams import destinations, records, streams
from pileus.services.dynamodb.streams import operations as stream_operations
from pileus.services.dynamodb.tables import (
    contributor_insights,
    leftovers,
    policies,
    tagging,
    time_to_live,
    updates,
    upkeep,
)
from pileus.services.dynamodb.tables import operations as tables

DYNAMODB = Service(
    name="dynamodb",
    package=__package__,
    operations=[
        Operations(
            [
                tables.create_table,
                tables.delete_table,
                updates.update_table,
                time_to_live.update_time_to_live,
                contributor_insights.update_contributor_insights,
                continuous.update_continuous_backups,
                backups.create_backup,
                items.put_item,
                items.update_item,
                items.delete_item,
            ],
            about=table_names.the_table,
        ),
        Operations(
            [
                tables.describe_table,
                time_to_live.describe_time_to_live,
                contributor_insights.describe_contributor_insights,
                continuous.describe_continuous_backups,
                queries.query,
                queries.scan,
            ],
            about=table_names.the_table,
            reads=True,
        ),
        Operations([items.get_item], about=table_names.the_table, reads=True, is_short=True),
        Operations(
            [tables.list_tables, tables.describe_limits, tables.describe_endpoints], reads=True
        ),
        Operations(
            [batches.batch_get_item, batches.batch_write_item], about=table_names.the_first_table
        ),
        Operations([transactions.transact_write_items], about=table_names.the_first_action),
        Operations(
            [transactions.transact_get_items], about=table_names.the_first_action, reads=True
        ),
        Operations([partiql.execute_statement], about=bound.the_statements_table),
        Operations([partiql.batch_execute_statement]),
        Operations([contributor_insights.list_contributor_insights]),
        Operations([partiql.execute_transaction], about=bound.the_first_statements_table),
        Operations([backups.delete_backup], about=backups.the_backup),
        Operations([backups.describe_backup], about=backups.the_backup, reads=True),
        Operations([backups.list_backups]),
        Operations([exports.export_table_to_point_in_time], about=exports.the_table),
        Operations([exports.describe_export], about=exports.the_export, reads=True),
        Operations([exports.list_exports]),
        Operations(
            [
                legacy.create_global_table,
                legacy.update_global_table,
                global_settings.describe_global_table_settings,
                global_settings.update_global_table_settings,
            ],
            about=legacy.the_table,
        ),
        Operations(
            [
                scaling.describe_table_replica_auto_scaling,
                scaling.update_table_replica_auto_scaling,
            ],
            about=table_names.the_table,
        ),
        Operations([legacy.describe_global_table], about=legacy.the_table, reads=True),
        Operations([legacy.list_global_tables]),
        Operations(
            [
                destinations.enable_kinesis_streaming_destination,
                destinations.disable_kinesis_streaming_destination,
                destinations.update_kinesis_streaming_destination,
            ],
            about=table_names.the_table,
        ),
        Operations(
            [destinations.describe_kinesis_streaming_destination],
            about=table_names.the_table,
            reads=True,
        ),
        Operations([imports.import_table], about=imports.the_table),
        Operations([imports.describe_import], about=imports.the_import, reads=True),
        Operations([imports.list_imports]),
        Operations(
            [restores.restore_table_from_backup, restores.restore_table_to_point_in_time],
            about=restores.the_target,
        ),
        Operations(
            [
                tagging.tag_resource,
                tagging.untag_resource,
                policies.put_resource_policy,
                policies.delete_resource_policy,
            ],
            about=table_names.the_resource,
        ),
        Operations(
            [tagging.list_tags_of_resource, policies.get_resource_policy],
            about=table_names.the_resource,
            reads=True,
        ),
    ],
    targets=[Target("dynamodb", accept=accepting.accept)],
    timers=[
        Timer(upkeep.SETTLE_TIMER, upkeep.settle),
        Timer(leftovers.DROP_TIMER, leftovers.drop),
        Timer(upkeep.FILL_TIMER, upkeep.fill),
        Timer(upkeep.REMOVE_INDEX_TIMER, upkeep.remove_index),
        Timer(upkeep.TTL_FILL_TIMER, upkeep.fill_expiries),
        Timer(writes.EXPIRE_TIMER, upkeep.expire),
        Timer(transactions.FORGET_TOKEN_TIMER, transactions.forget_token),
        Timer(recording.TRIM_TIMER, recording.trim),
        Timer(recording.DROP_TIMER, recording.drop),
        Timer(copying.COPY_TIMER, copying.copy),
        Timer(system.EXPIRE_TIMER, copying.expire),
        Timer(restoring.RESTORE_TIMER, restoring.restore),
        Timer(export_writing.EXPORT_TIMER, export_writing.export),
        Timer(export_writing.FORGET_TIMER, export_writing.forget),
        Timer(tokens.FORGET_TIMER, tokens.forget),
        Timer(destinations.SETTLE_TIMER, destinations.settle),
        Timer(legacy.LINK_TIMER, legacy.link),
        Timer(members.JOIN_TIMER, members.join),
        Timer(members.FILL_TIMER, members.fill),
        Timer(members.LEAVE_TIMER, members.leave),
        Timer(telling.FORGET_TIMER, telling.forget),
        Timer(reading.IMPORT_TIMER, reading.bring_in),
        Timer(reading.FORGET_TIMER, reading.forget),
        Timer(restoring.FORSAKEN_TIMER, restoring.forsake),
        Timer(records.TRIM_TIMER, streams.trim),
        Timer(streams.FORGET_TIMER, streams.forget),
    ],
    resource_types=[resources.TABLE, replica_resources.GLOBAL_TABLE],
)

DYNAMODB_STREAMS = Service(
    name="dynamodbstreams",
    package=__package__,
    has_schema=False,
    operations=[
        Operations(
            [stream_operations.list_streams], about=table_names.the_tables_account, reads=True
        ),
        Operations(
            [stream_operations.describe_stream, stream_operations.get_shard_iterator],
            about=table_names.the_stream,
            reads=True,
        ),
        Operations(
            [stream_operations.get_records],
            about=stream_operations.the_iterators_table,
            reads=True,
        ),
    ],
    iam_actions={
        name: f"dynamodb:{name}"
        for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
)
