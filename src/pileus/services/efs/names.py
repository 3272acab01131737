"""Ids and ARNs of EFS, and pages of what has them."""

from __future__ import annotations

from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.services.efs import errors, store

FILE_SYSTEM, ACCESS_POINT, MOUNT_TARGET = "file-system", "access-point", "mount-target"
PAGE_MAX = 100  # docs: DescribeFileSystems, MaxItems


def new_id(call: Call, prefix: str) -> str:
    return f"{prefix}-{call.kernel.ids.hexadecimal(17)}"


def bare(id_or_arn: str) -> str:
    return id_or_arn.rpartition("/")[2]


def arn(call: Call, kind: str, id: str) -> str:
    return call.arn(f"{kind}/{id}", "elasticfilesystem")


def file_system(call: Call, id_or_arn: str) -> store.Resource:
    id = bare(id_or_arn)
    found = store.load(call.tx, FILE_SYSTEM, id)
    if found is None:
        raise errors.file_system_not_found(id)
    return found


def access_point(call: Call, id_or_arn: str) -> store.Resource:
    id = bare(id_or_arn)
    found = store.load(call.tx, ACCESS_POINT, id)
    if found is None:
        raise errors.access_point_not_found(id)
    return found


def page(
    call: Call, kind: str, id_member: str, marker: str | None, limit: int, file_system: str = ""
) -> tuple[list[store.Resource], str]:
    """One page, and the marker of the next."""
    after = ""
    if marker:
        try:
            after = pagination.decode(marker, str)[0]
        except pagination.InvalidToken:
            raise errors.bad_request("Invalid marker.") from None
    limit = min(limit, PAGE_MAX)
    found = store.page(call.tx, kind, after, limit + 1, file_system)
    if len(found) <= limit:
        return found, ""
    return found[:limit], pagination.encode(found[limit - 1][id_member])


def name_tag(tags: list[dict[str, str]]) -> dict[str, Any]:
    """The tag that AWS shows as a member as well."""
    names = [tag["Value"] for tag in tags if tag["Key"] == "Name"]
    return {"Name": names[0]} if names else {}
