-- All of an account's IAM lies in one partition: what refers to each other changes together.
-- Times are epoch milliseconds.

-- Roles, users, groups and instance profiles. key is the name in lower case, as names are not
-- distinguished by case; other rows refer to an entity by its unique_id, which renaming keeps.
CREATE TABLE iam_entities (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    unique_id TEXT NOT NULL,
    arn TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    trust_policy TEXT NOT NULL DEFAULT '',
    session_seconds_max INTEGER NOT NULL DEFAULT 0,
    boundary_arn TEXT NOT NULL DEFAULT '',
    -- Of an instance profile: the unique_id of its role.
    role_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (part, account, kind, key)
) WITHOUT ROWID;
CREATE UNIQUE INDEX iam_entities_by_id ON iam_entities (part, account, unique_id);
CREATE INDEX iam_entities_by_boundary ON iam_entities (part, account, boundary_arn);
CREATE INDEX iam_entities_by_role ON iam_entities (part, account, role_id);

CREATE TABLE iam_inline_policies (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (part, account, owner_id, name)
) WITHOUT ROWID;

CREATE TABLE iam_policies (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    unique_id TEXT NOT NULL,
    arn TEXT NOT NULL,
    description TEXT NOT NULL,
    default_version INTEGER NOT NULL,
    last_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (part, account, key)
) WITHOUT ROWID;

CREATE TABLE iam_policy_versions (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    policy_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (part, account, policy_id, version)
) WITHOUT ROWID;

CREATE TABLE iam_attachments (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    PRIMARY KEY (part, account, owner_id, policy_arn)
) WITHOUT ROWID;
CREATE INDEX iam_attachments_by_policy ON iam_attachments (part, account, policy_arn, owner_id);

CREATE TABLE iam_members (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (part, account, group_id, user_id)
) WITHOUT ROWID;
CREATE INDEX iam_members_by_user ON iam_members (part, account, user_id, group_id);

-- user_id is empty for keys of the account's root user.
CREATE TABLE iam_access_keys (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (part, account, access_key_id)
) WITHOUT ROWID;
CREATE INDEX iam_access_keys_by_user ON iam_access_keys (part, account, user_id, access_key_id);

CREATE TABLE iam_accounts (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    alias TEXT NOT NULL,
    PRIMARY KEY (part, account)
) WITHOUT ROWID;
