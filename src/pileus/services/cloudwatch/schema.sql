-- All metrics of an account and region share a partition. Times are epoch milliseconds.

-- `id` is a digest of owner, namespace, name and dimensions: those can be 70 KB together.
-- last_at is the newest period that has data.
CREATE TABLE cloudwatch_metrics (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (part, owner, namespace, id)
) WITHOUT ROWID;

-- What came in one period of 1, 60, 300 or 3,600 seconds. Each datum is in exactly one row: when a
-- period's retention ends, its row is merged into one of the next longer period.
CREATE TABLE cloudwatch_points (
    part INTEGER NOT NULL,
    id TEXT NOT NULL,
    seconds INTEGER NOT NULL,
    at INTEGER NOT NULL,
    unit TEXT NOT NULL,
    samples REAL NOT NULL,
    total REAL NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    histogram BLOB NOT NULL,
    PRIMARY KEY (part, id, seconds, at, unit)
) WITHOUT ROWID;
CREATE INDEX cloudwatch_points_by_age ON cloudwatch_points (part, seconds, at, id, unit);

-- One row: when the next roll-up of the partition falls due.
CREATE TABLE cloudwatch_upkeep (
    part INTEGER NOT NULL PRIMARY KEY,
    due_at INTEGER NOT NULL
);
