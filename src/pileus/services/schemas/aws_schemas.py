"""The schemas of the registry `aws.events`: of events that AWS's own services send."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec

from pileus.languages import event_schemas
from pileus.services.schemas.store import Registry, Schema, Version

DESCRIPTION = "Contains the schema of events sent by AWS services."
REGISTRY = Registry("", DESCRIPTION, "", "", 0)
# The second of December 2019, when EventBridge Schemas began.
SINCE = 1_575_244_800_000


class AwsSchema(NamedTuple):
    schema: Schema
    version: Version


@cache
def known() -> dict[str, AwsSchema]:
    """AWS's schemas by name, in order; inferred from one example event each."""
    package = resources.files(__package__ or "")
    found = {}
    for event in msgspec.json.decode((package / "aws_events.json").read_bytes()):
        source, detail_type = event["source"], event["detail-type"]
        name = event_schemas.schema_name(source, detail_type)
        content = event_schemas.text(event_schemas.inferred([event]))
        description = (
            f"Schema for event type {name.partition('@')[2]}, published by AWS service {source}"
        )
        found[name] = AwsSchema(
            Schema(name, name, description, SINCE, 1, 1, 1, ""),
            Version(1, event_schemas.OPEN_API, content, "", SINCE),
        )
    return dict(sorted(found.items()))
