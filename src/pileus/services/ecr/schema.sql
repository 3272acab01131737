-- Rows of ECR. Times are epoch milliseconds of the platform's clock.
-- All of a repository lies in its own partition: its images, layers, uploads, and their contents as
-- blobs (kernel/blobs.py) under the repository's ARN.

-- A repository with its settings and policies, as JSON. Its id is new for each one that is made, so
-- that what a deleted repository leaves behind is out of sight at once and removed page by page.
CREATE TABLE ecr_repositories (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    repository TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- An image: a manifest, whose text is the blob of its digest. subject is the digest that it refers
-- to (OCI 1.1), or empty.
CREATE TABLE ecr_images (
    part INTEGER NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT NOT NULL,
    subject TEXT NOT NULL,
    annotations TEXT NOT NULL,
    manifest_bytes INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    pushed_at INTEGER NOT NULL,
    PRIMARY KEY (part, repository, digest)
) WITHOUT ROWID;
CREATE INDEX ecr_images_by_subject ON ecr_images (part, repository, subject, digest);

CREATE TABLE ecr_tags (
    part INTEGER NOT NULL,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (part, repository, tag)
) WITHOUT ROWID;
CREATE INDEX ecr_tags_by_digest ON ecr_tags (part, repository, digest, tag);

-- A layer or configuration that was uploaded; its bytes are the blob of its digest.
CREATE TABLE ecr_layers (
    part INTEGER NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (part, repository, digest)
) WITHOUT ROWID;

-- What an image's manifest names: layers, its configuration, the images of an index.
CREATE TABLE ecr_references (
    part INTEGER NOT NULL,
    repository TEXT NOT NULL,
    image TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (part, repository, image, digest)
) WITHOUT ROWID;
CREATE INDEX ecr_references_by_digest ON ecr_references (part, repository, digest, image);

-- An upload under way and its parts in their order; each part is a blob that it keeps.
CREATE TABLE ecr_uploads (
    part INTEGER NOT NULL,
    repository TEXT NOT NULL,
    id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (part, repository, id)
) WITHOUT ROWID;
CREATE TABLE ecr_upload_parts (
    part INTEGER NOT NULL,
    upload TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (part, upload, number)
) WITHOUT ROWID;
