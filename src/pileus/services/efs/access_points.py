"""Operations on access points: the ways into a file system that functions mount."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.efs import errors, names, store
from pileus.services.efs.names import ACCESS_POINT

ACCESS_POINTS_MAX = 1000


def create_access_point(
    call: Call,
    *,
    client_token: str,
    file_system_id: str,
    posix_user: dict[str, Any] | None = None,
    root_directory: dict[str, Any] | None = None,
    tags: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    file_system = names.file_system(call, file_system_id)["FileSystemId"]
    known = store.by_token(call.tx, ACCESS_POINT, client_token)
    if known is not None:
        raise errors.access_point_exists(known["AccessPointId"])
    limit = ACCESS_POINTS_MAX
    if len(store.page(call.tx, ACCESS_POINT, "", limit, file_system)) >= limit:
        raise errors.access_points_too_many()
    id = names.new_id(call, "fsap")
    made: dict[str, Any] = {
        "ClientToken": client_token,
        "Tags": tags or [],
        "AccessPointId": id,
        "AccessPointArn": names.arn(call, ACCESS_POINT, id),
        "FileSystemId": file_system,
        "RootDirectory": {"Path": "/", **(root_directory or {})},
        "OwnerId": call.account,
        "LifeCycleState": "available",
        **names.name_tag(tags or []),
    }
    if posix_user is not None:
        made["PosixUser"] = posix_user
    store.save(call.tx, ACCESS_POINT, id, made, client_token, file_system)
    return {**made, "LifeCycleState": "creating"}


def describe_access_points(
    call: Call,
    *,
    max_results: int = names.PAGE_MAX,
    next_token: str | None = None,
    access_point_id: str | None = None,
    file_system_id: str | None = None,
) -> dict[str, Any]:
    if access_point_id is not None and file_system_id is not None:
        raise errors.bad_request("Give an access point or a file system, not both.")
    if access_point_id is not None:
        return {"AccessPoints": [names.access_point(call, access_point_id)]}
    of = ""
    if file_system_id is not None:
        of = names.file_system(call, file_system_id)["FileSystemId"]
    found, following = names.page(call, ACCESS_POINT, "AccessPointId", next_token, max_results, of)
    answer: dict[str, Any] = {"AccessPoints": found}
    if following:
        answer["NextToken"] = following
    return answer


def delete_access_point(call: Call, *, access_point_id: str) -> None:
    found = names.access_point(call, access_point_id)
    store.remove(call.tx, ACCESS_POINT, found["AccessPointId"])
