-- A stream and all that is in it share a partition. Times are epoch milliseconds.

-- stream_id tells a stream from an earlier one of the same name, whose rows may still be purged.
-- Positions up to next_position are taken: each record of the stream has one, whatever its shard.
-- shards_token changes whenever the stream's shards do. expiry_at is when the expiry timer falls
-- due; 0 where none is set. metrics is a JSON list of shard-level metrics. distribution is how
-- records find their shards: AUTO or USER_PARTITION_KEY. scaled_at is a JSON list of when
-- UpdateShardCount was called in the last day.
CREATE TABLE kinesis_streams (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    stream_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    shards_token INTEGER NOT NULL,
    next_position INTEGER NOT NULL,
    expiry_at INTEGER NOT NULL,
    retention_hours INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    max_record_kib INTEGER NOT NULL,
    warm_mibps INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    distribution TEXT NOT NULL,
    scaled_at TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- All shards of a stream, packed: they are few, change together, and each put needs all.
CREATE TABLE kinesis_shards (
    part INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    shards BLOB NOT NULL,
    PRIMARY KEY (part, stream_id)
) WITHOUT ROWID;

-- Records of one put and one shard, packed; a put of many bytes makes several rows.
CREATE TABLE kinesis_chunks (
    part INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    record_count INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    is_encrypted INTEGER NOT NULL,
    records BLOB NOT NULL,
    PRIMARY KEY (part, stream_id, shard, first_position)
) WITHOUT ROWID;

CREATE TABLE kinesis_consumers (
    part INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (part, stream_id, name)
) WITHOUT ROWID;

-- The policy of a stream or of a consumer.
CREATE TABLE kinesis_policies (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    policy TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- An account that has committed itself to a minimum of throughput; ended_at is 0 until it ends.
CREATE TABLE kinesis_commitments (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (part, account)
) WITHOUT ROWID;

-- A queue on a stream. cursors holds, packed, the position from which each shard is still to be
-- delivered; drained_to is the stream's next position when there was nothing more to deliver.
-- receives_max is 0 where records never become dead letters.
CREATE TABLE kinesis_queues (
    part INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    queue_id INTEGER NOT NULL,
    arn TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    start_type TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    visibility_seconds INTEGER NOT NULL,
    receives_max INTEGER NOT NULL,
    cursors BLOB NOT NULL,
    drained_to INTEGER NOT NULL,
    PRIMARY KEY (part, stream_id, queue_id)
) WITHOUT ROWID;

-- A record that a queue has delivered and that is not acknowledged. deliveries tells one receipt
-- handle from those before it; receives is what AWS counts, and begins anew when it is restored.
CREATE TABLE kinesis_deliveries (
    part INTEGER NOT NULL,
    queue_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    at INTEGER NOT NULL,
    is_dead INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    first_received_at INTEGER NOT NULL,
    PRIMARY KEY (part, queue_id, position)
) WITHOUT ROWID;

CREATE INDEX kinesis_deliveries_by_visibility
    ON kinesis_deliveries (part, queue_id, is_dead, visible_at, position);
