-- Rows of EventBridge Pipes.

-- A pipe; it is a partition of its own. While it runs it has a worker of the same key.
CREATE TABLE pipes_pipes (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    pipe TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;
