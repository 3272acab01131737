"""Uploads of layers: begun, continued in parts, completed; the same for the API and the registry.

Each part is a blob of the repository that is safe on the disk before its row is. An upload that
came as one part becomes a layer without being written again; others are put together once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import blobs
from pileus.kernel.blobs import Staged, TooLarge
from pileus.kernel.transaction import Transaction
from pileus.services.ecr import errors, shelf, store
from pileus.services.ecr.store import Layer, Part, Repository, Upload

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: AmazonECR/latest/userguide/service-quotas
LAYER_BYTES_MAX = 52_000 << 20
PARTS_MAX = 4_200
# An upload that nobody continues is given up after a day.
PATIENCE_MS = 24 * 3_600_000
EXPIRY_TIMER = "ecr:upload"
REMAINS_TIMER = "ecr:upload-remains"
_PAGE = 200


class OutOfOrder(Exception):
    """A part does not begin where the one before it ended, or another came in between."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"the upload has {size_bytes} bytes")
        self.size_bytes = size_bytes


class DigestDiffers(Exception):
    """What was uploaded is not what its digest says."""


def begin(tx: Transaction) -> str:
    """A new upload to the repository that the transaction is about; its id."""
    repository = shelf.repository(tx, tx.about)
    upload = Upload(tx.kernel.ids.uuid(), 0, 0)
    _put(tx, repository, upload)
    return upload.id


def _put(tx: Transaction, repository: Repository, upload: Upload) -> None:
    store.put_upload(tx, repository.id, upload)
    payload = {"repository": repository.id, "arn": repository.arn}
    tx.set_timer(EXPIRY_TIMER, upload.id, tx.now + PATIENCE_MS, payload)


def find(tx: Transaction, upload_id: str) -> Upload:
    """The upload as it stands; raises AWS's error where there is none."""
    repository = shelf.repository(tx, tx.about)
    upload = store.seek_upload(tx, repository.id, upload_id)
    if upload is None:
        raise errors.upload_not_found(upload_id, repository)
    return upload


async def append(
    call: Call, arn: str, upload_id: str, content: bytes | AsyncIterator[bytes], first: int | None
) -> Upload:
    """Add a part, which must begin at `first` where that is given. Raises OutOfOrder."""
    upload: Upload = await call.read(find, upload_id, about=arn)
    if first is not None and first != upload.size_bytes:
        raise OutOfOrder(upload.size_bytes)
    if upload.parts >= PARTS_MAX:
        raise errors.too_many_parts(PARTS_MAX)
    room = LAYER_BYTES_MAX - upload.size_bytes
    try:
        async with call.kernel.blobs.staged(content, about=arn, size_max_bytes=room) as staged:
            if staged.size_bytes == 0:
                return upload
            grown: Upload = await call.transaction(_append, upload, staged, about=arn)
            return grown
    except TooLarge as problem:
        raise errors.layer_too_large() from problem


def _append(tx: Transaction, upload: Upload, staged: Staged) -> Upload:
    present = find(tx, upload.id)
    if present != upload:
        raise OutOfOrder(present.size_bytes)
    blobs.keep(tx, staged)
    store.put_part(tx, upload.id, Part(upload.parts, staged.digest, staged.size_bytes))
    grown = Upload(upload.id, upload.size_bytes + staged.size_bytes, upload.parts + 1)
    _put(tx, shelf.repository(tx, tx.about), grown)
    return grown


async def complete(call: Call, arn: str, upload_id: str, digest: str) -> bool:
    """Make the upload a layer; False where the repository has it already. Raises DigestDiffers."""
    upload: Upload = await call.read(find, upload_id, about=arn)
    found: list[Part] = await call.read(store.parts, upload_id, PARTS_MAX, about=arn)
    if len(found) == 1:
        if f"sha256:{found[0].digest}" != digest:
            raise DigestDiffers
        return bool(await call.transaction(_become_layer, upload, None, about=arn))
    whole = _together(call, arn, found)
    async with call.kernel.blobs.staged(whole, about=arn, size_max_bytes=LAYER_BYTES_MAX) as staged:
        if f"sha256:{staged.digest}" != digest:
            raise DigestDiffers
        return bool(await call.transaction(_become_layer, upload, staged, about=arn))


async def _together(call: Call, arn: str, parts: list[Part]) -> AsyncIterator[bytes]:
    for part in parts:
        async for chunk in call.kernel.blobs.read(part.digest, about=arn):
            yield chunk


def _become_layer(tx: Transaction, upload: Upload, staged: Staged | None) -> bool:
    """`staged` is None where the only part is the layer."""
    repository = shelf.repository(tx, tx.about)
    if find(tx, upload.id) != upload:
        raise OutOfOrder(upload.size_bytes)
    only = None if staged else store.parts(tx, upload.id, 1)[0]
    digest = staged.digest if staged else only.digest if only else ""
    layer = Layer(f"sha256:{digest}", upload.size_bytes)
    is_new = store.seek_layer(tx, repository.id, layer.digest) is None
    if is_new:
        shelf.put_layer(tx, repository, layer)
        if staged:
            blobs.keep(tx, staged)
        else:
            # The layer takes over what its part has kept.
            store.remove_part(tx, upload.id, 0)
    _end(tx, repository.id, upload.id)
    return is_new


def cancel(tx: Transaction, upload_id: str) -> None:
    """Give an upload up, with all that has come of it."""
    upload = find(tx, upload_id)
    _end(tx, shelf.repository(tx, tx.about).id, upload.id)


def _end(tx: Transaction, repository: str, upload_id: str) -> None:
    store.remove_upload(tx, repository, upload_id)
    tx.finish_timer(EXPIRY_TIMER, upload_id)
    tx.set_timer(REMAINS_TIMER, upload_id, tx.now)


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: nobody has continued an upload."""
    store.remove_upload(call.tx, payload["repository"], key)
    call.tx.set_timer(REMAINS_TIMER, key, call.tx.now)


def clear(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: let go of a page of the parts of an upload that has ended."""
    tx = call.tx
    remaining = store.parts(tx, key, _PAGE)
    for part in remaining:
        blobs.let_go(tx, part.digest)
        store.remove_part(tx, key, part.number)
    if len(remaining) == _PAGE:
        tx.set_timer(REMAINS_TIMER, key, tx.now)


async def mount(call: Call, source: str, target: str, digest: str) -> bool:
    """Copy a layer from another repository; False where that has no such layer."""
    if not await call.read(has_layer, digest, about=source):
        return False
    content = call.kernel.blobs.read(digest.removeprefix("sha256:"), about=source)
    await put_whole(call, target, content)
    return True


def has_layer(tx: Transaction, digest: str) -> bool:
    """Whether the repository is there and has the layer."""
    repository = store.seek_repository(tx, tx.about)
    return repository is not None and store.seek_layer(tx, repository.id, digest) is not None


async def put_whole(call: Call, arn: str, content: AsyncIterator[bytes]) -> None:
    """Make a content a layer in one step."""
    async with call.kernel.blobs.staged(
        content, about=arn, size_max_bytes=LAYER_BYTES_MAX
    ) as staged:
        await call.transaction(_put_whole, staged, about=arn)


def _put_whole(tx: Transaction, staged: Staged) -> None:
    repository = shelf.repository(tx, tx.about)
    layer = Layer(f"sha256:{staged.digest}", staged.size_bytes)
    if store.seek_layer(tx, repository.id, layer.digest) is None:
        shelf.put_layer(tx, repository, layer)
        blobs.keep(tx, staged)
