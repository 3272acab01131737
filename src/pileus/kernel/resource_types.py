"""CloudFormation's resource types as services declare them: data over operation names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class Step:
    """One operation of a resource's creation, update or deletion.

    `members` maps the operation's members, as paths, to the resource's properties. A value may
    also be `was.Name` (the property before an update), `attribute.Name` (what GetAtt gives), or
    `=...`, a value as JSON. Of several, divided by `|`, the first that is there is meant. What is
    missing is left out.

    The step is left out where the property `needs` is missing or false, where the resource did
    not have the property `had` before, and in an update where none of `changed` differs. It is
    done for each item of the property `each`, whose own properties are then meant by `item.Name`,
    and the item itself by `item`; with `which`, in an update, for those items only that were
    added, removed, or changed otherwise than in the properties `by`, which tell them apart.

    With `here` or `elsewhere`, it is done for those items only in which that property names the
    stack's own region, or another. `needs` may also be a property of an item: `item.Name`.

    `renamed` says what properties inside the values are called by the operation; `shaped` is a
    pure function that makes its members of the members so found, where names alone do not do.
    """

    operation: str
    members: Mapping[str, str]
    needs: str = ""
    each: str = ""
    had: str = ""
    changed: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    which: str = ""
    here: str = ""
    elsewhere: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    shaped: Callable[[dict[str, Any]], dict[str, Any]] | None = None


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
    # A member of the answer of `read`, and what it says when the next step may begin.
    ready: tuple[str, str] | None = None


def requests(
    steps: Sequence[Step],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    attributes: Mapping[str, Any],
    region: str = "",
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operations and their members, in order; `before` is None where there was no resource."""
    for step in steps:
        is_of_item = step.needs.startswith("item.")
        if step.needs and not is_of_item and not _found(after, step.needs):
            continue
        if step.had and not _found(before or {}, step.had):
            continue
        if before is not None and step.changed and not _differs(step.changed, before, after):
            continue
        for item in _items(step, before, after):
            if step.here and item.get(step.here) != region:
                continue
            if step.elsewhere and item.get(step.elsewhere) == region:
                continue
            if is_of_item and not _found({"item": item}, step.needs):
                continue
            meant = {**after, "was": before or {}, "attribute": attributes, "item": item}
            members = _members(step.members, meant)
            if step.renamed:
                members = _renamed(members, step.renamed)
            yield step.operation, step.shaped(members) if step.shaped is not None else members


def _differs(names: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return any(before.get(name) != after.get(name) for name in names)


def _items(step: Step, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Any]:
    if not step.each:
        return [None]
    new: list[Any] = _found(after, step.each) or []
    if not step.which:
        return new
    old: list[Any] = _found(before or {}, step.each) or []
    known = {_identity(step, item): item for item in old}
    wanted = {_identity(step, item): item for item in new}
    if step.which == REMOVED:
        return [item for key, item in known.items() if key not in wanted]
    if step.which == ADDED:
        return [item for key, item in wanted.items() if key not in known]
    return [item for key, item in wanted.items() if key in known and known[key] != item]


def _identity(step: Step, item: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode([item.get(name) for name in step.by], order="sorted")


def _members(paths: Mapping[str, str], meant: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for path, source in paths.items():
        value = None
        for each in source.split("|") if source[0] != "=" else (source,):
            value = msgspec.json.decode(each[1:]) if each[0] == "=" else _found(meant, each)
            if value is not None:
                break
        if value is not None:
            _put(members, path.split("."), value)
    return members


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {names.get(name, name): _renamed(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return value


def _put(members: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value at a path; a number is a place in a list, in order."""
    holder: Any = members
    for name, following in pairwise(path):
        inside: Any = [] if following.isdecimal() else {}
        if isinstance(holder, dict):
            holder = holder.setdefault(name, inside)
            continue
        if int(name) == len(holder):
            holder.append(inside)
        holder = holder[int(name)]
    if isinstance(holder, dict):
        holder[path[-1]] = value
    else:
        holder.append(value)


def _found(value: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(value, list) and name.isdecimal():
            value = value[int(name)] if int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value
