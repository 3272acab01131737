-- Rows of the kernel itself. Times are epoch milliseconds of the platform's clock.

-- One row: where the platform's clock stands. frozen_at is NULL while it runs.
CREATE TABLE kernel_clock (
    part INTEGER NOT NULL PRIMARY KEY,
    offset_ms INTEGER NOT NULL,
    frozen_at INTEGER,
    high_water INTEGER NOT NULL
);

-- Everything that shall happen later. A claimed row is being worked on by the process `owner`.
CREATE TABLE kernel_timers (
    part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    about TEXT NOT NULL,
    payload TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (part, kind, key)
) WITHOUT ROWID;
CREATE INDEX kernel_timers_due ON kernel_timers (owner, at, part, kind, key);

-- Hand-overs that could not be accepted in the transaction of their cause.
CREATE TABLE kernel_deliveries (
    part INTEGER NOT NULL,
    id TEXT NOT NULL,
    delivery TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    PRIMARY KEY (part, id)
) WITHOUT ROWID;

-- Hand-overs that were accepted, kept for a day so that a repeated attempt is recognised.
CREATE TABLE kernel_accepted (
    part INTEGER NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (part, id)
) WITHOUT ROWID;

-- Long-lived tasks: one row for each poller. fence grows with each process that takes it.
CREATE TABLE kernel_workers (
    part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    about TEXT NOT NULL,
    context TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    fence INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (part, kind, key)
) WITHOUT ROWID;

-- The names of an account's resources, in the account's own partition for each service.
CREATE TABLE kernel_names (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL,
    PRIMARY KEY (part, account, kind, name)
) WITHOUT ROWID;

CREATE TABLE kernel_tags (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (part, arn, key)
) WITHOUT ROWID;

-- What was used, added up by hour of the platform's clock.
CREATE TABLE kernel_usage (
    part INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    service TEXT NOT NULL,
    operation TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity REAL NOT NULL,
    PRIMARY KEY (part, hour, account, region, service, operation, unit)
) WITHOUT ROWID;

-- The newest trace records; a bounded number of them.
CREATE TABLE kernel_traces (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    trace_id TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (part, number)
) WITHOUT ROWID;
CREATE INDEX kernel_traces_by_id ON kernel_traces (part, trace_id);

-- Contents by their SHA-256: small ones in the row, others in the file that it names.
CREATE TABLE kernel_blobs (
    part INTEGER NOT NULL,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    file TEXT,
    body BLOB,
    PRIMARY KEY (part, digest)
);

-- Mail, text and push messages that were sent and can be read for some days.
CREATE TABLE kernel_outbox (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    account TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (part, number)
);
CREATE INDEX kernel_outbox_by_time ON kernel_outbox (at, number, part);

-- How far a consumer (an event source mapping, a pipe) has come in a shard that it reads, in the
-- consumer's partition.
CREATE TABLE kernel_shard_progress (
    part INTEGER NOT NULL,
    consumer TEXT NOT NULL,
    shard TEXT NOT NULL,
    progress BLOB NOT NULL,
    PRIMARY KEY (part, consumer, shard)
);
