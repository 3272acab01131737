-- Rows of DynamoDB. Times are epoch milliseconds of the platform's clock; 0 stands for never.
-- A table's rows share the table's partition. Partition keys are hashed (16 bytes), since
-- PostgreSQL's index entries are limited; sort keys are written so that bytes sort as values do.

-- What changes with the items: one small row, read and written by every write. revision names the
-- settings that go with it. position is that of the last change that was told to a stream or
-- recorded, and never goes back.
CREATE TABLE dynamodb_tables (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    revision INTEGER NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    position INTEGER NOT NULL,
    -- When the timer that removes expired items will run.
    expires_at INTEGER NOT NULL,
    -- When the timer that removes old stream records will run.
    trims_at INTEGER NOT NULL,
    -- When the timer that removes recorded changes will run.
    changes_trim_at INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

CREATE TABLE dynamodb_table_settings (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    settings BLOB NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Items by their table's number. Not WITHOUT ROWID: items of more than 1 KB would each take a page
-- of their own. item is the JSON of answers.
CREATE TABLE dynamodb_items (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sort BLOB NOT NULL,
    size INTEGER NOT NULL,
    item BLOB NOT NULL,
    PRIMARY KEY (part, number, hash, sort)
);

-- What an index has of an item, by the index's number; the last two columns are the item's key.
CREATE TABLE dynamodb_index_items (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sort BLOB NOT NULL,
    item_hash BLOB NOT NULL,
    item_sort BLOB NOT NULL,
    size INTEGER NOT NULL,
    item BLOB NOT NULL,
    PRIMARY KEY (part, number, hash, sort, item_hash, item_sort)
);

CREATE TABLE dynamodb_index_counts (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (part, number)
) WITHOUT ROWID;

-- Items that expire, where the table has a time to live.
CREATE TABLE dynamodb_expiries (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sort BLOB NOT NULL,
    PRIMARY KEY (part, number, expires_at, hash, sort)
) WITHOUT ROWID;

-- Tokens of transactions of the last ten minutes, kept with each table that they are about.
CREATE TABLE dynamodb_tokens (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    token TEXT NOT NULL,
    digest BLOB NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (part, arn, token)
) WITHOUT ROWID;

-- Streams, also those that have ended less than a day ago. first and last are positions; last is 0
-- while the stream goes on.
CREATE TABLE dynamodb_streams (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    description BLOB NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- record is the JSON of answers.
CREATE TABLE dynamodb_stream_records (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (part, number, position)
);

-- What items were before they changed, while somebody may ask: number names a table's recorded
-- changes. item is NULL where there was none. A table as it was at a position is its items of now,
-- but where an item has changed since, what it was before the first of those changes.
CREATE TABLE dynamodb_changes (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sort BLOB NOT NULL,
    size INTEGER NOT NULL,
    item BLOB,
    PRIMARY KEY (part, number, position)
);
CREATE INDEX dynamodb_changes_of_items ON dynamodb_changes (part, number, hash, sort, position);

-- Who needs items, by the items' number, and the changes since a position; changes is 0 where only
-- the items are needed. What is held is not removed.
CREATE TABLE dynamodb_holds (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    changes INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (part, number, id)
) WITHOUT ROWID;

-- Backups, by the partition of the table that they are of. table_settings is the table as it was;
-- number names the backup's own items.
CREATE TABLE dynamodb_backups (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    number INTEGER NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    position INTEGER NOT NULL,
    table_settings BLOB NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Exports, by the partition of their table, and the data files that each has written: lines of its
-- manifest, kept until that is written.
CREATE TABLE dynamodb_exports (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    export BLOB NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

CREATE TABLE dynamodb_export_files (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    number INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (part, arn, number)
) WITHOUT ROWID;

-- Exports and imports by the client's token, for eight hours.
CREATE TABLE dynamodb_transfer_tokens (
    part INTEGER NOT NULL,
    token TEXT NOT NULL,
    about TEXT NOT NULL,
    digest BLOB NOT NULL,
    arn TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (part, about, token)
) WITHOUT ROWID;

-- Imports, by the partition of the table that they make.
CREATE TABLE dynamodb_imports (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- When and in which region each item of a global table was written last, by the number of a
-- table's versions; gone_at is not 0 for items that were deleted, whose row is kept until no
-- earlier write of them can be on its way.
CREATE TABLE dynamodb_versions (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sort BLOB NOT NULL,
    written_at INTEGER NOT NULL,
    region TEXT NOT NULL,
    gone_at INTEGER NOT NULL,
    PRIMARY KEY (part, number, hash, sort)
) WITHOUT ROWID;
CREATE INDEX dynamodb_versions_gone ON dynamodb_versions (part, number, gone_at);
