"""Operations on repositories and their settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.transaction import Transaction
from pileus.services.ecr import errors, lifecycle, names, shelf, store, tagging
from pileus.services.ecr.store import Repository

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# The account's list of its repositories by name.
REPOSITORIES = "repository"
DESCRIBED_MAX = 100  # docs: DescribeRepositories, maxResults


def create_repository(
    call: Call,
    *,
    repository_name: str,
    registry_id: str | None = None,
    tags: list[dict[str, Any]] | None = None,
    image_tag_mutability: str = "MUTABLE",
    image_tag_mutability_exclusion_filters: list[dict[str, Any]] | None = None,
    image_scanning_configuration: dict[str, Any] | None = None,
    encryption_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    tx = call.tx
    names.check_name(repository_name)
    registry = call.about.split(":")[4]
    if store.seek_repository(tx, call.about) is not None:
        raise errors.repository_exists(repository_name, registry)
    repository = Repository(
        arn=call.about,
        name=repository_name,
        registry=registry,
        id=tx.kernel.ids.uuid(),
        created_at=call.now,
        mutability=image_tag_mutability,
        exclusions=_exclusions(image_tag_mutability, image_tag_mutability_exclusion_filters),
        scans_on_push=bool((image_scanning_configuration or {}).get("scanOnPush", False)),
        encryption=encryption_configuration or {"encryptionType": "AES256"},
    )
    store.put_repository(tx, repository)
    tx.put_tags(call.about, tagging.checked({}, tags or []))
    tx.enlist(REPOSITORIES, repository_name, call.about)
    return {"repository": show(call, repository)}


def _exclusions(mutability: str, filters: list[dict[str, Any]] | None) -> list[str]:
    if filters and not mutability.endswith("_WITH_EXCLUSION"):
        raise errors.invalid_parameter(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy "
            f"constraint: 'must not be given where imageTagMutability is {mutability}'"
        )
    if mutability.endswith("_WITH_EXCLUSION") and not filters:
        raise errors.invalid_parameter(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy "
            f"constraint: 'must be given where imageTagMutability is {mutability}'"
        )
    return [str(each["filter"]) for each in filters or []]


def delete_repository(
    call: Call, *, repository_name: str, registry_id: str | None = None, force: bool = False
) -> dict[str, Any]:
    tx = call.tx
    found = shelf.repository(tx, call.about)
    if not force and store.images_after(tx, found.id, "", 1):
        raise errors.repository_not_empty(found.name, found.registry)
    store.remove_repository(tx, call.about)
    tx.remove_tags(call.about, list(tx.tags(call.about)))
    tx.delist(REPOSITORIES, found.name)
    tx.finish_timer(lifecycle.TIMER, call.about)
    tx.set_timer(shelf.REMAINS_TIMER, found.id, tx.now)
    return {"repository": show(call, found)}


async def describe_repositories(
    call: Call,
    *,
    registry_id: str | None = None,
    repository_names: list[str] | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    registry = registry_id or call.account
    if repository_names:
        if next_token is not None or max_results is not None:
            raise errors.conflicting_members("repositoryNames", "maxResults")
        wanted = [names.repository_arn(registry, call.region, name) for name in repository_names]
        found = await asyncio.gather(*[call.read(shelf.repository, a, about=a) for a in wanted])
        return {"repositories": [show(call, each) for each in found]}
    limit = max_results or DESCRIBED_MAX
    listed = await call.read(_listed, _after(next_token), limit + 1, about=call.about)
    page = listed[:limit]
    there = await asyncio.gather(
        *[call.read(store.seek_repository, arn, about=arn) for _, arn in page]
    )
    answer: dict[str, Any] = {"repositories": [show(call, each) for each in there if each]}
    if len(listed) > limit:
        answer["nextToken"] = pagination.encode(page[-1][0])
    return answer


def _listed(tx: Transaction, after: str, at_most: int) -> list[tuple[str, str]]:
    return tx.listed(REPOSITORIES, at_most=at_most, after=after)


def _after(token: str | None) -> str:
    if token is None:
        return ""
    try:
        return str(pagination.decode(token, str)[0])
    except pagination.InvalidToken:
        raise errors.invalid_token() from None


def put_image_tag_mutability(
    call: Call,
    *,
    repository_name: str,
    image_tag_mutability: str,
    registry_id: str | None = None,
    image_tag_mutability_exclusion_filters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    exclusions = _exclusions(image_tag_mutability, image_tag_mutability_exclusion_filters)
    changed = change(call, mutability=image_tag_mutability, exclusions=exclusions)
    return {**identity(changed), **_show_mutability(changed)}


def put_image_scanning_configuration(
    call: Call,
    *,
    repository_name: str,
    image_scanning_configuration: dict[str, Any],
    registry_id: str | None = None,
) -> dict[str, Any]:
    wanted = bool(image_scanning_configuration.get("scanOnPush", False))
    changed = change(call, scans_on_push=wanted)
    return {
        **identity(changed),
        "imageScanningConfiguration": {"scanOnPush": changed.scans_on_push},
    }


def change(call: Call, **changes: Any) -> Repository:
    """Change settings of the repository that the call is about."""
    changed = msgspec.structs.replace(shelf.repository(call.tx, call.about), **changes)
    store.put_repository(call.tx, changed)
    return changed


def identity(repository: Repository) -> dict[str, Any]:
    return {"registryId": repository.registry, "repositoryName": repository.name}


def _show_mutability(repository: Repository) -> dict[str, Any]:
    shown: dict[str, Any] = {"imageTagMutability": repository.mutability}
    if repository.exclusions:
        shown["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": each} for each in repository.exclusions
        ]
    return shown


def show(call: Call, repository: Repository) -> Mapping[str, Any]:
    """As AWS describes it; the address leads to where the caller found us."""
    region = repository.arn.split(":")[3]
    host = names.registry_host(call, repository.registry, region)
    return {
        "repositoryArn": repository.arn,
        **identity(repository),
        "repositoryUri": f"{host}/{repository.name}",
        "createdAt": repository.created_at,
        **_show_mutability(repository),
        "imageScanningConfiguration": {"scanOnPush": repository.scans_on_push},
        "encryptionConfiguration": repository.encryption,
    }
