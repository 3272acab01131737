"""Which resource a request is about, and the parts of the ARNs of schedules and groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.services.scheduler import errors

DEFAULT_GROUP = "default"


def schedule_arn(call: Call, group: str, name: str) -> str:
    return call.arn(f"schedule/{group}/{name}")


def group_arn(call: Call, name: str) -> str:
    return call.arn(f"schedule-group/{name}")


def the_schedule(call: Call, params: Mapping[str, Any]) -> str:
    return schedule_arn(call, params.get("GroupName") or DEFAULT_GROUP, params["Name"])


def the_group(call: Call, params: Mapping[str, Any]) -> str:
    return group_arn(call, params["Name"])


def the_tagged_group(call: Call, params: Mapping[str, Any]) -> str:
    """The group that an ARN names; those of others are not there."""
    arn: str = params["ResourceArn"]
    if arn != group_arn(call, name_of(arn)):
        raise errors.group_not_found(name_of(arn))
    return arn


def name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def group_of(arn: str) -> str:
    """The name of a schedule's group."""
    return arn.split("/")[1]


def group_arn_of(arn: str) -> str:
    """The ARN of a schedule's group."""
    parts = arns.parse(arn)
    assert parts is not None, f"not an ARN: {arn}"
    return str(parts._replace(resource=f"schedule-group/{group_of(arn)}"))


def listed_name(arn: str) -> str:
    """A schedule's name in its account's list: GROUP/NAME."""
    return arn.partition(":schedule/")[2]
