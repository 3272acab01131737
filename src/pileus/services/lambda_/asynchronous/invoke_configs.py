"""Operations on how a function's asynchronous events are treated."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel import arns, pagination
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.asynchronous import destinations, store
from pileus.services.lambda_.asynchronous.rules import InvokeConfig
from pileus.services.lambda_.functions import function_names, pages
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.function_names import LATEST, Named
from pileus.services.lambda_.versions import lookup

LISTED_MAX = 50  # docs: ListFunctionEventInvokeConfigs, MaxItems


async def put_function_event_invoke_config(
    call: Call,
    *,
    function_name: str,
    qualifier: str | None = None,
    maximum_retry_attempts: int | None = None,
    maximum_event_age_in_seconds: int | None = None,
    destination_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    changes = await _changes(
        call, named, maximum_retry_attempts, maximum_event_age_in_seconds, destination_config
    )
    config = InvokeConfig(**changes)
    return await _keep(call, named, config, is_update=False, changes=changes)


async def update_function_event_invoke_config(
    call: Call,
    *,
    function_name: str,
    qualifier: str | None = None,
    maximum_retry_attempts: int | None = None,
    maximum_event_age_in_seconds: int | None = None,
    destination_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    changes = await _changes(
        call, named, maximum_retry_attempts, maximum_event_age_in_seconds, destination_config
    )
    return await _keep(call, named, InvokeConfig(), is_update=True, changes=changes)


async def _keep(
    call: Call, named: Named, config: InvokeConfig, *, is_update: bool, changes: dict[str, Any]
) -> dict[str, Any]:
    kept = await call.transaction(_save, named, config, is_update, changes, about=named.arn)
    return _show(named, kept)


def _save(
    tx: Transaction, named: Named, config: InvokeConfig, is_update: bool, changes: dict[str, Any]
) -> InvokeConfig:
    owner = _owner(tx, named)
    if is_update:
        config = msgspec.structs.replace(_existing(tx, named), **changes)
    config = msgspec.structs.replace(config, modified_at=tx.now)
    text = msgspec.json.encode(config).decode()
    store.save_invoke_config(tx, owner, named.qualifier or LATEST, text)
    return config


def _owner(tx: Transaction, named: Named) -> str:
    """The id of a function of which the qualifier names something."""
    try:
        return lookup.find(tx, named).latest.id
    except AwsError as missing:
        raise errors.function_missing() from missing


def get_function_event_invoke_config(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    return _show(named, _existing(call.tx, named))


def delete_function_event_invoke_config(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> None:
    named = function_names.read(call, function_name, qualifier)
    _existing(call.tx, named)
    owner = lookup.latest(call.tx, named).id
    store.remove_invoke_config(call.tx, owner, named.qualifier or LATEST)


def list_function_event_invoke_configs(
    call: Call, *, function_name: str, marker: str | None = None, max_items: int = LISTED_MAX
) -> dict[str, Any]:
    named = function_names.read(call, function_name)._replace(qualifier="")
    try:
        owner = lookup.latest(call.tx, named).id
    except AwsError as missing:
        raise errors.function_missing() from missing
    limit = min(max_items, LISTED_MAX)
    found = store.list_invoke_configs(call.tx, owner, pages.position(marker), limit + 1)
    shown = [
        _show(named._replace(qualifier=qualifier), msgspec.json.decode(text, type=InvokeConfig))
        for qualifier, text in found[:limit]
    ]
    answer: dict[str, Any] = {"FunctionEventInvokeConfigs": shown}
    if len(found) > limit:
        answer["NextMarker"] = pagination.encode(found[limit - 1][0])
    return answer


def _existing(tx: Transaction, named: Named) -> InvokeConfig:
    """The settings for what is named; they go with the function, the version or the alias."""
    text = None
    function = functions_store.load_function(tx, named.arn)
    if function is not None:
        text = store.load_invoke_config(tx, function.id, named.qualifier or LATEST)
    if text is None:
        raise errors.invoke_config_not_found(f"{named.arn}:{named.qualifier or LATEST}")
    return msgspec.json.decode(text, type=InvokeConfig)


async def _changes(
    call: Call,
    named: Named,
    retries: int | None,
    age_seconds: int | None,
    asked: dict[str, Any] | None,
) -> dict[str, Any]:
    """The fields that a request sets; destinations are checked."""
    if retries is None and age_seconds is None and asked is None:
        raise errors.invoke_config_empty()
    changes: dict[str, Any] = {}
    if retries is not None:
        changes["retries_max"] = retries
    if age_seconds is not None:
        changes["age_seconds_max"] = age_seconds
    if asked is not None:
        on_success = asked.get("OnSuccess", {}).get("Destination") or ""
        on_failure = asked.get("OnFailure", {}).get("Destination") or ""
        for arn, taken in (
            (on_success, destinations.ON_SUCCESS), (on_failure, destinations.ON_FAILURE)
        ):  # fmt: skip
            parts = arns.parse(arn)
            if arn and (parts is None or parts.service not in taken):
                raise errors.destination_config_invalid(on_success, on_failure)
            if parts is not None and parts.service == "lambda":
                await _check_function_destination(call, named, arn)
        changes["on_success"], changes["on_failure"] = on_success, on_failure
    return changes


async def _check_function_destination(call: Call, named: Named, arn: str) -> None:
    target = function_names.split(arn)
    if target.arn == named.arn:
        raise errors.destination_is_itself()
    try:
        await call.read(lookup.find, target, about=target.arn)
    except AwsError as missing:
        raise errors.destination_unknown(arn) from missing


def _show(named: Named, config: InvokeConfig) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "LastModified": config.modified_at,
        "FunctionArn": f"{named.arn}:{named.qualifier or LATEST}",
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success} if config.on_success else {},
            "OnFailure": {"Destination": config.on_failure} if config.on_failure else {},
        },
    }
    if config.retries_max is not None:
        shown["MaximumRetryAttempts"] = config.retries_max
    if config.age_seconds_max is not None:
        shown["MaximumEventAgeInSeconds"] = config.age_seconds_max
    return shown
