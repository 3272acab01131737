"""Operations on the tags of schedule groups."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.scheduler import groups


def tag_resource(call: Call, *, resource_arn: str, tags: list[dict[str, str]]) -> None:
    groups.find(call.tx, resource_arn)
    groups.add_tags(call.tx, resource_arn, tags)


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
    groups.find(call.tx, resource_arn)
    call.tx.remove_tags(resource_arn, tag_keys)


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, Any]:
    groups.check_there(call.tx, resource_arn)
    found = call.tx.tags(resource_arn)
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}
