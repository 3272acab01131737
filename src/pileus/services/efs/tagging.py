"""Operations on the tags of file systems and access points."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.efs import errors, names, store
from pileus.services.efs.names import ACCESS_POINT, FILE_SYSTEM

TAGS_MAX = 50


def tag_resource(call: Call, *, resource_id: str, tags: list[dict[str, str]]) -> None:
    kind, found = _load(call, resource_id)
    kept = {tag["Key"]: tag["Value"] for tag in [*found["Tags"], *tags]}
    if len(kept) > TAGS_MAX:
        raise errors.bad_request(f"A resource has at most {TAGS_MAX} tags.")
    _save(call, kind, found, kept)


def untag_resource(call: Call, *, resource_id: str, tag_keys: list[str]) -> None:
    kind, found = _load(call, resource_id)
    kept = {tag["Key"]: tag["Value"] for tag in found["Tags"] if tag["Key"] not in tag_keys}
    _save(call, kind, found, kept)


def list_tags_for_resource(call: Call, *, resource_id: str) -> dict[str, Any]:
    return {"Tags": _load(call, resource_id)[1]["Tags"]}


def _load(call: Call, resource_id: str) -> tuple[str, store.Resource]:
    if names.bare(resource_id).startswith("fsap-"):
        return ACCESS_POINT, names.access_point(call, resource_id)
    return FILE_SYSTEM, names.file_system(call, resource_id)


def _save(call: Call, kind: str, found: store.Resource, kept: dict[str, str]) -> None:
    found["Tags"] = [{"Key": key, "Value": value} for key, value in kept.items()]
    found.pop("Name", None)
    found |= names.name_tag(found["Tags"])
    id = found["AccessPointId" if kind == ACCESS_POINT else "FileSystemId"]
    store.save(call.tx, kind, id, found, "", "")
