"""Lifecycle policies: which images expire, decided once a day for each repository that has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.ecr import announcements, shelf, store
from pileus.services.ecr.store import Repository

if TYPE_CHECKING:
    from pileus.kernel.call import Call

TIMER = "ecr:lifecycle"
# docs: images expire within 24 hours after they meet the criteria.
PERIOD_MS = 24 * 3_600_000
RULES_MAX = 50
_DAY_MS = 24 * 3_600_000
_PAGE = 100


class InvalidPolicy(Exception):
    """The text is no lifecycle policy; says why."""


class Selection(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    tag_status: Literal["tagged", "untagged", "any"]
    tag_prefix_list: list[str] = []
    tag_pattern_list: list[str] = []
    count_type: Literal["imageCountMoreThan", "sinceImagePushed"]
    count_unit: Literal["days"] | None = None
    count_number: int


class Action(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["expire"]


class Rule(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    rule_priority: int
    description: str = ""
    selection: Selection
    action: Action


class Policy(msgspec.Struct, forbid_unknown_fields=True):
    rules: list[Rule]


class Candidate(NamedTuple):
    digest: str
    pushed_at: int
    tags: tuple[str, ...]


def read(text: str) -> list[Rule]:
    """The rules in the order of their priority; raises InvalidPolicy."""
    try:
        rules = msgspec.json.decode(text, type=Policy).rules
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise InvalidPolicy(str(problem)) from problem
    if not 1 <= len(rules) <= RULES_MAX:
        raise InvalidPolicy(f"a policy has 1 to {RULES_MAX} rules")
    rules.sort(key=lambda rule: rule.rule_priority)
    if len({rule.rule_priority for rule in rules}) < len(rules):
        raise InvalidPolicy("each rule must have a priority of its own")
    for position, rule in enumerate(rules):
        _check(rule, is_last=position == len(rules) - 1)
    return rules


def _check(rule: Rule, is_last: bool) -> None:
    selection = rule.selection
    is_listed = bool(selection.tag_prefix_list or selection.tag_pattern_list)
    if selection.tag_status == "tagged" and not is_listed:
        raise InvalidPolicy("tagged images are selected by tagPrefixList or tagPatternList")
    if selection.tag_status != "tagged" and is_listed:
        raise InvalidPolicy("tagPrefixList and tagPatternList select tagged images only")
    if selection.tag_prefix_list and selection.tag_pattern_list:
        raise InvalidPolicy("a rule has tagPrefixList or tagPatternList, not both")
    if selection.tag_status == "any" and not is_last:
        raise InvalidPolicy("a rule for any images must have the highest rulePriority")
    if (selection.count_type == "sinceImagePushed") != (selection.count_unit == "days"):
        raise InvalidPolicy("sinceImagePushed, and only it, has the countUnit days")
    if selection.count_number < 1 or rule.rule_priority < 1:
        raise InvalidPolicy("countNumber and rulePriority must be at least 1")


def expired(rules: Iterable[Rule], images: Iterable[Candidate], now: int) -> list[str]:
    """The digests of images that go. An image that a rule has matched is no other rule's."""
    left = sorted(images, key=lambda image: (-image.pushed_at, image.digest))
    found: list[str] = []
    for rule in rules:
        matched = [image for image in left if _matches(rule.selection, image)]
        if rule.selection.count_type == "imageCountMoreThan":
            going = matched[rule.selection.count_number :]
        else:
            since = now - rule.selection.count_number * _DAY_MS
            going = [image for image in matched if image.pushed_at < since]
        found += [image.digest for image in going]
        taken = {image.digest for image in matched}
        left = [image for image in left if image.digest not in taken]
    return found


def _matches(selection: Selection, image: Candidate) -> bool:
    """All prefixes, or all patterns, must each be matched by some tag of the image."""
    if selection.tag_status == "any":
        return True
    if selection.tag_status == "untagged":
        return not image.tags
    if selection.tag_pattern_list:
        return all(
            any(fnmatchcase(tag, pattern) for tag in image.tags)
            for pattern in selection.tag_pattern_list
        )
    return all(
        any(tag.startswith(prefix) for tag in image.tags) for prefix in selection.tag_prefix_list
    )


async def evaluate(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove the images of a repository that its policy lets expire; each by itself."""
    repository = await call.read(store.seek_repository, key, about=key)
    if repository is not None and repository.lifecycle:
        images: list[Candidate] = []
        page = await call.read(_candidates, repository.id, "", about=key)
        while page:
            images += page
            page = await call.read(_candidates, repository.id, page[-1].digest, about=key)
        for digest in expired(read(repository.lifecycle), images, call.now):
            await call.transaction(_expire, repository, digest, about=key)
    await call.transaction(_evaluated, key, about=key)


def _candidates(tx: Transaction, repository: str, after: str) -> list[Candidate]:
    return [
        Candidate(
            image.digest, image.pushed_at, tuple(store.tags_of_image(tx, repository, image.digest))
        )
        for image in store.images_after(tx, repository, after, _PAGE)
    ]


def _expire(tx: Transaction, repository: Repository, digest: str) -> None:
    """Images that an index names stay as long as it does."""
    image = store.seek_image(tx, repository.id, digest)
    if image is not None and not store.images_that_name(tx, repository.id, digest, 1):
        shelf.remove_image(tx, repository.id, image)
        announcements.deleted(tx, repository, digest, "")


def _evaluated(tx: Transaction, arn: str) -> None:
    tx.finish_timer(TIMER, arn)
    repository = store.seek_repository(tx, arn)
    if repository is not None and repository.lifecycle:
        changed = msgspec.structs.replace(repository, lifecycle_evaluated_at=tx.now)
        store.put_repository(tx, changed)
        tx.set_timer(TIMER, arn, tx.now + PERIOD_MS)
