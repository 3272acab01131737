"""The file system of a function: an access point of EFS, checked when named and found when run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError, not_implemented
from pileus.kernel.fleet import Mount
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import file_system_errors
from pileus.services.lambda_.functions.configurations import Function


async def check(
    call: Call, configs: Sequence[Mapping[str, Any]], vpc: Mapping[str, Any] | None
) -> None:
    """Raise AWS's error for a file system that the function could not mount."""
    for config in configs:
        if ":elasticfilesystem:" not in config["Arn"]:
            raise not_implemented("lambda", call.operation, "S3FilesConfig")
        if vpc is None:
            raise file_system_errors.needs_vpc(config["Arn"])
        await _access_point(call, config["Arn"])


async def _access_point(call: Call, arn: str) -> dict[str, Any]:
    parts = arns.parse(arn)
    id = arn.rpartition("/")[2]
    if parts is None or (parts.account, parts.region) != (call.account, call.region):
        raise _refused("AccessPointNotFound", f"Access Point {id} does not exist.")
    try:
        found = await call.invoke("efs", "DescribeAccessPoints", AccessPointId=arn)
    except AwsError as refusal:
        raise _refused(refusal.code, refusal.message) from refusal
    point: dict[str, Any] = found["AccessPoints"][0]
    return point


def _refused(code: str, message: str) -> AwsError:
    return errors.invalid_parameter(
        f"Error occurred while DescribeAccessPoints. EFS Error Code: {code}. "
        f"EFS Error Message: {message}"
    )


async def mounts(call: Call, function: Function) -> tuple[Mount, ...]:
    """What an environment of the function mounts, as the access point says now."""
    return tuple([await _mount(call, config) for config in function.file_systems])


async def _mount(call: Call, config: Mapping[str, Any]) -> Mount:
    try:
        point = await _access_point(call, config["Arn"])
    except AwsError as refusal:
        raise file_system_errors.not_mounted(config["Arn"]) from refusal
    directory = point["RootDirectory"]
    permissions = directory.get("CreationInfo", {}).get("Permissions")
    return Mount(
        point["FileSystemId"],
        directory["Path"],
        config["LocalMountPath"],
        None if permissions is None else int(permissions, 8),
    )
