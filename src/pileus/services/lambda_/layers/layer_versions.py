"""Operations on layers: publish a version, read, list, delete."""

from __future__ import annotations

import asyncio
from typing import Any

from pileus.kernel import blobs, pagination
from pileus.kernel.blobs import Staged
from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import code_locations, packages
from pileus.services.lambda_.functions.configurations import timestamp
from pileus.services.lambda_.layers import (
    layer_errors,
    layer_names,
    layer_permissions,
    package_users,
    store,
)
from pileus.services.lambda_.layers.layer_names import Named
from pileus.services.lambda_.layers.store import LayerVersion

# The kind of layers in the account's list of names.
LAYERS = "layer"
LISTED_MAX = 50  # docs: ListLayers, MaxItems
_ANY_NUMBER = 1 << 62
_LOOKED_AT_MAX = 1_000


async def publish_layer_version(
    call: Call,
    *,
    layer_name: str,
    content: dict[str, Any],
    description: str = "",
    compatible_runtimes: list[str] | None = None,
    compatible_architectures: list[str] | None = None,
    license_info: str = "",
) -> dict[str, Any]:
    named = layer_names.read(call, layer_name)
    if named.account != call.account or named.region != call.region:
        principal = layer_permissions.principal_of(call)
        raise layer_errors.not_permitted(principal, "lambda:PublishLayerVersion", named.arn)
    package = await packages.take(call, content, named.arn)
    version = LayerVersion(
        arn="",
        number=0,
        digest=package.digest,
        sha256=package.sha256,
        size_bytes=package.size_bytes,
        unzipped_bytes=package.unzipped_bytes,
        created_at=call.now,
        description=description,
        license=license_info,
        runtimes=compatible_runtimes or [],
        architectures=compatible_architectures or [],
    )
    async with packages.staged(call, package, named.arn) as staged:
        version = await call.transaction(_insert, named, version, staged, about=named.arn)
    return _show(call, named, version)


def _insert(tx: Transaction, named: Named, version: LayerVersion, staged: Staged) -> LayerVersion:
    number = store.next_number(tx, named.arn)
    numbered = store.LayerVersion(
        **{field: getattr(version, field) for field in version.__struct_fields__}
        | {"number": number, "arn": f"{named.arn}:{number}"}
    )
    store.insert(tx, named.arn, numbered)
    blobs.keep(tx, staged)
    tx.enlist(LAYERS, named.name, named.arn)
    return numbered


def _show(call: Call, named: Named, version: LayerVersion) -> dict[str, Any]:
    location = code_locations.location(call, named.arn, version.digest)
    return {
        "Content": {
            "Location": location,
            "CodeSha256": version.sha256,
            "CodeSize": version.size_bytes,
        },
        "LayerArn": named.arn,
        **_show_listed(version),
    }


def _show_listed(version: LayerVersion) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "LayerVersionArn": version.arn,
        "Version": version.number,
        "Description": version.description,
        "CreatedDate": timestamp(version.created_at),
    }
    if version.runtimes:
        shown["CompatibleRuntimes"] = version.runtimes
    if version.architectures:
        shown["CompatibleArchitectures"] = version.architectures
    if version.license:
        shown["LicenseInfo"] = version.license
    return shown


def get_layer_version(call: Call, *, layer_name: str, version_number: int) -> dict[str, Any]:
    return _read(call, layer_names.read_version(call, layer_name, version_number))


def get_layer_version_by_arn(call: Call, *, arn: str) -> dict[str, Any]:
    return _read(call, layer_names.split(arn))


def _read(call: Call, named: Named) -> dict[str, Any]:
    layer_permissions.check(call.tx, named, call.account, layer_permissions.principal_of(call))
    version = store.load(call.tx, named.arn, named.version)
    if version is None:
        raise layer_errors.version_not_found(named.version_arn)
    return _show(call, named, version)


async def list_layers(
    call: Call,
    *,
    compatible_runtime: str | None = None,
    compatible_architecture: str | None = None,
    marker: str | None = None,
    max_items: int = LISTED_MAX,
) -> dict[str, Any]:
    after = _position(marker, str, "")
    limit = min(max_items, LISTED_MAX)
    names = await call.read(_names, after, limit + 1, about=the_account(call, {}))
    wanted = (compatible_runtime or "", compatible_architecture or "")
    found = await asyncio.gather(
        *[call.read(_latest_matching, arn, *wanted, about=arn) for _, arn in names[:limit]]
    )
    answer: dict[str, Any] = {
        "Layers": [
            {"LayerName": name, "LayerArn": arn, "LatestMatchingVersion": _show_listed(version)}
            for (name, arn), version in zip(names, found, strict=False)
            if version is not None
        ]
    }
    if len(names) > limit:
        answer["NextMarker"] = pagination.encode(names[limit - 1][0])
    return answer


def _names(tx: Transaction, after: str, limit: int) -> list[tuple[str, str]]:
    return tx.listed(LAYERS, at_most=limit, after=after)


def _latest_matching(
    tx: Transaction, arn: str, runtime: str, architecture: str
) -> LayerVersion | None:
    versions = store.newest(tx, arn, _ANY_NUMBER, _LOOKED_AT_MAX)
    return next((each for each in versions if _matches(each, runtime, architecture)), None)


def _matches(version: LayerVersion, runtime: str, architecture: str) -> bool:
    return (not runtime or runtime in version.runtimes) and (
        not architecture or architecture in version.architectures
    )


def list_layer_versions(
    call: Call,
    *,
    layer_name: str,
    compatible_runtime: str | None = None,
    compatible_architecture: str | None = None,
    marker: str | None = None,
    max_items: int = LISTED_MAX,
) -> dict[str, Any]:
    named = layer_names.read(call, layer_name)
    if named.account != call.account:
        principal = layer_permissions.principal_of(call)
        raise layer_errors.not_permitted(principal, "lambda:ListLayerVersions", named.arn)
    before = _position(marker, int, _ANY_NUMBER)
    limit = min(max_items, LISTED_MAX)
    versions = store.newest(call.tx, named.arn, before, limit + 1)
    wanted = (compatible_runtime or "", compatible_architecture or "")
    shown = [_show_listed(each) for each in versions[:limit] if _matches(each, *wanted)]
    answer: dict[str, Any] = {"LayerVersions": shown}
    if len(versions) > limit:
        answer["NextMarker"] = pagination.encode(versions[limit - 1].number)
    return answer


def _position(marker: str | None, kind: type, first: Any) -> Any:
    if not marker:
        return first
    try:
        return pagination.decode(marker, kind)[0]
    except pagination.InvalidToken as problem:
        raise errors.marker_invalid() from problem


def delete_layer_version(call: Call, *, layer_name: str, version_number: int) -> None:
    """Deleting what is not there succeeds, as on AWS."""
    named = layer_names.read_version(call, layer_name, version_number)
    if named.account != call.account:
        principal = layer_permissions.principal_of(call)
        raise layer_errors.not_permitted(principal, "lambda:DeleteLayerVersion", named.version_arn)
    version = store.load(call.tx, named.arn, named.version)
    if version is None:
        return
    store.remove(call.tx, named.arn, named.version)
    package_users.let_go(call.tx, version.digest, named.arn)
    if not store.newest(call.tx, named.arn, _ANY_NUMBER, 1):
        call.tx.delist(LAYERS, named.name)
