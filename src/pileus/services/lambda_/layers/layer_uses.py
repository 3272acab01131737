"""The layers that a function names: found, checked, and kept beside it for as long as it lives."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from pileus.kernel.blobs import BlobGone, Staged
from pileus.kernel.call import Call
from pileus.kernel.fleet import BadPackage, PackageTooLarge
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.functions.configurations import Layer
from pileus.services.lambda_.layers import (
    layer_errors,
    layer_names,
    layer_permissions,
    package_users,
    store,
)
from pileus.services.lambda_.layers.layer_names import Named

# docs: lambda/latest/dg/gettingstarted-limits
LAYERS_MAX = 5
UNZIPPED_BYTES_MAX = 262_144_000


class Found(NamedTuple):
    """A layer version, and where its zip is: at the layer, or read from a mapped file."""

    layer: Layer
    zipped: bytes | None = None


def check_form(layers: Sequence[str], region: str) -> None:
    """What can be said against a list of ARNs without looking at the layers."""
    if len(layers) > LAYERS_MAX:
        raise layer_errors.layers_too_many()
    first_of: dict[str, str] = {}
    for text in layers:
        named = layer_names.split(text)
        if named.region not in ("", region):
            raise layer_errors.layers_elsewhere(region)
        if named.arn in first_of:
            raise layer_errors.layer_twice(first_of[named.arn], text)
        first_of[named.arn] = text


def check_size(code_bytes: int, layers: Iterable[Found | Layer]) -> None:
    """All layers and the function share one limit."""
    total = code_bytes
    for each in layers:
        total += (each.layer if isinstance(each, Found) else each).unzipped_bytes
    if total > UNZIPPED_BYTES_MAX:
        raise layer_errors.combined_too_large(UNZIPPED_BYTES_MAX, total)


async def find(call: Call, version_arns: Sequence[str]) -> list[Found]:
    """The layers in their order; raises AWS's error for one that may not be used."""
    return [await _find(call, each) for each in version_arns]


async def _find(call: Call, version_arn: str) -> Found:
    mapped = mapped_file(call, version_arn)
    if mapped is not None:
        return await _read_file(call, version_arn, mapped)
    named = layer_names.split(version_arn)
    if ":awslayer:" in version_arn:
        raise layer_permissions.refusal(named, layer_permissions.principal_of(call))
    version = await call.read(
        _permitted, named, call.account, layer_permissions.principal_of(call), about=named.arn
    )
    if version is None:
        raise layer_errors.layer_unknown(version_arn)
    return Found(Layer(version.arn, version.digest, version.size_bytes, version.unzipped_bytes))


def _permitted(
    tx: Transaction, named: Named, account: str, principal: str
) -> store.LayerVersion | None:
    layer_permissions.check(tx, named, account, principal)
    return store.load(tx, named.arn, named.version)


def mapped_file(call: Call, version_arn: str) -> Path | None:
    """The local zip that `--layer` gives for a version, or for all versions of a layer."""
    mapped = dict(each.partition("=")[::2] for each in call.kernel.settings.layers)
    found = mapped.get(version_arn) or mapped.get(version_arn.rpartition(":")[0])
    return Path(found) if found else None


async def _read_file(call: Call, version_arn: str, path: Path) -> Found:
    try:
        zipped = await asyncio.to_thread(path.read_bytes)
        digest = hashlib.sha256(zipped).hexdigest()
        installed = await call.kernel.fleet.install(digest, zipped)
    except (OSError, BadPackage, PackageTooLarge) as problem:
        raise layer_errors.mapped_file_unusable(version_arn, str(problem)) from problem
    return Found(Layer(version_arn, digest, len(zipped), installed.unpacked_bytes), zipped)


@asynccontextmanager
async def staged(
    call: Call, layers: Sequence[Found], function_arn: str
) -> AsyncIterator[list[Staged]]:
    """Have the zips safe for a transaction about the function, which then outlives the layers."""
    blobs = call.kernel.blobs
    async with AsyncExitStack() as held:
        kept = []
        for layer, zipped in layers:
            await package_users.note(call, layer.digest, function_arn)
            if zipped is not None:
                one = blobs.staged(zipped, about=function_arn, size_max_bytes=UNZIPPED_BYTES_MAX)
            else:
                layer_arn = layer_names.split(layer.arn).arn
                one = blobs.staged_again(layer.digest, of=layer_arn, about=function_arn)
            try:
                kept.append(await held.enter_async_context(one))
            except BlobGone:
                # Deleted since it was found.
                raise layer_errors.layer_unknown(layer.arn) from None
        yield kept
