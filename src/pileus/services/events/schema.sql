-- Rows of EventBridge. Times are epoch milliseconds of the platform's clock; 0 stands for never.
-- A bus shares its partition with its rules, its permissions and the events that wait on it.

-- A bus. The default one of an account and region has a row from its first change on; until then
-- it is there without one. change numbers the rules' changes, revision names the last of them.
CREATE TABLE events_buses (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    rules INTEGER NOT NULL,
    change INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    settings TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- A rule with all of its targets: they are few, and an event needs them together.
CREATE TABLE events_rules (
    part INTEGER NOT NULL,
    bus TEXT NOT NULL,
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    PRIMARY KEY (part, bus, name)
) WITHOUT ROWID;

-- The last changes of a bus's rules: what a cache of them must read again.
CREATE TABLE events_changes (
    part INTEGER NOT NULL,
    bus TEXT NOT NULL,
    change INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    rule TEXT NOT NULL,
    PRIMARY KEY (part, bus, change)
) WITHOUT ROWID;

-- Which rules of a bus have a target.
CREATE TABLE events_target_rules (
    part INTEGER NOT NULL,
    bus TEXT NOT NULL,
    target TEXT NOT NULL,
    rule TEXT NOT NULL,
    PRIMARY KEY (part, bus, target, rule)
) WITHOUT ROWID;

-- Events that a bus has taken and not yet handed to all of their targets; `after` is the last rule
-- that is done. rules, if not empty, are the only ones that are meant (a replay's).
CREATE TABLE events_waiting (
    part INTEGER NOT NULL,
    id TEXT NOT NULL,
    bus TEXT NOT NULL,
    event TEXT NOT NULL,
    trace TEXT NOT NULL,
    rules TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (part, id)
) WITHOUT ROWID;

-- An archive, in a partition of its own with its events. id names those events: an archive that is
-- made again under the same name has others. expires_at is when the expiry timer will run.
CREATE TABLE events_archives (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    id TEXT NOT NULL,
    archive TEXT NOT NULL,
    events INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- An archived event, by the time that it tells.
CREATE TABLE events_archived (
    part INTEGER NOT NULL,
    archive TEXT NOT NULL,
    at INTEGER NOT NULL,
    id TEXT NOT NULL,
    archived_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (part, archive, at, id)
) WITHOUT ROWID;
CREATE INDEX events_archived_by_age ON events_archived (part, archive, archived_at, at, id);

-- A replay and how far it has come: the time and id of the last event that it sent.
CREATE TABLE events_replays (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    replay TEXT NOT NULL,
    state TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    last_id TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- What an account has besides buses, rules and archives: connections, API destinations, endpoints
-- and partner sources, all in the account's own partition. hidden is never shown: credentials.
CREATE TABLE events_records (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    record TEXT NOT NULL,
    hidden TEXT NOT NULL,
    PRIMARY KEY (part, account, kind, name)
) WITHOUT ROWID;
