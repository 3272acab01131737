-- Rows of S3. Times are epoch milliseconds of the platform's clock.
-- All of a bucket lies in the partition of its ARN, which holds for every account and region, so a
-- name is given once. Keys are bytes, because S3 orders them as bytes and U+0000 may be one.

-- A bucket. Its id is new for each one that is made, so that what a deleted bucket leaves behind is
-- out of sight at once. versioning is empty until it is set for the first time. settings has the
-- kinds of the bucket's settings, each between spaces, so that most requests need not look for
-- them; those with ids are not among them. changes counts what is told in notifications, by which
-- these can be put in order.
CREATE TABLE s3_buckets (
    part INTEGER NOT NULL,
    name TEXT NOT NULL,
    id INTEGER NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    versioning TEXT NOT NULL,
    locks_objects INTEGER NOT NULL,
    settings TEXT NOT NULL,
    changes INTEGER NOT NULL,
    PRIMARY KEY (part, name)
) WITHOUT ROWID;

-- What users have set on a bucket, one document (JSON or text) of each kind.
CREATE TABLE s3_bucket_settings (
    part INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (part, bucket, kind)
) WITHOUT ROWID;

-- The objects that a list of the bucket shows: the newest version of each key that is no delete
-- marker. number grows with the versions of a key. content is '=' where the bytes are in the row,
-- else the digest of a blob, or '@' and the id of the upload that the parts came with. facts is
-- JSON. body comes last, so that lists need not read past it; and with it a row is too long to be
-- kept in the index by the key, where SQLite would read it whole to compare that.
CREATE TABLE s3_objects (
    part INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    number INTEGER NOT NULL,
    version_id TEXT NOT NULL,
    modified_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    etag TEXT NOT NULL,
    content TEXT NOT NULL,
    facts TEXT NOT NULL,
    body BLOB,
    PRIMARY KEY (part, bucket, key)
);

-- Older versions, and all delete markers (whose content is empty). age is the number below zero, so
-- that the newest of a key comes first.
CREATE TABLE s3_versions (
    part INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    age INTEGER NOT NULL,
    version_id TEXT NOT NULL,
    modified_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    etag TEXT NOT NULL,
    content TEXT NOT NULL,
    facts TEXT NOT NULL,
    body BLOB,
    PRIMARY KEY (part, bucket, key, age)
);
CREATE INDEX s3_versions_by_id ON s3_versions (part, bucket, key, version_id);

-- Multipart uploads under way. An upload's id begins with the time, so that those of a key are in
-- the order in which they began. revision changes with every part. facts is JSON.
CREATE TABLE s3_uploads (
    part INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    upload_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (part, bucket, key, upload_id)
) WITHOUT ROWID;

-- The parts of uploads, and of the objects that were made of them; each keeps a blob.
CREATE TABLE s3_parts (
    part INTEGER NOT NULL,
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    etag TEXT NOT NULL,
    md5 TEXT NOT NULL,
    digest TEXT NOT NULL,
    checksums TEXT NOT NULL,
    PRIMARY KEY (part, upload_id, number)
) WITHOUT ROWID;

-- A bucket that has lifecycle rules. due_at is when a run of them is due, or 0; while one goes on
-- (run_at is its instant) it is the earliest that has been found for the next.
CREATE TABLE s3_lifecycles (
    part INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    PRIMARY KEY (part, bucket)
) WITHOUT ROWID;

-- What is still to be replicated, in the order in which it happened; a queue for each destination
-- of a bucket. While a queue has rows, a timer works on it. manner is JSON.
CREATE TABLE s3_replications (
    part INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    destination TEXT NOT NULL,
    number INTEGER NOT NULL,
    what TEXT NOT NULL,
    key BLOB NOT NULL,
    version_id TEXT NOT NULL,
    manner TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    PRIMARY KEY (part, bucket, destination, number)
) WITHOUT ROWID;
