-- All traces of an account and region share a partition. Times are epoch milliseconds.

-- One row for each trace. `at` is the instant in its id, updated_at when the newest part came.
CREATE TABLE xray_traces (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (part, owner, id)
) WITHOUT ROWID;
CREATE INDEX xray_traces_by_time ON xray_traces (part, owner, at, id);
CREATE INDEX xray_traces_by_update ON xray_traces (part, owner, updated_at, id);

-- Segments, and subsegments that were sent by themselves, as they came.
CREATE TABLE xray_segments (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (part, owner, trace_id, id)
) WITHOUT ROWID;

CREATE TABLE xray_rules (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (part, owner, name)
) WITHOUT ROWID;
