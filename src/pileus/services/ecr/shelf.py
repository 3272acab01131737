"""What repositories hold, inside transactions about them: images come and go with their layers."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.kernel import blobs
from pileus.kernel.blobs import Staged
from pileus.services.ecr import announcements, errors, names, store
from pileus.services.ecr.manifests import REFERENCES_MAX, Manifest
from pileus.services.ecr.store import Image, Layer, Repository

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

# A layer that no image names after this long is removed; a push has its layers first.
LAYER_PATIENCE_MS = 24 * 3_600_000
LAYER_TIMER = "ecr:layer"
REMAINS_TIMER = "ecr:repository-remains"
_PAGE = 20


class Put(NamedTuple):
    """What a push has changed."""

    is_new_image: bool
    is_new_tag: bool


def repository(tx: Transaction, arn: str) -> Repository:
    found = store.seek_repository(tx, arn)
    if found is None:
        raise errors.repository_not_found(names.repository_name(arn), arn.split(":")[4])
    return found


def put_layer(tx: Transaction, repository: Repository, layer: Layer) -> None:
    """Add a layer whose blob is kept."""
    store.put_layer(tx, repository.id, layer)
    key = f"{repository.id}/{layer.digest}"
    tx.set_timer(LAYER_TIMER, key, tx.now + LAYER_PATIENCE_MS)


def forget_layer(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a layer that no image has named in all this time."""
    repository_id, _, digest = key.partition("/")
    _let_go_unless_named(call.tx, repository_id, digest)


def _let_go_unless_named(tx: Transaction, repository_id: str, digest: str) -> None:
    if store.images_that_name(tx, repository_id, digest, 1):
        return
    if store.seek_layer(tx, repository_id, digest) is not None:
        store.remove_layer(tx, repository_id, digest)
        blobs.let_go(tx, digest.removeprefix("sha256:"))


def put_image(tx: Transaction, manifest: Manifest, staged: Staged, tag: str) -> Put:
    """Add an image, or a tag to one; its layers must be there."""
    found = repository(tx, tx.about)
    digest = f"sha256:{staged.digest}"
    is_new = store.seek_image(tx, found.id, digest) is None
    if is_new:
        _check_references(tx, found, manifest)
    is_new_tag = bool(tag) and _put_tag(tx, found, tag, digest)
    if is_new:
        image = Image(
            digest,
            manifest.media_type,
            manifest.artifact_type,
            manifest.subject,
            msgspec.json.encode(manifest.annotations).decode(),
            staged.size_bytes,
            manifest.size_bytes,
            tx.now,
        )
        store.put_image(tx, found.id, image)
        store.refer(tx, found.id, digest, sorted({*manifest.layers, *manifest.images}))
        blobs.keep(tx, staged)
    if is_new or is_new_tag:
        announcements.pushed(tx, found, digest, tag)
    return Put(is_new, is_new_tag)


def _check_references(tx: Transaction, found: Repository, manifest: Manifest) -> None:
    layers = [d for d in manifest.layers if store.seek_layer(tx, found.id, d) is None]
    if layers:
        raise errors.layers_missing(layers, found)
    images = [d for d in manifest.images if store.seek_image(tx, found.id, d) is None]
    if images:
        raise errors.images_missing(images, found)


def _put_tag(tx: Transaction, found: Repository, tag: str, digest: str) -> bool:
    present = store.digest_of_tag(tx, found.id, tag)
    if present == digest:
        return False
    if present is not None and is_immutable(found, tag):
        raise errors.tag_is_immutable(tag, found)
    if len(store.tags_of_image(tx, found.id, digest)) >= store.TAGS_PER_IMAGE_MAX:
        raise errors.too_many_image_tags(store.TAGS_PER_IMAGE_MAX)
    store.put_tag(tx, found.id, tag, digest)
    return True


def is_immutable(repository: Repository, tag: str) -> bool:
    """Whether a tag that is there may not be moved."""
    is_excluded = any(fnmatchcase(tag, wildcard) for wildcard in repository.exclusions)
    return repository.mutability.startswith("IMMUTABLE") != is_excluded


def resolve(tx: Transaction, found: Repository, digest: str, tag: str) -> Image | None:
    """The image of a digest or a tag; None where there is none, or the two disagree."""
    if tag:
        tagged = store.digest_of_tag(tx, found.id, tag)
        if tagged is None or (digest and digest != tagged):
            return None
        digest = tagged
    return store.seek_image(tx, found.id, digest)


def remove_image(tx: Transaction, repository_id: str, image: Image) -> None:
    """Remove an image with its tags, and the layers that no other image names."""
    named = store.references(tx, repository_id, image.digest, REFERENCES_MAX)
    store.remove_tags_of_image(tx, repository_id, image.digest)
    store.forget_references(tx, repository_id, image.digest)
    store.remove_image(tx, repository_id, image.digest)
    blobs.let_go(tx, image.digest.removeprefix("sha256:"))
    for digest in named:
        _let_go_unless_named(tx, repository_id, digest)


def clear(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of what a deleted repository had; the key is its id."""
    tx = call.tx
    if uploads := store.uploads(tx, key, _PAGE):
        for upload in uploads:
            # Its own timer lets go of its parts.
            store.remove_upload(tx, key, upload.id)
            tx.set_timer("ecr:upload", upload.id, tx.now, {"repository": key})
    elif images := store.images_after(tx, key, "", 1):
        remove_image(tx, key, images[0])
    elif layers := store.layers(tx, key, _PAGE):
        for layer in layers:
            _let_go_unless_named(tx, key, layer.digest)
    else:
        return
    tx.set_timer(REMAINS_TIMER, key, tx.now)
