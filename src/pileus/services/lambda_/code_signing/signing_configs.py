"""Operations on code signing configurations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.code_signing import signing_errors, store
from pileus.services.lambda_.code_signing.store import SigningConfig
from pileus.services.lambda_.functions import pages, tagging
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import timestamp

CONFIGS = "code-signing-config"
FUNCTIONS = "function"  # as the account's list of names has them
LISTED_MAX = 50
_ID_LENGTH = 17
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz012345"
ENFORCE = "Enforce"


def config_of(call: Call, params: Mapping[str, Any]) -> str:
    return str(params["CodeSigningConfigArn"])


async def create_code_signing_config(
    call: Call,
    *,
    allowed_publishers: dict[str, Any],
    description: str = "",
    code_signing_policies: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    tagging.check(tags or {})
    name = f"csc-{call.kernel.ids.letters(_ID_LENGTH, _ID_ALPHABET)}"
    config = SigningConfig(
        arn=call.arn(f"{CONFIGS}:{name}"),
        modified_at=call.now,
        publishers=allowed_publishers,
        untrusted=(code_signing_policies or {}).get("UntrustedArtifactOnDeployment", "Warn"),
        description=description,
    )
    await call.transaction(_insert, config, tags or {}, about=config.arn)
    return {"CodeSigningConfig": _show(config)}


def _insert(tx: Transaction, config: SigningConfig, tags: dict[str, str]) -> None:
    store.save(tx, config)
    tx.enlist(CONFIGS, config.id, config.arn)
    tx.put_tags(config.arn, tags)


def update_code_signing_config(
    call: Call,
    *,
    code_signing_config_arn: str,
    description: str | None = None,
    allowed_publishers: dict[str, Any] | None = None,
    code_signing_policies: dict[str, Any] | None = None,
) -> dict[str, Any]:
    config = existing(call.tx, code_signing_config_arn)
    changes = {
        "description": description,
        "publishers": allowed_publishers,
        "untrusted": (code_signing_policies or {}).get("UntrustedArtifactOnDeployment"),
    }
    given = {name: value for name, value in changes.items() if value is not None}
    config = msgspec.structs.replace(config, modified_at=call.now, **given)
    store.save(call.tx, config)
    return {"CodeSigningConfig": _show(config)}


def existing(tx: Transaction, arn: str) -> SigningConfig:
    config = store.load(tx, arn)
    if config is None:
        raise signing_errors.config_not_found(arn)
    return config


def get_code_signing_config(call: Call, *, code_signing_config_arn: str) -> dict[str, Any]:
    return {"CodeSigningConfig": _show(existing(call.tx, code_signing_config_arn))}


async def delete_code_signing_config(call: Call, *, code_signing_config_arn: str) -> None:
    """docs: DeleteCodeSigningConfig, "only if no function is using it"."""
    arn = code_signing_config_arn
    await call.read(existing, arn, about=arn)
    after = ""
    while True:
        users, after = await _users(call, arn, after, LISTED_MAX)
        if users:
            raise signing_errors.config_in_use(arn)
        if not after:
            break
    await call.transaction(_delete, arn, about=arn)


def _delete(tx: Transaction, arn: str) -> None:
    config = existing(tx, arn)
    store.remove(tx, arn)
    tx.delist(CONFIGS, config.id)
    tagging.forget(tx, arn)


async def list_code_signing_configs(
    call: Call, *, marker: str | None = None, max_items: int = LISTED_MAX
) -> dict[str, Any]:
    limit = min(max_items, LISTED_MAX)
    names = await call.read(
        _names, CONFIGS, pages.position(marker), limit + 1, about=the_account(call, {})
    )
    found = await asyncio.gather(
        *[call.read(store.load, arn, about=arn) for _, arn in names[:limit]]
    )
    answer: dict[str, Any] = {
        "CodeSigningConfigs": [_show(config) for config in found if config is not None]
    }
    if len(names) > limit:
        answer["NextMarker"] = pagination.encode(names[limit - 1][0])
    return answer


async def list_functions_by_code_signing_config(
    call: Call,
    *,
    code_signing_config_arn: str,
    marker: str | None = None,
    max_items: int = LISTED_MAX,
) -> dict[str, Any]:
    """A page looks at so many of the account's functions, and may show fewer."""
    arn = code_signing_config_arn
    await call.read(existing, arn, about=arn)
    limit = min(max_items, LISTED_MAX)
    users, after = await _users(call, arn, pages.position(marker), limit)
    answer: dict[str, Any] = {"FunctionArns": users}
    if after:
        answer["NextMarker"] = pagination.encode(after)
    return answer


async def _users(call: Call, arn: str, after: str, limit: int) -> tuple[list[str], str]:
    """Of the next functions those that use it, and after which to look on (empty at the end)."""
    names = await call.read(_names, FUNCTIONS, after, limit + 1, about=the_account(call, {}))
    found = await asyncio.gather(
        *[call.read(functions_store.load_function, each, about=each) for _, each in names[:limit]]
    )
    users = [each.arn for each in found if each is not None and each.signing_config_arn == arn]
    return users, names[limit - 1][0] if len(names) > limit else ""


def _names(tx: Transaction, kind: str, after: str, limit: int) -> list[tuple[str, str]]:
    return tx.listed(kind, at_most=limit, after=after)


def _show(config: SigningConfig) -> dict[str, Any]:
    return {
        "CodeSigningConfigId": config.id,
        "CodeSigningConfigArn": config.arn,
        "Description": config.description,
        "AllowedPublishers": config.publishers,
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.untrusted},
        "LastModified": timestamp(config.modified_at),
    }
