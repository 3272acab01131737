-- Rows of Lambda. Times are epoch milliseconds of the platform's clock.

-- A function and its configuration, in the function's own partition; its package is a blob there.
CREATE TABLE lambda_functions (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    function TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Reserved concurrency, in the account's partition: the sum over all functions has a limit.
CREATE TABLE lambda_reservations (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    reserved INTEGER NOT NULL,
    PRIMARY KEY (part, account, name)
) WITHOUT ROWID;

-- Resource policies and settings of asynchronous invocation, by function.
CREATE TABLE lambda_policies (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    policy TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

CREATE TABLE lambda_invoke_configs (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Accepted asynchronous events that have not ended, in the function's partition.
CREATE TABLE lambda_events (
    part INTEGER NOT NULL,
    id TEXT NOT NULL,
    arn TEXT NOT NULL,
    event TEXT NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (part, id)
);

-- Event source mappings of an account and region lie together (about the resource
-- `event-source-mapping`): a queue and a function may be mapped to each other only once, and
-- either of the two may change.
CREATE TABLE lambda_mappings (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    uuid TEXT NOT NULL,
    source_arn TEXT NOT NULL,
    function_arn TEXT NOT NULL,
    mapping TEXT NOT NULL,
    PRIMARY KEY (part, owner, uuid)
) WITHOUT ROWID;
CREATE UNIQUE INDEX lambda_mappings_by_pair
    ON lambda_mappings (part, owner, source_arn, function_arn);
