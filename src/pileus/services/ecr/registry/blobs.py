"""Layers over HTTP: uploads in one piece or in many, and downloads."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from pileus.kernel.request import Request, Response
from pileus.kernel.transaction import Transaction
from pileus.services.ecr import names, shelf, store, uploads
from pileus.services.ecr.registry import answers
from pileus.services.ecr.registry.answers import Refused
from pileus.services.ecr.registry.asked import Asked
from pileus.services.ecr.store import Layer, Upload
from pileus.services.ecr.uploads import DigestDiffers, OutOfOrder

_UPLOAD = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_CONTENT_RANGE = re.compile(r"(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?")


async def begin(asked: Asked) -> Response:
    """Begin an upload, or do all of it at once: by copying, or from the body."""
    call, arn, query = asked.call, asked.arn, asked.query
    if "mount" in query and await _mount(asked, query["mount"], query.get("from", "")):
        return _created(asked, query["mount"])
    digest = query.get("digest", "")
    if digest:
        _check_digest(digest)
    upload_id: str = await call.transaction(uploads.begin, about=arn)
    if digest:
        return await _complete(asked, upload_id, digest, first=0)
    return _accepted(asked, Upload(upload_id, 0, 0))


async def _mount(asked: Asked, digest: str, source: str) -> bool:
    if not names.NAME.fullmatch(source) or not names.DIGEST.fullmatch(digest):
        return False
    call = asked.call
    await call.read(shelf.repository, asked.arn, about=asked.arn)
    if await call.read(uploads.has_layer, digest, about=asked.arn):
        return True
    arn = names.repository_arn(asked.registry, call.region, source)
    return await uploads.mount(call, arn, asked.arn, digest)


async def add(asked: Asked) -> Response:
    """Take the next bytes of an upload."""
    upload_id, first = _upload_id(asked), _first_byte(asked.request)
    try:
        upload = await uploads.append(
            asked.call, asked.arn, upload_id, _content(asked.request), first
        )
    except OutOfOrder as problem:
        raise _out_of_order(asked, problem) from problem
    return _accepted(asked, upload)


def _upload_id(asked: Asked) -> str:
    if not _UPLOAD.fullmatch(asked.reference):
        raise Refused(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    return asked.reference


def _first_byte(request: Request) -> int | None:
    stated = request.headers.get("content-range")
    if stated is None:
        return None
    match = _CONTENT_RANGE.fullmatch(stated)
    if match is None:
        raise Refused(416, "BLOB_UPLOAD_INVALID", "The Content-Range is not readable.")
    return int(match[1])


def _content(request: Request) -> bytes | AsyncIterator[bytes]:
    return request.body if request.stream is None else request.stream


def _out_of_order(asked: Asked, problem: OutOfOrder) -> Refused:
    headers = _progress(asked, asked.reference, problem.size_bytes)
    return Refused(416, "BLOB_UPLOAD_INVALID", "The bytes are not the next ones.", headers)


async def complete(asked: Asked) -> Response:
    digest = asked.query.get("digest", "")
    _check_digest(digest)
    return await _complete(asked, _upload_id(asked), digest, _first_byte(asked.request))


async def _complete(asked: Asked, upload_id: str, digest: str, first: int | None) -> Response:
    """Take the last bytes, if any come, and make the upload a layer."""
    call, arn = asked.call, asked.arn
    try:
        await uploads.append(call, arn, upload_id, _content(asked.request), first)
        await uploads.complete(call, arn, upload_id, digest)
    except OutOfOrder as problem:
        raise _out_of_order(asked, problem) from problem
    except DigestDiffers as problem:
        await call.transaction(uploads.cancel, upload_id, about=arn)
        raise answers.digest_invalid() from problem
    return _created(asked, digest)


async def status(asked: Asked) -> Response:
    upload = await asked.call.read(uploads.find, _upload_id(asked), about=asked.arn)
    return answers.answer(204, _progress(asked, upload.id, upload.size_bytes))


async def cancel(asked: Asked) -> Response:
    await asked.call.transaction(uploads.cancel, _upload_id(asked), about=asked.arn)
    return answers.answer(204)


def _check_digest(digest: str) -> None:
    if not names.DIGEST.fullmatch(digest):
        raise answers.digest_invalid("The digest is not one of SHA-256.")


def _progress(asked: Asked, upload_id: str, size_bytes: int) -> dict[str, str]:
    return {
        "location": f"/v2/{asked.name}/blobs/uploads/{upload_id}",
        "docker-upload-uuid": upload_id,
        "range": f"0-{max(size_bytes - 1, 0)}",
    }


def _accepted(asked: Asked, upload: Upload) -> Response:
    return answers.answer(202, _progress(asked, upload.id, upload.size_bytes))


def _created(asked: Asked, digest: str) -> Response:
    headers = {
        "location": f"/v2/{asked.name}/blobs/{digest}",
        "docker-content-digest": digest,
    }
    return answers.answer(201, headers)


# Downloads.


async def head(asked: Asked) -> Response:
    layer = await _layer(asked)
    return answers.answer(200, {**_described(layer), "content-length": str(layer.size_bytes)})


async def read(asked: Asked) -> Response:
    """The layer, or the range of it that is wanted, as fast as the client takes it."""
    layer = await _layer(asked)
    first, size_bytes = 0, layer.size_bytes
    headers = _described(layer)
    wanted = _wanted_range(asked.request.headers.get("range", ""), layer.size_bytes)
    if wanted is not None:
        first, size_bytes = wanted
        last = first + size_bytes - 1
        headers["content-range"] = f"bytes {first}-{last}/{layer.size_bytes}"
    headers["content-length"] = str(size_bytes)
    content = asked.call.kernel.blobs.read(
        layer.digest.removeprefix("sha256:"), about=asked.arn, first=first, size_bytes=size_bytes
    )
    return answers.answer(200 if wanted is None else 206, headers, content)


async def _layer(asked: Asked) -> Layer:
    """Manifests can be read as blobs too."""
    _check_digest(asked.reference)
    found: Layer | None = await asked.call.read(_find, asked.reference, about=asked.arn)
    if found is None:
        raise Refused(404, "BLOB_UNKNOWN", "blob unknown to registry")
    return found


def _find(tx: Transaction, digest: str) -> Layer | None:
    repository = shelf.repository(tx, tx.about)
    layer = store.seek_layer(tx, repository.id, digest)
    if layer is not None:
        return layer
    image = store.seek_image(tx, repository.id, digest)
    return None if image is None else Layer(image.digest, image.manifest_bytes)


def _described(layer: Layer) -> dict[str, str]:
    return {
        "content-type": "application/octet-stream",
        "docker-content-digest": layer.digest,
        "etag": f'"{layer.digest}"',
        "accept-ranges": "bytes",
        "cache-control": "max-age=31536000",
    }


def _wanted_range(text: str, size_bytes: int) -> tuple[int, int] | None:
    """First byte and count; None for the whole, also where several ranges are asked for."""
    match = _RANGE.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        count = min(int(match[2]), size_bytes)
        first, last = size_bytes - count, size_bytes - 1
    else:
        first = int(match[1])
        last = min(int(match[2]), size_bytes - 1) if match[2] else size_bytes - 1
    if first > last:
        headers = {"content-range": f"bytes */{size_bytes}"}
        raise Refused(416, "RANGE_INVALID", "The range is not in the blob.", headers)
    return first, last - first + 1
