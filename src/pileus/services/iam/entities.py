"""Roles, users, groups and instance profiles: what they share, and how they are described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from pileus.kernel import pagination
from pileus.kernel import tags as kernel_tags
from pileus.kernel.arns import Arn
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.iam import errors, store
from pileus.services.iam.store import Entity

PAGE = 100
SESSION_SECONDS = 3600
_ID_LETTERS = 17


class Kind(NamedTuple):
    """What tells one kind of entity from another."""

    name: str  # in the rows and in ARNs
    noun: str  # in errors
    id_prefix: str  # docs: reference_identifiers, "Unique identifiers"
    member: str  # in answers: RoleName, RoleId


ROLE = Kind("role", "role", "AROA", "Role")
USER = Kind("user", "user", "AIDA", "User")
GROUP = Kind("group", "group", "AGPA", "Group")
PROFILE = Kind("instance-profile", "instance profile", "AIPA", "InstanceProfile")
POLICY_ID_PREFIX = "ANPA"


def about(call: Call, params: Mapping[str, Any]) -> str:
    """All of an account's IAM is one resource: what refers to each other changes together."""
    return about_account(call.account)


def about_account(account: str) -> str:
    return f"arn:aws:iam::{account}:"


def arn(call: Call, kind: str, path: str, name: str) -> str:
    return str(Arn(call.partition, "iam", "", call.account, f"{kind}{path}{name}"))


def unique_id(call: Call, prefix: str) -> str:
    return prefix + call.kernel.ids.letters(_ID_LETTERS)


def instant(call: Call) -> int:
    """Now, as IAM tells it: in whole seconds."""
    return call.now // 1000 * 1000


def new(call: Call, kind: Kind, path: str, name: str) -> Entity:
    return Entity(
        kind=kind.name,
        name=name,
        path=path,
        unique_id=unique_id(call, kind.id_prefix),
        arn=arn(call, kind.name, path, name),
        created_at=instant(call),
    )


def add(call: Call, kind: Kind, entity: Entity, tags: Sequence[Mapping[str, str]] = ()) -> None:
    """Write a new entity with its tags; raises EntityAlreadyExists."""
    added = read_tags(tags)
    check_tags({}, added)
    if not store.add_entity(call.tx, call.account, entity):
        if kind is PROFILE:
            raise errors.instance_profile_exists(entity.name)
        raise errors.exists(kind.member, entity.name)
    call.tx.put_tags(entity.arn, added)


def find(tx: Transaction, account: str, kind: Kind, name: str) -> Entity:
    """An entity by its name; raises NoSuchEntity."""
    entity = store.entity(tx, account, kind.name, name)
    if entity is None:
        if kind is PROFILE:
            raise errors.instance_profile_not_found(name)
        raise errors.not_found(kind.noun, name)
    return entity


def listed(
    call: Call, kind: Kind, path_prefix: str, marker: str | None, max_items: int
) -> tuple[list[Entity], dict[str, Any]]:
    """A page in order of name, and the answer's members that say whether more follow."""
    after = "" if marker is None else read_marker(marker)
    found = store.entities(call.tx, call.account, kind.name, path_prefix, after, max_items + 1)
    return page(found, max_items, lambda entity: entity.name.lower())


def page(found: list[Any], max_items: int, key: Any) -> tuple[list[Any], dict[str, Any]]:
    if len(found) <= max_items:
        return found, {"IsTruncated": False}
    kept = found[:max_items]
    return kept, {"IsTruncated": True, "Marker": pagination.encode(key(kept[-1]))}


def read_marker(marker: str) -> str:
    try:
        (after,) = pagination.decode(marker, str)
    except pagination.InvalidToken as error:
        raise errors.invalid_marker() from error
    return str(after)


# Tags.


def read_tags(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len({key.lower() for key in found}) < len(tags):
        raise errors.duplicate_tags()
    return found


def check_tags(present: Mapping[str, str], added: Mapping[str, str]) -> None:
    problem = kernel_tags.problem(present, added)
    if problem is None:
        return
    if problem[0] is kernel_tags.Problem.TOO_MANY:
        raise errors.too_many_tags()
    if problem[0] is kernel_tags.Problem.RESERVED_KEY:
        raise errors.reserved_tag()
    raise errors.invalid_input(f"The tag with key {problem[1]} is not valid.")


def put_tags(tx: Transaction, arn: str, tags: Sequence[Mapping[str, str]]) -> None:
    added = read_tags(tags)
    check_tags(tx.tags(arn), added)
    tx.put_tags(arn, added)


def tag_list(tx: Transaction, arn: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tx.tags(arn).items()]


def tag_page(tx: Transaction, arn: str, marker: str | None, max_items: int) -> dict[str, Any]:
    after = "" if marker is None else read_marker(marker)
    found = [tag for tag in tag_list(tx, arn) if tag["Key"] > after]
    kept, more = page(found, max_items, lambda tag: tag["Key"])
    return {"Tags": kept, **more}


# Descriptions.


def encoded(document: str) -> str:
    """A document as IAM answers it: percent-encoded."""
    return quote(document, safe="")


def described(tx: Transaction, entity: Entity, *, has_tags: bool = True) -> dict[str, Any]:
    """What the Role, User and Group shapes have in common."""
    member = next(k.member for k in (ROLE, USER, GROUP, PROFILE) if k.name == entity.kind)
    answer: dict[str, Any] = {
        "Path": entity.path,
        f"{member}Name": entity.name,
        f"{member}Id": entity.unique_id,
        "Arn": entity.arn,
        "CreateDate": entity.created_at,
    }
    if entity.boundary_arn:
        answer["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": entity.boundary_arn,
        }
    if has_tags and entity.kind != GROUP.name and (tags := tag_list(tx, entity.arn)):
        answer["Tags"] = tags
    return answer
