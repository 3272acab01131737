"""Rows of repositories, images, tags, layers and uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# How many tags one image may have. docs: AmazonECR/latest/userguide/service-quotas
TAGS_PER_IMAGE_MAX = 1_000


class Repository(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A repository's settings."""

    arn: str
    name: str
    registry: str  # the account
    id: str
    created_at: int
    mutability: str = "MUTABLE"
    # Wildcards of tags for which the opposite of `mutability` holds.
    exclusions: list[str] = []
    scans_on_push: bool = False
    encryption: dict[str, str]
    policy: str = ""
    lifecycle: str = ""
    lifecycle_evaluated_at: int = 0


class Image(NamedTuple):
    digest: str
    media_type: str
    artifact_type: str
    subject: str
    annotations: str  # JSON
    manifest_bytes: int
    size_bytes: int  # of its layers
    pushed_at: int


class Layer(NamedTuple):
    digest: str
    size_bytes: int


class Upload(NamedTuple):
    id: str
    size_bytes: int
    parts: int


class Part(NamedTuple):
    number: int
    digest: str  # hexadecimal: the blob's
    size_bytes: int


# Repositories.

_READ = "SELECT repository FROM ecr_repositories WHERE part = :part AND arn = :arn"
_WRITE = """
INSERT INTO ecr_repositories (part, arn, repository) VALUES (:part, :arn, :repository)
ON CONFLICT (part, arn) DO UPDATE SET repository = excluded.repository
"""
_REMOVE = "DELETE FROM ecr_repositories WHERE part = :part AND arn = :arn"


def seek_repository(tx: Transaction, arn: str) -> Repository | None:
    row = tx.one(_READ, arn=arn)
    return None if row is None else msgspec.json.decode(row[0], type=Repository)


def put_repository(tx: Transaction, repository: Repository) -> None:
    text = msgspec.json.encode(repository).decode()
    tx.run(_WRITE, arn=repository.arn, repository=text)


def remove_repository(tx: Transaction, arn: str) -> None:
    tx.run(_REMOVE, arn=arn)


# Images.

_IMAGE = (
    "SELECT digest, media_type, artifact_type, subject, annotations, manifest_bytes, size_bytes, "
    "pushed_at FROM ecr_images WHERE part = :part AND repository = :repository "
)
_ONE_IMAGE = _IMAGE + "AND digest = :digest"
_IMAGES_AFTER = _IMAGE + "AND digest > :after ORDER BY digest LIMIT :limit"
_REFERRERS = _IMAGE + "AND subject = :subject AND digest > :after ORDER BY digest LIMIT :limit"
_PUT_IMAGE = """
INSERT INTO ecr_images (part, repository, digest, media_type, artifact_type, subject, annotations,
    manifest_bytes, size_bytes, pushed_at)
VALUES (:part, :repository, :digest, :media_type, :artifact_type, :subject, :annotations,
    :manifest_bytes, :size_bytes, :pushed_at)
ON CONFLICT (part, repository, digest) DO UPDATE SET pushed_at = excluded.pushed_at
"""
_REMOVE_IMAGE = """
DELETE FROM ecr_images WHERE part = :part AND repository = :repository AND digest = :digest
"""


def seek_image(tx: Transaction, repository: str, digest: str) -> Image | None:
    row = tx.one(_ONE_IMAGE, repository=repository, digest=digest)
    return None if row is None else Image(*row)


def images_after(tx: Transaction, repository: str, after: str, limit: int) -> list[Image]:
    """In the order of their digests."""
    rows = tx.all(_IMAGES_AFTER, at_most=limit, repository=repository, after=after, limit=limit)
    return [Image(*row) for row in rows]


def referrers(
    tx: Transaction, repository: str, subject: str, after: str, limit: int
) -> list[Image]:
    """Images whose manifests name this one as what they are about."""
    rows = tx.all(
        _REFERRERS, at_most=limit, repository=repository, subject=subject, after=after, limit=limit
    )
    return [Image(*row) for row in rows]


def put_image(tx: Transaction, repository: str, image: Image) -> None:
    tx.run(_PUT_IMAGE, repository=repository, **image._asdict())


def remove_image(tx: Transaction, repository: str, digest: str) -> None:
    tx.run(_REMOVE_IMAGE, repository=repository, digest=digest)


# Tags.

_DIGEST_OF = """
SELECT digest FROM ecr_tags WHERE part = :part AND repository = :repository AND tag = :tag
"""
_TAGS_OF = """
SELECT tag FROM ecr_tags WHERE part = :part AND repository = :repository AND digest = :digest
ORDER BY tag LIMIT :limit
"""
_TAGS_AFTER = """
SELECT tag FROM ecr_tags WHERE part = :part AND repository = :repository AND tag > :after
ORDER BY tag LIMIT :limit
"""
_PUT_TAG = """
INSERT INTO ecr_tags (part, repository, tag, digest) VALUES (:part, :repository, :tag, :digest)
ON CONFLICT (part, repository, tag) DO UPDATE SET digest = excluded.digest
"""
_REMOVE_TAG = """
DELETE FROM ecr_tags WHERE part = :part AND repository = :repository AND tag = :tag
"""
_IDS_AFTER = """
SELECT i.digest, COALESCE(t.tag, '') FROM ecr_images i
LEFT JOIN ecr_tags t ON t.part = i.part AND t.repository = i.repository AND t.digest = i.digest
WHERE i.part = :part AND i.repository = :repository AND i.digest >= :digest
  AND (i.digest > :digest OR COALESCE(t.tag, '') > :tag) {condition}
ORDER BY i.digest, COALESCE(t.tag, '') LIMIT :limit
"""
_CONDITIONS = {"ANY": "", "TAGGED": "AND t.tag IS NOT NULL", "UNTAGGED": "AND t.tag IS NULL"}
_IDS_BY_STATUS = {key: _IDS_AFTER.format(condition=text) for key, text in _CONDITIONS.items()}


def digest_of_tag(tx: Transaction, repository: str, tag: str) -> str | None:
    row = tx.one(_DIGEST_OF, repository=repository, tag=tag)
    return None if row is None else str(row[0])


def tags_of_image(tx: Transaction, repository: str, digest: str) -> list[str]:
    limit = TAGS_PER_IMAGE_MAX
    rows = tx.all(_TAGS_OF, at_most=limit, repository=repository, digest=digest, limit=limit)
    return [row[0] for row in rows]


def tags_after(tx: Transaction, repository: str, after: str, limit: int) -> list[str]:
    rows = tx.all(_TAGS_AFTER, at_most=limit, repository=repository, after=after, limit=limit)
    return [row[0] for row in rows]


def put_tag(tx: Transaction, repository: str, tag: str, digest: str) -> None:
    tx.run(_PUT_TAG, repository=repository, tag=tag, digest=digest)


def remove_tag(tx: Transaction, repository: str, tag: str) -> None:
    tx.run(_REMOVE_TAG, repository=repository, tag=tag)


def image_ids_after(
    tx: Transaction, repository: str, status: str, digest: str, tag: str, limit: int
) -> list[tuple[str, str]]:
    """Digests with each of their tags; an image without tags once, with an empty one."""
    return [
        (row[0], row[1])
        for row in tx.all(
            _IDS_BY_STATUS[status], at_most=limit, repository=repository, digest=digest, tag=tag,
            limit=limit,
        )
    ]  # fmt: skip


# Layers.

_LAYER = """
SELECT digest, size_bytes FROM ecr_layers
WHERE part = :part AND repository = :repository AND digest = :digest
"""
_LAYERS = """
SELECT digest, size_bytes FROM ecr_layers WHERE part = :part AND repository = :repository
ORDER BY digest LIMIT :limit
"""
_PUT_LAYER = """
INSERT INTO ecr_layers (part, repository, digest, size_bytes, uploaded_at)
VALUES (:part, :repository, :digest, :size_bytes, :now)
"""
_REMOVE_LAYER = """
DELETE FROM ecr_layers WHERE part = :part AND repository = :repository AND digest = :digest
"""


def seek_layer(tx: Transaction, repository: str, digest: str) -> Layer | None:
    row = tx.one(_LAYER, repository=repository, digest=digest)
    return None if row is None else Layer(*row)


def layers(tx: Transaction, repository: str, limit: int) -> list[Layer]:
    rows = tx.all(_LAYERS, at_most=limit, repository=repository, limit=limit)
    return [Layer(*row) for row in rows]


def put_layer(tx: Transaction, repository: str, layer: Layer) -> None:
    tx.run(_PUT_LAYER, repository=repository, digest=layer.digest, size_bytes=layer.size_bytes)


def remove_layer(tx: Transaction, repository: str, digest: str) -> None:
    tx.run(_REMOVE_LAYER, repository=repository, digest=digest)


# What images name.

_REFER = """
INSERT INTO ecr_references (part, repository, image, digest)
VALUES (:part, :repository, :image, :digest)
"""
_REFERENCES = """
SELECT digest FROM ecr_references
WHERE part = :part AND repository = :repository AND image = :image ORDER BY digest LIMIT :limit
"""
_REFERRING = """
SELECT image FROM ecr_references
WHERE part = :part AND repository = :repository AND digest = :digest ORDER BY image LIMIT :limit
"""
_FORGET = """
DELETE FROM ecr_references
WHERE part = :part AND repository = :repository AND image = :image
"""


def refer(tx: Transaction, repository: str, image: str, digests: list[str]) -> None:
    rows = [{"repository": repository, "image": image, "digest": digest} for digest in digests]
    if rows:
        tx.run_many(_REFER, rows)


def references(tx: Transaction, repository: str, image: str, limit: int) -> list[str]:
    rows = tx.all(_REFERENCES, at_most=limit, repository=repository, image=image, limit=limit)
    return [row[0] for row in rows]


def images_that_name(tx: Transaction, repository: str, digest: str, limit: int) -> list[str]:
    rows = tx.all(_REFERRING, at_most=limit, repository=repository, digest=digest, limit=limit)
    return [row[0] for row in rows]


def forget_references(tx: Transaction, repository: str, image: str) -> None:
    tx.run(_FORGET, repository=repository, image=image)


_REMOVE_TAGS_OF = """
DELETE FROM ecr_tags WHERE part = :part AND repository = :repository AND digest = :digest
"""


def remove_tags_of_image(tx: Transaction, repository: str, digest: str) -> None:
    tx.run(_REMOVE_TAGS_OF, repository=repository, digest=digest)


# Uploads.

_UPLOAD = """
SELECT id, size_bytes, parts FROM ecr_uploads
WHERE part = :part AND repository = :repository AND id = :id
"""
_UPLOADS = """
SELECT id, size_bytes, parts FROM ecr_uploads WHERE part = :part AND repository = :repository
ORDER BY id LIMIT :limit
"""
_PUT_UPLOAD = """
INSERT INTO ecr_uploads (part, repository, id, size_bytes, parts)
VALUES (:part, :repository, :id, :size_bytes, :parts)
ON CONFLICT (part, repository, id) DO UPDATE
SET size_bytes = excluded.size_bytes, parts = excluded.parts
"""
_REMOVE_UPLOAD = """
DELETE FROM ecr_uploads WHERE part = :part AND repository = :repository AND id = :id
"""
_PARTS = """
SELECT number, digest, size_bytes FROM ecr_upload_parts WHERE part = :part AND upload = :upload
ORDER BY number LIMIT :limit
"""
_PUT_PART = """
INSERT INTO ecr_upload_parts (part, upload, number, digest, size_bytes)
VALUES (:part, :upload, :number, :digest, :size_bytes)
"""
_REMOVE_PART = """
DELETE FROM ecr_upload_parts WHERE part = :part AND upload = :upload AND number = :number
"""


def seek_upload(tx: Transaction, repository: str, upload_id: str) -> Upload | None:
    row = tx.one(_UPLOAD, repository=repository, id=upload_id)
    return None if row is None else Upload(*row)


def uploads(tx: Transaction, repository: str, limit: int) -> list[Upload]:
    rows = tx.all(_UPLOADS, at_most=limit, repository=repository, limit=limit)
    return [Upload(*row) for row in rows]


def put_upload(tx: Transaction, repository: str, upload: Upload) -> None:
    tx.run(_PUT_UPLOAD, repository=repository, **upload._asdict())


def remove_upload(tx: Transaction, repository: str, upload_id: str) -> None:
    tx.run(_REMOVE_UPLOAD, repository=repository, id=upload_id)


def parts(tx: Transaction, upload_id: str, limit: int) -> list[Part]:
    rows = tx.all(_PARTS, at_most=limit, upload=upload_id, limit=limit)
    return [Part(*row) for row in rows]


def put_part(tx: Transaction, upload_id: str, part: Part) -> None:
    tx.run(
        _PUT_PART, upload=upload_id, number=part.number, digest=part.digest,
        size_bytes=part.size_bytes,
    )  # fmt: skip


def remove_part(tx: Transaction, upload_id: str, number: int) -> None:
    tx.run(_REMOVE_PART, upload=upload_id, number=number)
