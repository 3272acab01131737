"""Operations on mount targets: records, since functions reach file systems without a network."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.efs import errors, names, store
from pileus.services.efs.names import FILE_SYSTEM, MOUNT_TARGET


def create_mount_target(
    call: Call,
    *,
    file_system_id: str,
    subnet_id: str,
    ip_address: str | None = None,
    security_groups: list[str] | None = None,
) -> dict[str, Any]:
    file_system = names.file_system(call, file_system_id)
    id = names.new_id(call, "fsmt")
    present = store.page(call.tx, MOUNT_TARGET, "", names.PAGE_MAX, file_system["FileSystemId"])
    if len(present) >= names.PAGE_MAX or any(each["SubnetId"] == subnet_id for each in present):
        raise errors.mount_target_conflict()
    made: dict[str, Any] = {
        "OwnerId": call.account,
        "MountTargetId": id,
        "FileSystemId": file_system["FileSystemId"],
        "SubnetId": subnet_id,
        "LifeCycleState": "available",
        "IpAddress": ip_address or "127.0.0.1",
        "NetworkInterfaceId": names.new_id(call, "eni"),
        "SecurityGroups": security_groups or [],
    }
    store.save(call.tx, MOUNT_TARGET, id, made, "", made["FileSystemId"])
    _count(call, file_system, len(present) + 1)
    return {**_show(made), "LifeCycleState": "creating"}


def _count(call: Call, file_system: store.Resource, count: int) -> None:
    file_system["NumberOfMountTargets"] = count
    store.save(call.tx, FILE_SYSTEM, file_system["FileSystemId"], file_system, "", "")


def _show(resource: store.Resource) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "SecurityGroups"}


def describe_mount_targets(
    call: Call,
    *,
    max_items: int = names.PAGE_MAX,
    marker: str | None = None,
    file_system_id: str | None = None,
    mount_target_id: str | None = None,
    access_point_id: str | None = None,
) -> dict[str, Any]:
    given = [each for each in (file_system_id, mount_target_id, access_point_id) if each]
    if len(given) != 1:
        raise errors.bad_request(
            "Give exactly one of a file system, a mount target and an access point."
        )
    if mount_target_id is not None:
        return {"MountTargets": [_show(_load(call, mount_target_id))]}
    if access_point_id is not None:
        of = names.access_point(call, access_point_id)["FileSystemId"]
    else:
        of = names.file_system(call, given[0])["FileSystemId"]
    found, following = names.page(call, MOUNT_TARGET, "MountTargetId", marker, max_items, of)
    answer: dict[str, Any] = {"MountTargets": [_show(each) for each in found]}
    if following:
        answer["NextMarker"] = following
    return answer


def _load(call: Call, id: str) -> store.Resource:
    found = store.load(call.tx, MOUNT_TARGET, id)
    if found is None:
        raise errors.mount_target_not_found(id)
    return found


def delete_mount_target(call: Call, *, mount_target_id: str) -> None:
    found = _load(call, mount_target_id)
    store.remove(call.tx, MOUNT_TARGET, mount_target_id)
    file_system = names.file_system(call, found["FileSystemId"])
    _count(call, file_system, file_system["NumberOfMountTargets"] - 1)


def describe_mount_target_security_groups(call: Call, *, mount_target_id: str) -> dict[str, Any]:
    return {"SecurityGroups": _load(call, mount_target_id)["SecurityGroups"]}


def modify_mount_target_security_groups(
    call: Call, *, mount_target_id: str, security_groups: list[str] | None = None
) -> None:
    found = _load(call, mount_target_id)
    found["SecurityGroups"] = security_groups or []
    store.save(call.tx, MOUNT_TARGET, mount_target_id, found, "", "")
