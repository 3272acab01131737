"""Operations on function URLs."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel import arns, local_names, pagination
from pileus.kernel.call import Call
from pileus.services.lambda_.functions import function_names, pages
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.urls import configurations, store, url_errors, url_ids
from pileus.services.lambda_.urls.configurations import BUFFERED, UrlConfig
from pileus.services.lambda_.urls.url_ids import HOST_PART
from pileus.services.lambda_.versions import lookup

LISTED_MAX = 50  # docs: ListFunctionUrlConfigs, MaxItems


def create_function_url_config(
    call: Call,
    *,
    function_name: str,
    auth_type: str,
    qualifier: str | None = None,
    cors: dict[str, Any] | None = None,
    invoke_mode: str = BUFFERED,
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    latest = lookup.find(call.tx, named).latest
    owner = arns.parse(named.arn)
    assert owner is not None
    if store.load(call.tx, latest.id, named.qualifier) is not None:
        raise url_errors.url_exists(named.qualified_arn)
    config = UrlConfig(
        id=url_ids.new(call.kernel.ids, owner.account),
        target_arn=named.qualified_arn,
        auth_type=auth_type,
        created_at=call.now,
        changed_at=call.now,
        invoke_mode=invoke_mode,
        cors=configurations.read_cors(cors),
    )
    store.save(call.tx, latest.id, named.qualifier, config)
    call.tx.enlist(store.URLS, config.id, config.target_arn)
    return _show(call, config)


def get_function_url_config(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    return _show(call, _existing(call, named)[1])


def update_function_url_config(
    call: Call,
    *,
    function_name: str,
    qualifier: str | None = None,
    auth_type: str | None = None,
    cors: dict[str, Any] | None = None,
    invoke_mode: str | None = None,
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    latest, config = _existing(call, named)
    changes: dict[str, Any] = {"auth_type": auth_type, "invoke_mode": invoke_mode}
    changes = {member: value for member, value in changes.items() if value is not None}
    if cors is not None:
        changes["cors"] = configurations.read_cors(cors)
    config = msgspec.structs.replace(config, changed_at=call.now, **changes)
    store.save(call.tx, latest.id, named.qualifier, config)
    return _show(call, config)


def delete_function_url_config(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> None:
    named = function_names.read(call, function_name, qualifier)
    latest, _ = _existing(call, named)
    store.remove(call.tx, latest.id, named.qualifier)


def list_function_url_configs(
    call: Call, *, function_name: str, marker: str | None = None, max_items: int = LISTED_MAX
) -> dict[str, Any]:
    named = function_names.read(call, function_name)
    latest = lookup.latest(call.tx, named)
    limit = min(max_items, LISTED_MAX)
    first = None if marker else store.load(call.tx, latest.id, "")
    found = [] if first is None else [("", first)]
    found += store.listed(call.tx, latest.id, pages.position(marker), limit + 1 - len(found))
    answer: dict[str, Any] = {
        "FunctionUrlConfigs": [_show(call, config) for _, config in found[:limit]]
    }
    if len(found) > limit:
        answer["NextMarker"] = pagination.encode(found[limit - 1][0])
    return answer


def _existing(call: Call, named: Named) -> tuple[Function, UrlConfig]:
    latest = lookup.latest(call.tx, named)
    config = store.load(call.tx, latest.id, named.qualifier)
    if config is None:
        raise url_errors.url_not_found()
    return latest, config


def _show(call: Call, config: UrlConfig) -> dict[str, Any]:
    scheme, name, port = local_names.address_of(call.host_url)
    host = f"{config.id}{HOST_PART}{call.region}.{name}{port}"
    return configurations.show(config, f"{scheme}://{host}/")
