"""Global endpoints: kept as records; events put to one go to the bus of the request's region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.services.events import errors, pages
from pileus.services.events.records import store
from pileus.services.events.records.store import ENDPOINT, Record

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SETTINGS = ("Description", "RoutingConfig", "ReplicationConfig", "EventBuses", "RoleArn")
_ANSWERED = ("RoutingConfig", "ReplicationConfig", "EventBuses", "RoleArn")


def create_endpoint(
    call: Call,
    *,
    name: str,
    description: str | None = None,
    routing_config: dict[str, Any],
    replication_config: dict[str, Any] | None = None,
    event_buses: list[dict[str, Any]],
    role_arn: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    if store.seek(tx, ENDPOINT, name) is not None:
        raise errors.already_exists("Endpoint", name)
    _check_buses(event_buses)
    first, last = (tx.kernel.ids.letters(count, _ID_ALPHABET) for count in (10, 3))
    given = (description, routing_config, replication_config, event_buses, role_arn)
    members = dict(zip(_SETTINGS, given, strict=True))
    members["ReplicationConfig"] = replication_config or {"State": "ENABLED"}
    members["EndpointId"] = f"{first}.{last}"
    record = store.insert(tx, ENDPOINT, name, members)
    return {**_some(record, _ANSWERED), **_named(call, record), "State": "CREATING"}


def update_endpoint(
    call: Call,
    *,
    name: str,
    description: str | None = None,
    routing_config: dict[str, Any] | None = None,
    replication_config: dict[str, Any] | None = None,
    event_buses: list[dict[str, Any]] | None = None,
    role_arn: str | None = None,
) -> dict[str, Any]:
    record = _find(call, name)
    if event_buses is not None:
        _check_buses(event_buses)
    given = (description, routing_config, replication_config, event_buses, role_arn)
    changes = {key: value for key, value in zip(_SETTINGS, given, strict=True) if value is not None}
    record = store.update(call.tx, ENDPOINT, record, {**record.members, **changes})
    return {
        **_some(record, _ANSWERED),
        **_named(call, record),
        **_address(record),
        "State": "UPDATING",
    }


def delete_endpoint(call: Call, *, name: str) -> dict[str, Any]:
    _find(call, name)
    store.delete(call.tx, ENDPOINT, name)
    return {}


def describe_endpoint(call: Call, *, name: str, home_region: str | None = None) -> dict[str, Any]:
    return _shown(call, _find(call, name))


def list_endpoints(
    call: Call,
    *,
    name_prefix: str | None = None,
    home_region: str | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    found = store.records(
        call.tx, ENDPOINT, name_prefix or "", pages.after(next_token),
        (max_results or pages.PAGE_MAX) + 1,
    )  # fmt: skip
    page, token = pages.cut(found, max_results, lambda record: record.name)
    return {"Endpoints": [_shown(call, record) for record in page], **token}


def _check_buses(event_buses: list[dict[str, Any]]) -> None:
    named = {each["EventBusArn"].rpartition("/")[2] for each in event_buses}
    if len(named) > 1:
        raise errors.invalid_parameter(
            "EventBuses", "The names of the event buses in both Regions must be the same."
        )


def _find(call: Call, name: str) -> Record:
    record = store.seek(call.tx, ENDPOINT, name)
    if record is None:
        raise errors.not_found(f"Endpoint {name} does not exist.")
    return record


def _shown(call: Call, record: Record) -> dict[str, Any]:
    return {
        **_some(record, _SETTINGS),
        **_named(call, record),
        **_address(record),
        "State": "ACTIVE",
        "CreationTime": record.created_at,
        "LastModifiedTime": record.modified_at,
    }


def _named(call: Call, record: Record) -> dict[str, str]:
    return {"Name": record.name, "Arn": call.arn(f"endpoint/{record.name}")}


def _address(record: Record) -> dict[str, str]:
    endpoint_id = record.members["EndpointId"]
    return {
        "EndpointId": endpoint_id,
        "EndpointUrl": f"https://{endpoint_id}.endpoint.events.amazonaws.com",
    }


def _some(record: Record, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: record.members[name] for name in names if record.members[name] is not None}
