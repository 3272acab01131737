-- A stream and all that is in it share a partition. Times are epoch milliseconds.

-- stream_id tells a stream from an earlier one of the same name, whose rows may still be purged.
-- Positions up to next_position are taken: each record of the stream has one, whatever its shard.
-- shards_token changes whenever the stream's shards do. expiry_at is when the expiry timer falls
-- due; 0 where none is set. metrics is a JSON list of shard-level metrics.
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
