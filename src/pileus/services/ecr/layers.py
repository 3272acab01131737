"""Operations on layers, by which the API uploads and finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.services.ecr import errors, names, shelf, store, uploads
from pileus.services.ecr.repositories import identity
from pileus.services.ecr.uploads import DigestDiffers, OutOfOrder

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: AmazonECR/latest/userguide/service-quotas, maximum and minimum layer part size
PART_BYTES = 10 << 20
PART_BYTES_MIN = 5 << 20
DOWNLOADS = "/_aws/ecr/layers/"


def batch_check_layer_availability(
    call: Call, *, repository_name: str, layer_digests: list[str], registry_id: str | None = None
) -> dict[str, Any]:
    repository = shelf.repository(call.tx, call.about)
    found, failures = [], []
    for digest in layer_digests:
        if not names.DIGEST.fullmatch(digest):
            failures.append(
                {
                    "layerDigest": digest,
                    "failureCode": "InvalidLayerDigest",
                    "failureReason": "Invalid layer digest",
                }
            )
            continue
        layer = store.seek_layer(call.tx, repository.id, digest)
        shown: dict[str, Any] = {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
        if layer is not None:
            shown |= {"layerAvailability": "AVAILABLE", "layerSize": layer.size_bytes}
        found.append(shown)
    return {"layers": found, "failures": failures}


def get_download_url_for_layer(
    call: Call, *, repository_name: str, layer_digest: str, registry_id: str | None = None
) -> dict[str, Any]:
    repository = shelf.repository(call.tx, call.about)
    if store.seek_layer(call.tx, repository.id, layer_digest) is None:
        raise errors.layer_not_found(layer_digest, repository)
    place = f"{repository.registry}/{call.region}/{repository.name}/{layer_digest}"
    return {"downloadUrl": f"{call.host_url}{DOWNLOADS}{place}", "layerDigest": layer_digest}


def initiate_layer_upload(
    call: Call, *, repository_name: str, registry_id: str | None = None
) -> dict[str, Any]:
    return {"uploadId": uploads.begin(call.tx), "partSize": PART_BYTES}


async def upload_layer_part(
    call: Call,
    *,
    repository_name: str,
    upload_id: str,
    part_first_byte: int,
    part_last_byte: int,
    layer_part_blob: bytes,
    registry_id: str | None = None,
) -> dict[str, Any]:
    arn = call.about
    repository = await call.read(shelf.repository, arn, about=arn)
    upload = await call.read(uploads.find, upload_id, about=arn)
    if part_last_byte - part_first_byte + 1 != len(layer_part_blob) or not layer_part_blob:
        raise errors.invalid_part(repository, upload_id, upload.size_bytes)
    try:
        grown = await uploads.append(call, arn, upload_id, layer_part_blob, part_first_byte)
    except OutOfOrder as problem:
        raise errors.invalid_part(repository, upload_id, problem.size_bytes) from problem
    return {
        **identity(repository),
        "uploadId": upload_id,
        "lastByteReceived": grown.size_bytes - 1,
    }


async def complete_layer_upload(
    call: Call,
    *,
    repository_name: str,
    upload_id: str,
    layer_digests: list[str],
    registry_id: str | None = None,
) -> dict[str, Any]:
    arn = call.about
    repository = await call.read(shelf.repository, arn, about=arn)
    await call.read(uploads.find, upload_id, about=arn)
    parts = await call.read(store.parts, upload_id, uploads.PARTS_MAX, about=arn)
    if not parts:
        raise errors.empty_upload()
    if any(part.size_bytes < PART_BYTES_MIN for part in parts[:-1]):
        raise errors.part_too_small()
    digest = layer_digests[0]
    try:
        is_new = await uploads.complete(call, arn, upload_id, digest)
    except (DigestDiffers, OutOfOrder) as problem:
        raise errors.layer_differs() from problem
    if not is_new:
        raise errors.layer_exists(digest, repository)
    return {**identity(repository), "uploadId": upload_id, "layerDigest": digest}
