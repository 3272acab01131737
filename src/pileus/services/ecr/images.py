"""Operations on images: put, read, list, describe, delete."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import pagination
from pileus.kernel.transaction import Transaction
from pileus.services.ecr import announcements, errors, manifests, names, shelf, store
from pileus.services.ecr.manifests import InvalidManifest
from pileus.services.ecr.repositories import identity
from pileus.services.ecr.store import Image, Repository

if TYPE_CHECKING:
    from pileus.kernel.call import Call

LISTED = 100  # docs: ListImages and DescribeImages, maxResults
_NOT_FOUND = ("ImageNotFound", "Requested image not found")

ImageId = Mapping[str, str]
Failure = tuple[str, str]


async def put_image(
    call: Call,
    *,
    repository_name: str,
    image_manifest: str,
    registry_id: str | None = None,
    image_manifest_media_type: str | None = None,
    image_tag: str | None = None,
    image_digest: str | None = None,
) -> dict[str, Any]:
    arn, text, tag = call.about, image_manifest.encode(), image_tag or ""
    repository = await call.read(shelf.repository, arn, about=arn)
    if tag and not names.TAG.fullmatch(tag):
        raise errors.invalid_image_tag()
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    if image_digest is not None and image_digest != digest:
        raise errors.digest_differs()
    try:
        manifest = manifests.read(text, image_manifest_media_type or "")
    except InvalidManifest as problem:
        raise errors.invalid_manifest(str(problem)) from problem
    async with call.kernel.blobs.staged(
        text, about=arn, size_max_bytes=manifests.MANIFEST_BYTES_MAX
    ) as staged:
        put = await call.transaction(shelf.put_image, manifest, staged, tag, about=arn)
    if not put.is_new_image and not put.is_new_tag:
        raise errors.image_exists(digest, tag, repository)
    return {"image": _show(repository, digest, tag, image_manifest, manifest.media_type)}


def _show(
    repository: Repository, digest: str, tag: str, manifest: str, media_type: str
) -> dict[str, Any]:
    return {
        **identity(repository),
        "imageId": show_id(digest, tag),
        "imageManifest": manifest,
        "imageManifestMediaType": media_type,
    }


def show_id(digest: str, tag: str) -> dict[str, str]:
    return {"imageDigest": digest, "imageTag": tag} if tag else {"imageDigest": digest}


async def batch_get_image(
    call: Call,
    *,
    repository_name: str,
    image_ids: list[dict[str, Any]],
    registry_id: str | None = None,
    accepted_media_types: list[str] | None = None,
) -> dict[str, Any]:
    arn = call.about
    repository = await call.read(shelf.repository, arn, about=arn)
    images, failures = [], []
    for image_id in image_ids:
        found = await call.read(_find, repository, image_id, about=arn)
        if not isinstance(found, Image):
            failures.append(_failed(image_id, *found))
            continue
        manifest = await call.kernel.blobs.load(found.digest.removeprefix("sha256:"), about=arn)
        tag = image_id.get("imageTag", "")
        shown = _show(repository, found.digest, tag, manifest.decode(), found.media_type)
        images.append(shown)
    return {"images": images, "failures": failures}


def _failed(image_id: ImageId, code: str, reason: str) -> dict[str, Any]:
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def _find(tx: Transaction, repository: Repository, image_id: ImageId) -> Image | Failure:
    """The image that is meant, or AWS's code and reason why there is none."""
    digest, tag = image_id.get("imageDigest", ""), image_id.get("imageTag", "")
    if not digest and not tag:
        return (
            "MissingDigestAndTag",
            "Invalid request parameters: both tag and digest cannot be null",
        )
    if digest and not names.DIGEST.fullmatch(digest):
        return (
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex "
            "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        )
    found = shelf.resolve(tx, repository, digest, tag)
    if found is not None:
        return found
    if digest and tag and store.seek_image(tx, repository.id, digest) is not None:
        return "ImageTagDoesNotMatchDigest", "Requested image tag does not match the image digest"
    return _NOT_FOUND


def list_images(
    call: Call,
    *,
    repository_name: str,
    registry_id: str | None = None,
    next_token: str | None = None,
    max_results: int = LISTED,
    filter: dict[str, Any] | None = None,
) -> dict[str, Any]:
    repository = shelf.repository(call.tx, call.about)
    digest, tag = _position(next_token)
    status = (filter or {}).get("tagStatus", "ANY")
    found = store.image_ids_after(call.tx, repository.id, status, digest, tag, max_results + 1)
    page = found[:max_results]
    answer: dict[str, Any] = {"imageIds": [show_id(*each) for each in page]}
    if len(found) > max_results:
        answer["nextToken"] = pagination.encode(*page[-1])
    return answer


def _position(token: str | None) -> tuple[str, str]:
    if token is None:
        return "", ""
    try:
        digest, tag = pagination.decode(token, str, str)
    except pagination.InvalidToken:
        raise errors.invalid_token() from None
    return digest, tag


async def describe_images(
    call: Call,
    *,
    repository_name: str,
    registry_id: str | None = None,
    image_ids: list[dict[str, Any]] | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
    filter: dict[str, Any] | None = None,
) -> dict[str, Any]:
    arn = call.about
    if image_ids:
        if next_token is not None or max_results is not None:
            raise errors.conflicting_members("imageIds", "maxResults")
        shown = [await call.read(_describe_one, each, about=arn) for each in image_ids]
        return {"imageDetails": shown}
    status = (filter or {}).get("tagStatus", "ANY")
    wanted, after = max_results or LISTED, _position(next_token)[0]
    found: list[dict[str, Any]] = []
    page = [{"imageDigest": after}]
    while page and len(found) <= wanted:
        last = page[-1]["imageDigest"]
        page = await call.read(_describe_after, last, about=arn)
        found += [each for each in page if status == "ANY" or _status(each) == status]
    answer: dict[str, Any] = {"imageDetails": found[:wanted]}
    if len(found) > wanted:
        answer["nextToken"] = pagination.encode(found[wanted - 1]["imageDigest"], "")
    return answer


def _status(shown: Mapping[str, Any]) -> str:
    return "TAGGED" if shown.get("imageTags") else "UNTAGGED"


def _describe_after(tx: Transaction, after: str) -> list[dict[str, Any]]:
    repository = shelf.repository(tx, tx.about)
    return [
        _describe(tx, repository, image)
        for image in store.images_after(tx, repository.id, after, LISTED)
    ]


def _describe_one(tx: Transaction, image_id: ImageId) -> dict[str, Any]:
    repository = shelf.repository(tx, tx.about)
    digest, tag = image_id.get("imageDigest", ""), image_id.get("imageTag", "")
    image = shelf.resolve(tx, repository, digest, tag)
    if image is None:
        raise errors.image_not_found(digest, tag, repository)
    return _describe(tx, repository, image)


def _describe(tx: Transaction, repository: Repository, image: Image) -> dict[str, Any]:
    shown: dict[str, Any] = {
        **identity(repository),
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size_bytes,
        "imagePushedAt": image.pushed_at,
        "imageManifestMediaType": image.media_type,
        "imageStatus": "ACTIVE",
    }
    tags = store.tags_of_image(tx, repository.id, image.digest)
    if tags:
        shown["imageTags"] = tags
    if image.artifact_type:
        shown["artifactMediaType"] = image.artifact_type
    if image.subject:
        shown["subjectManifestDigest"] = image.subject
    return shown


async def batch_delete_image(
    call: Call,
    *,
    repository_name: str,
    image_ids: list[dict[str, Any]],
    registry_id: str | None = None,
) -> dict[str, Any]:
    arn = call.about
    await call.read(shelf.repository, arn, about=arn)
    deleted: list[dict[str, str]] = []
    failures = []
    for image_id in image_ids:
        gone = await call.transaction(_delete, image_id, about=arn)
        if isinstance(gone, tuple):
            failures.append(_failed(image_id, *gone))
        else:
            deleted += gone
    return {"imageIds": deleted, "failures": failures}


def _delete(tx: Transaction, image_id: ImageId) -> list[dict[str, str]] | Failure:
    """A tag goes by itself, and takes the image along where it was the last one."""
    repository = shelf.repository(tx, tx.about)
    found = _find(tx, repository, image_id)
    if not isinstance(found, Image):
        return found
    tags = store.tags_of_image(tx, repository.id, found.digest)
    tag = image_id.get("imageTag", "")
    if tag and len(tags) > 1:
        store.remove_tag(tx, repository.id, tag)
        announcements.deleted(tx, repository, found.digest, tag)
        return [show_id(found.digest, tag)]
    indexes = store.images_that_name(tx, repository.id, found.digest, 10)
    if indexes:
        listed = ", ".join(indexes)
        return (
            "ImageReferencedByManifestList",
            f"Requested image referenced by manifest list: [{listed}]",
        )
    shelf.remove_image(tx, repository.id, found)
    announcements.deleted(tx, repository, found.digest, tag)
    return [show_id(found.digest, each) for each in tags or [""]]
