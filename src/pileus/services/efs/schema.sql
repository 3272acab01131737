-- Rows of EFS. Times are epoch milliseconds of the platform's clock.

-- File systems, access points and mount targets of an account and region, all in the account's
-- partition: few, and asked for by any of their ids. The files themselves lie below the data
-- directory, not here.
CREATE TABLE efs_resources (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    token TEXT NOT NULL,
    file_system TEXT NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (part, account, kind, id)
) WITHOUT ROWID;
CREATE INDEX efs_resources_by_token ON efs_resources (part, account, kind, token);
CREATE INDEX efs_resources_by_file_system ON efs_resources (part, account, kind, file_system, id);
