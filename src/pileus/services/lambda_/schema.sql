-- Rows of Lambda. Times are epoch milliseconds of the platform's clock.

-- A function and its configuration, in the function's own partition; its package is a blob there.
CREATE TABLE lambda_functions (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    function TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Published versions, beside their function. `owner` is the function's id, not its name: a function
-- that is made again has another. A row changes only in its state.
CREATE TABLE lambda_versions (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    function TEXT NOT NULL,
    PRIMARY KEY (part, owner, version)
) WITHOUT ROWID;

-- The last number given to a version, by function's ARN. It outlives the function: numbers are
-- never given twice.
CREATE TABLE lambda_version_numbers (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Aliases, beside their function; `other` is the second version that events go to, if any.
CREATE TABLE lambda_aliases (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    other TEXT NOT NULL,
    alias TEXT NOT NULL,
    PRIMARY KEY (part, owner, name)
) WITHOUT ROWID;

-- Reserved concurrency, in the account's partition: the sum over all functions has a limit.
CREATE TABLE lambda_reservations (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    reserved INTEGER NOT NULL,
    PRIMARY KEY (part, account, name)
) WITHOUT ROWID;

-- Provisioned concurrency of versions and aliases, in the account's partition for the same reason.
CREATE TABLE lambda_provisioned (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    requested INTEGER NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (part, account, name, qualifier)
) WITHOUT ROWID;

-- Resource policies and settings of asynchronous invocation, by the function's id and a qualifier
-- (a policy of the function itself has none; settings of the function are those of $LATEST).
CREATE TABLE lambda_policies (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    policy TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    PRIMARY KEY (part, owner, qualifier)
) WITHOUT ROWID;

CREATE TABLE lambda_invoke_configs (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (part, owner, qualifier)
) WITHOUT ROWID;

-- Function URLs, of a function's $LATEST (whose qualifier is empty) or of an alias. The account
-- lists their ids by name, with the ARN that each leads to.
CREATE TABLE lambda_urls (
    part INTEGER NOT NULL,
    owner TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (part, owner, qualifier)
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

-- A layer's highest version number, which outlives its versions: no number is given twice.
CREATE TABLE lambda_layers (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    last_version INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Published versions of layers, in the layer's partition with their zips as blobs beside them. A
-- function that uses one has the zip in its own partition, so it outlives the version.
CREATE TABLE lambda_layer_versions (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    number INTEGER NOT NULL,
    version TEXT NOT NULL,
    policy TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    PRIMARY KEY (part, arn, number)
) WITHOUT ROWID;

-- Which functions and layers may still need the unpacked files of a package, in the partition of
-- the package. A row too many only keeps files for longer, a row too few makes them anew.
CREATE TABLE lambda_package_users (
    part INTEGER NOT NULL,
    digest TEXT NOT NULL,
    arn TEXT NOT NULL,
    PRIMARY KEY (part, digest, arn)
) WITHOUT ROWID;

-- Code signing configurations, each in its own partition.
CREATE TABLE lambda_code_signing (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Durable executions, in their function's partition; `owner` is the function's id. The payloads
-- stand beside the record, which each checkpoint writes.
CREATE TABLE lambda_executions (
    part INTEGER NOT NULL,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    execution TEXT NOT NULL,
    input TEXT NOT NULL,
    result TEXT,
    error TEXT,
    PRIMARY KEY (part, id)
);
CREATE UNIQUE INDEX lambda_executions_by_name ON lambda_executions (part, owner, name);
CREATE INDEX lambda_executions_by_start ON lambda_executions (part, owner, started_at, id);

-- Operations of durable executions in the order of their start; `change` numbers the last change
-- of each within its execution, so that a function can be told what is new.
CREATE TABLE lambda_execution_operations (
    part INTEGER NOT NULL,
    execution TEXT NOT NULL,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    change INTEGER NOT NULL,
    operation TEXT NOT NULL,
    PRIMARY KEY (part, execution, number)
);
CREATE UNIQUE INDEX lambda_execution_operations_by_id
    ON lambda_execution_operations (part, execution, id);
CREATE INDEX lambda_execution_operations_by_change
    ON lambda_execution_operations (part, execution, change);

-- The histories of durable executions.
CREATE TABLE lambda_execution_events (
    part INTEGER NOT NULL,
    execution TEXT NOT NULL,
    number INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (part, execution, number)
);

-- Capacity providers, each in its own partition.
CREATE TABLE lambda_capacity_providers (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    provider TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;
