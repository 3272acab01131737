-- Rows of EventBridge Scheduler. Times are epoch milliseconds of the platform's clock.

-- A schedule; it is a partition of its own. When it runs next is a timer of the same key.
CREATE TABLE scheduler_schedules (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    -- From where a rate is counted.
    anchor_at INTEGER NOT NULL,
    -- 1 while another run is to come.
    has_next INTEGER NOT NULL,
    -- How many of its runs are still being tried.
    retrying INTEGER NOT NULL,
    -- The last request that made or changed it, so that its repetition is recognised.
    client_token TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- A group of schedules. The group `default` has no row until it is asked for.
CREATE TABLE scheduler_groups (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    client_token TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Schedules deleted not long ago, so that a repeated deletion is recognised.
CREATE TABLE scheduler_deletions (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    client_token TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;
