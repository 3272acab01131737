"""CloudFormation's resource types as services declare them: data over operation names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One operation of a resource's creation, update or deletion.

    `members` maps the operation's members to the resource's properties. The step is left out where
    the property `needs` is missing; it is done for each item of the property `each`, whose own
    properties are then meant by `item.Name`, and the item itself by `item`.
    """

    operation: str
    members: Mapping[str, str]
    needs: str = ""
    each: str = ""


@dataclass(frozen=True)
class ResourceType:
    """How a resource comes to be, changes and goes; what Ref and GetAtt give.

    `reference` and the values of `attributes` name members of the answer of `read`, as a path.
    """

    name: str
    create: tuple[Step, ...]
    delete: tuple[Step, ...]
    reference: str
    # Does all that can change; properties in `replacing` make a new resource instead.
    update: tuple[Step, ...] = ()
    read: Step | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    replacing: tuple[str, ...] = ()
