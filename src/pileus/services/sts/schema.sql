-- Temporary credentials that were issued, until some time after they have expired.
-- expires_at is epoch milliseconds of the clock that the holder lives by: real or virtual.
CREATE TABLE sts_sessions (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    token TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    user_id TEXT NOT NULL,
    clock TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    -- What the session was given beside its role: policies, tags, source identity (JSON).
    restrictions TEXT NOT NULL,
    PRIMARY KEY (part, account, access_key_id)
) WITHOUT ROWID;
CREATE INDEX sts_sessions_by_expiry ON sts_sessions (part, account, clock, expires_at);
