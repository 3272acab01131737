-- A log group and all that is in it share a partition. Times are epoch milliseconds.

-- group_id tells a group from an earlier one of the same name, whose rows may still be purged.
-- Numbers up to next_sequence are taken: each event and each stream of the group has one.
-- expiry_at is when the expiry timer falls due; 0 where none is set.
CREATE TABLE logs_groups (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    group_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    class TEXT NOT NULL,
    is_protected INTEGER NOT NULL,
    kms_key_id TEXT NOT NULL DEFAULT '',
    retention_days INTEGER NOT NULL DEFAULT 0,
    expiry_at INTEGER NOT NULL DEFAULT 0,
    next_sequence INTEGER NOT NULL DEFAULT 1,
    stored_bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- The three *_at of events are -1 until the first event comes.
CREATE TABLE logs_streams (
    part INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    stream_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    first_event_at INTEGER NOT NULL DEFAULT -1,
    last_event_at INTEGER NOT NULL DEFAULT -1,
    last_ingested_at INTEGER NOT NULL DEFAULT -1,
    PRIMARY KEY (part, group_id, name)
) WITHOUT ROWID;
CREATE UNIQUE INDEX logs_streams_by_id ON logs_streams (part, group_id, stream_id);
CREATE INDEX logs_streams_by_time ON logs_streams (part, group_id, last_event_at, name);

-- Events of one stream and one request, packed: those that lie within the span of their level.
-- `at` and `sequence` are the first event's; the others follow it, one sequence number each.
CREATE TABLE logs_chunks (
    part INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    level INTEGER NOT NULL,
    at INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    ingested_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (part, group_id, level, at, sequence)
) WITHOUT ROWID;
CREATE INDEX logs_chunks_by_sequence ON logs_chunks (part, group_id, sequence);
CREATE INDEX logs_chunks_by_stream ON logs_chunks
    (part, group_id, stream_id, level, at, sequence);
