"""Manifests over HTTP: pushed, pulled, deleted, by tag or by digest."""

from __future__ import annotations

import hashlib

from pileus.kernel.request import Response
from pileus.kernel.transaction import Transaction
from pileus.services.ecr import announcements, manifests, names, shelf, store
from pileus.services.ecr.manifests import InvalidManifest
from pileus.services.ecr.registry import answers
from pileus.services.ecr.registry.answers import Refused
from pileus.services.ecr.registry.asked import Asked
from pileus.services.ecr.store import Image


async def put(asked: Asked) -> Response:
    call, arn, text = asked.call, asked.arn, asked.request.body
    await call.read(shelf.repository, arn, about=arn)
    if len(text) > manifests.MANIFEST_BYTES_MAX:
        raise Refused(413, "SIZE_INVALID", "The manifest is larger than 4 MiB.")
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    tag = _tag(asked.reference)
    if not tag and asked.reference != digest:
        raise answers.digest_invalid("provided digest did not match the manifest")
    try:
        manifest = manifests.read(text, asked.request.headers.get("content-type", ""))
    except InvalidManifest as problem:
        raise Refused(400, "MANIFEST_INVALID", f"manifest invalid: {problem}") from problem
    async with call.kernel.blobs.staged(
        text, about=arn, size_max_bytes=manifests.MANIFEST_BYTES_MAX
    ) as staged:
        await call.transaction(shelf.put_image, manifest, staged, tag, about=arn)
    headers = {
        "location": f"/v2/{asked.name}/manifests/{asked.reference}",
        "docker-content-digest": digest,
    }
    if manifest.subject:
        headers["oci-subject"] = manifest.subject
    return answers.answer(201, headers)


def _tag(reference: str) -> str:
    """The tag; empty where the reference is a digest."""
    if names.DIGEST.fullmatch(reference):
        return ""
    if not names.TAG.fullmatch(reference):
        raise Refused(400, "TAG_INVALID", "manifest tag did not match URI")
    return reference


async def read(asked: Asked) -> Response:
    """The manifest as it was pushed, byte for byte."""
    call, arn = asked.call, asked.arn
    image: Image = await call.read(_find, asked.reference, about=arn)
    headers = {
        "content-type": image.media_type,
        "docker-content-digest": image.digest,
        "etag": f'"{image.digest}"',
        "content-length": str(image.manifest_bytes),
    }
    if asked.request.method == "HEAD":
        return answers.answer(200, headers)
    text = await call.kernel.blobs.load(image.digest.removeprefix("sha256:"), about=arn)
    return answers.answer(200, headers, text)


def _find(tx: Transaction, reference: str) -> Image:
    repository = shelf.repository(tx, tx.about)
    tag = _tag(reference)
    image = shelf.resolve(tx, repository, "" if tag else reference, tag)
    if image is None:
        raise Refused(404, "MANIFEST_UNKNOWN", "Requested image not found")
    return image


async def delete(asked: Asked) -> Response:
    await asked.call.transaction(_delete, asked.reference, about=asked.arn)
    return answers.answer(202)


def _delete(tx: Transaction, reference: str) -> None:
    """A tag goes by itself; a digest takes the image and all its tags."""
    image = _find(tx, reference)
    repository = shelf.repository(tx, tx.about)
    tag = _tag(reference)
    if tag:
        store.remove_tag(tx, repository.id, tag)
        announcements.deleted(tx, repository, image.digest, tag)
        return
    if store.images_that_name(tx, repository.id, image.digest, 1):
        raise Refused(405, "UNSUPPORTED", "The image is referenced by an index.")
    shelf.remove_image(tx, repository.id, image)
    announcements.deleted(tx, repository, image.digest, "")
