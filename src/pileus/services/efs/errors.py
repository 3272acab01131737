"""The errors that EFS answers; each names its code once more in `ErrorCode`."""

from __future__ import annotations

from typing import Any

from pileus.kernel.errors import AwsError


def _error(code: str, message: str, status: int, **members: Any) -> AwsError:
    return AwsError(code, message, status=status, ErrorCode=code, **members)


def bad_request(message: str) -> AwsError:
    return _error("BadRequest", message, 400)


def file_system_not_found(id: str) -> AwsError:
    return _error("FileSystemNotFound", f"File system '{id}' does not exist.", 404)


def file_system_exists(id: str, token: str) -> AwsError:
    message = f"File system '{id}' already exists with creation token '{token}'"
    return _error("FileSystemAlreadyExists", message, 409, FileSystemId=id)


def file_system_in_use(id: str) -> AwsError:
    message = f"File system '{id}' has mount targets that are in use."
    return _error("FileSystemInUse", message, 409)


def file_systems_too_many() -> AwsError:
    message = "The account has as many file systems as it may have."
    return _error("FileSystemLimitExceeded", message, 403)


def access_point_not_found(id: str) -> AwsError:
    return _error("AccessPointNotFound", f"Access Point {id} does not exist.", 404)


def access_point_exists(id: str) -> AwsError:
    message = f"Access point already exists with the client token: {id}"
    return _error("AccessPointAlreadyExists", message, 409, AccessPointId=id)


def access_points_too_many() -> AwsError:
    message = "The file system has as many access points as it may have."
    return _error("AccessPointLimitExceeded", message, 403)


def mount_target_not_found(id: str) -> AwsError:
    return _error("MountTargetNotFound", f"Mount target '{id}' does not exist.", 404)


def mount_target_conflict() -> AwsError:
    return _error("MountTargetConflict", "mount target already exists in this AZ", 409)
