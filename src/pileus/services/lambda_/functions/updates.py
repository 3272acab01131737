"""Operations that change a function: its code, its configuration."""

from __future__ import annotations

from typing import Any, Unpack

from pileus.kernel import blobs
from pileus.kernel.blobs import Staged
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.capacity import managed_functions
from pileus.services.lambda_.code_signing import signed_functions
from pileus.services.lambda_.functions import (
    configurations,
    file_systems,
    function_names,
    functions,
    images,
    packages,
    roles,
    store,
)
from pileus.services.lambda_.functions.configurations import IN_PROGRESS, Function, FunctionSettings
from pileus.services.lambda_.layers import layer_uses, package_users
from pileus.services.lambda_.versions import versions


async def update_function_code(
    call: Call,
    *,
    function_name: str,
    zip_file: bytes | None = None,
    s3_bucket: str | None = None,
    s3_key: str | None = None,
    s3_object_version: str | None = None,
    image_uri: str | None = None,
    architectures: list[str] | None = None,
    publish: bool = False,
    publish_to: str = "",
    dry_run: bool = False,
    revision_id: str | None = None,
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    current = await call.read(_current, named.arn, revision_id, about=named.arn)
    given = {
        "ZipFile": zip_file, "S3Bucket": s3_bucket, "S3Key": s3_key,
        "S3ObjectVersion": s3_object_version,
    }  # fmt: skip
    code = {name: value for name, value in given.items() if value is not None}
    await signed_functions.check(call, current.signing_config_arn)
    image = None
    if current.image is not None:
        if code or image_uri is None:
            raise errors.image_needed("updating")
        package, image = await images.take(call, image_uri, named.arn)
    else:
        if image_uri is not None:
            raise errors.image_for_zip("updating")
        package = await packages.take(call, code, named.arn)
        layer_uses.check_size(package.unzipped_bytes, current.layers)
    changes = {
        "image": image,
        "code_digest": package.digest,
        "code_sha256": package.sha256,
        "code_size": package.size_bytes,
        "architecture": architectures[0] if architectures else current.architecture,
    }
    if dry_run:
        await packages.drop(call, package, named.arn)
        return configurations.show(configurations.replace(current, **changes))
    await managed_functions.check(call, configurations.replace(current, **changes), publish_to)
    target = publish_to or (versions.TO_NUMBER if publish else "")
    async with packages.staged(call, package, named.arn) as staged:
        function = await _change(call, named.arn, changes, revision_id, [staged], target)
    if function.is_version:
        return configurations.show(function)
    return configurations.show(configurations.replace(function, update=IN_PROGRESS))


async def update_function_configuration(
    call: Call,
    *,
    function_name: str,
    revision_id: str | None = None,
    role: str | None = None,
    **wanted: Unpack[FunctionSettings],
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    current = await call.read(_current, named.arn, revision_id, about=named.arn)
    if current.image is not None:
        images.check_settings(wanted)
    else:
        images.check_absent({}, wanted)
    changes = managed_functions.changes(wanted, call.region, current)
    if "runtime" in changes:
        functions.check_runtime(call, changes["runtime"])
    if role is not None:
        changes["role"] = role
        if role != current.role:
            await roles.check_assumable(call, role)
    if "file_systems" in changes or "vpc" in changes:
        after = configurations.replace(current, **changes)
        await file_systems.check(call, after.file_systems, after.vpc)
    await managed_functions.check(call, configurations.replace(current, **changes))
    if "layers" not in wanted or current.image is not None:
        function = await _change(call, named.arn, changes, revision_id, [])
    else:
        layers = await layer_uses.find(call, wanted["layers"])
        code = await packages.installed(call, named.arn, current.code_digest)
        layer_uses.check_size(code.unpacked_bytes, layers)
        changes["layers"] = tuple(each.layer for each in layers)
        async with layer_uses.staged(call, layers, named.arn) as staged:
            function = await _change(call, named.arn, changes, revision_id, staged)
    return configurations.show(configurations.replace(function, update=IN_PROGRESS))


async def _change(
    call: Call, arn: str, changes: dict[str, Any], revision_id: str | None,
    staged: list[Staged], target: str = "",
) -> Function:  # fmt: skip
    has_delays = call.kernel.settings.aws_delays
    made: Function = await call.transaction(
        _update, arn, changes, revision_id, staged, target, has_delays,
        call.kernel.ids.uuid(), about=arn,
    )  # fmt: skip
    return made


def _current(tx: Transaction, arn: str, revision_id: str | None) -> Function:
    """The function, if it may be changed now."""
    function = store.load_function(tx, arn)
    if function is None:
        raise errors.function_not_found(arn)
    if revision_id and revision_id != function.revision_id:
        raise errors.stale_revision()
    versions.check_settled(function)
    return function


def _update(
    tx: Transaction,
    arn: str,
    changes: dict[str, Any],
    revision_id: str | None,
    staged: list[Staged],
    target: str,
    has_delays: bool,
    new_revision_id: str,
) -> Function:
    """The changed function, or the version of it that was asked for too."""
    current = _current(tx, arn, revision_id)
    function = configurations.replace(
        current, revision_id=new_revision_id, modified_at=tx.now,
        generation=current.generation + 1, **changes,
    )  # fmt: skip
    if has_delays:
        function = configurations.replace(function, update=IN_PROGRESS)
        tx.set_timer(functions.STATE_TIMER, arn, tx.now + functions.UPDATE_MS)
    store.save_function(tx, function)
    for each in staged:
        blobs.keep(tx, each)
    if "code_digest" in changes:
        package_users.let_go(tx, current.code_digest, arn)
    if "layers" in changes:
        for layer in current.layers:
            package_users.let_go(tx, layer.digest, arn)
    tx.wake(arn)
    return versions.publish(tx, function, None, has_delays, target) if target else function
