"""Operations on file systems."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.efs import errors, names, store
from pileus.services.efs.names import ACCESS_POINT, FILE_SYSTEM, MOUNT_TARGET

# docs: efs/latest/ug/limits, file systems for each account and region
FILE_SYSTEMS_MAX = 1000
REMOVAL_TIMER = "efs:files"
# What AWS says of a file system without files.
_EMPTY_BYTES = 6144


def create_file_system(
    call: Call,
    *,
    creation_token: str,
    performance_mode: str = "generalPurpose",
    encrypted: bool = False,
    kms_key_id: str | None = None,
    throughput_mode: str = "bursting",
    provisioned_throughput_in_mibps: float | None = None,
    availability_zone_name: str | None = None,
    tags: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    known = store.by_token(call.tx, FILE_SYSTEM, creation_token)
    if known is not None:
        raise errors.file_system_exists(known["FileSystemId"], creation_token)
    if len(store.page(call.tx, FILE_SYSTEM, "", FILE_SYSTEMS_MAX)) >= FILE_SYSTEMS_MAX:
        raise errors.file_systems_too_many()
    if (throughput_mode == "provisioned") != (provisioned_throughput_in_mibps is not None):
        raise errors.bad_request(
            "ProvisionedThroughputInMibps goes with the throughput mode 'provisioned' only."
        )
    id = names.new_id(call, "fs")
    made: dict[str, Any] = {
        "OwnerId": call.account,
        "CreationToken": creation_token,
        "FileSystemId": id,
        "FileSystemArn": names.arn(call, FILE_SYSTEM, id),
        "CreationTime": call.now / 1000,
        "LifeCycleState": "available",
        "NumberOfMountTargets": 0,
        "SizeInBytes": {
            "Value": _EMPTY_BYTES, "ValueInIA": 0, "ValueInStandard": _EMPTY_BYTES,
            "ValueInArchive": 0,
        },
        "PerformanceMode": performance_mode,
        "Encrypted": encrypted,
        "ThroughputMode": throughput_mode,
        "Tags": tags or [],
        "FileSystemProtection": {"ReplicationOverwriteProtection": "ENABLED"},
        **names.name_tag(tags or []),
    }  # fmt: skip
    if kms_key_id is not None:
        made["KmsKeyId"] = kms_key_id
    if provisioned_throughput_in_mibps is not None:
        made["ProvisionedThroughputInMibps"] = provisioned_throughput_in_mibps
    if availability_zone_name is not None:
        made["AvailabilityZoneName"] = availability_zone_name
    store.save(call.tx, FILE_SYSTEM, id, made, creation_token, id)
    return {**_show(made), "LifeCycleState": "creating"}


def _show(resource: store.Resource) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "LifecyclePolicies"}


def describe_file_systems(
    call: Call,
    *,
    max_items: int = names.PAGE_MAX,
    marker: str | None = None,
    creation_token: str | None = None,
    file_system_id: str | None = None,
) -> dict[str, Any]:
    if file_system_id is not None:
        return {"FileSystems": [_show(names.file_system(call, file_system_id))]}
    if creation_token is not None:
        found = store.by_token(call.tx, FILE_SYSTEM, creation_token)
        return {"FileSystems": [_show(found)] if found else []}
    listed, following = names.page(call, FILE_SYSTEM, "FileSystemId", marker, max_items)
    answer: dict[str, Any] = {"FileSystems": [_show(each) for each in listed]}
    if following:
        answer["NextMarker"] = following
    return answer


def delete_file_system(call: Call, *, file_system_id: str) -> None:
    found = names.file_system(call, file_system_id)
    id = found["FileSystemId"]
    if store.page(call.tx, MOUNT_TARGET, "", 1, id):
        raise errors.file_system_in_use(id)
    store.remove(call.tx, FILE_SYSTEM, id)
    store.remove_of(call.tx, ACCESS_POINT, id)
    call.tx.set_timer(REMOVAL_TIMER, id, call.now)


async def remove_files(call: Call, key: str, payload: dict[str, Any]) -> None:
    """The timer: files go after their file system; safe to repeat."""
    await call.kernel.fleet.remove_file_system(key)


def put_lifecycle_configuration(
    call: Call, *, file_system_id: str, lifecycle_policies: list[dict[str, str]]
) -> dict[str, Any]:
    found = names.file_system(call, file_system_id)
    found["LifecyclePolicies"] = lifecycle_policies
    store.save(call.tx, FILE_SYSTEM, found["FileSystemId"], found, "", "")
    return {"LifecyclePolicies": lifecycle_policies}


def describe_lifecycle_configuration(call: Call, *, file_system_id: str) -> dict[str, Any]:
    found = names.file_system(call, file_system_id)
    return {"LifecyclePolicies": found.get("LifecyclePolicies", [])}
