-- Rows of EventBridge Schemas. Times are epoch milliseconds of the platform's clock.
-- A registry shares its partition with its schemas; a discoverer has one of its own.

-- A registry. id is new for each one that is made, so that the schemas of a deleted registry are
-- out of sight at once and removed page by page. `discovered-schemas` has a row from its first
-- change on; until then it is there without one.
CREATE TABLE schemas_registries (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    id TEXT NOT NULL,
    description TEXT,
    policy TEXT NOT NULL,
    revision TEXT NOT NULL,
    schemas INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- A schema. latest is the version that is shown, made the highest number that was ever given.
-- shape is what discovery has seen so far, empty for schemas that were not discovered.
CREATE TABLE schemas_schemas (
    part INTEGER NOT NULL,
    registry TEXT NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    description TEXT,
    modified_at INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    made INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    shape TEXT NOT NULL,
    PRIMARY KEY (part, registry, name)
) WITHOUT ROWID;

-- A version of a schema; token is the ClientTokenId of the request that made it.
CREATE TABLE schemas_versions (
    part INTEGER NOT NULL,
    schema TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (part, schema, version)
) WITHOUT ROWID;

-- Code that was asked for; it is a function of the version's content and made when it is fetched.
CREATE TABLE schemas_bindings (
    part INTEGER NOT NULL,
    schema TEXT NOT NULL,
    version INTEGER NOT NULL,
    language TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (part, schema, version, language)
) WITHOUT ROWID;

-- What watches an event bus for schemas.
CREATE TABLE schemas_discoverers (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    source TEXT NOT NULL,
    description TEXT,
    state TEXT NOT NULL,
    cross_account INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;
