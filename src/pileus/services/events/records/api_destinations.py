"""API destinations: HTTP endpoints that rules may have as targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel.errors import AwsError
from pileus.services.events import errors, pages
from pileus.services.events.records import announcements, connections, store
from pileus.services.events.records.store import API_DESTINATION, CONNECTION, Record

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: eb-quota, rate of invocations per API destination
RATE_DEFAULT = 300


def create_api_destination(
    call: Call,
    *,
    name: str,
    description: str | None = None,
    connection_arn: str,
    invocation_endpoint: str,
    http_method: str,
    invocation_rate_limit_per_second: int | None = None,
) -> dict[str, Any]:
    if store.seek(call.tx, API_DESTINATION, name) is not None:
        raise AwsError(
            "ResourceAlreadyExistsException", f"An api-destination '{name}' already exists."
        )
    _check_connection(call, connection_arn)
    members = {
        "Description": description,
        "ConnectionArn": connection_arn,
        "InvocationEndpoint": invocation_endpoint,
        "HttpMethod": http_method,
        "InvocationRateLimitPerSecond": invocation_rate_limit_per_second or RATE_DEFAULT,
    }
    record = store.insert(call.tx, API_DESTINATION, name, members)
    if _is_active(call, record):
        announcements.announce_destination(call.tx, record, is_active=True)
    return _answer(call, record)


def update_api_destination(
    call: Call,
    *,
    name: str,
    description: str | None = None,
    connection_arn: str | None = None,
    invocation_endpoint: str | None = None,
    http_method: str | None = None,
    invocation_rate_limit_per_second: int | None = None,
) -> dict[str, Any]:
    record = _find(call, name)
    if connection_arn is not None:
        _check_connection(call, connection_arn)
    given = {
        "Description": description,
        "ConnectionArn": connection_arn,
        "InvocationEndpoint": invocation_endpoint,
        "HttpMethod": http_method,
        "InvocationRateLimitPerSecond": invocation_rate_limit_per_second,
    }
    changes = {key: value for key, value in given.items() if value is not None}
    members = {**record.members, **changes}
    changed = store.update(call.tx, API_DESTINATION, record, members)
    if (is_active := _is_active(call, changed)) is not _is_active(call, record):
        announcements.announce_destination(call.tx, changed, is_active=is_active)
    return _answer(call, changed)


def delete_api_destination(call: Call, *, name: str) -> dict[str, Any]:
    _find(call, name)
    store.delete(call.tx, API_DESTINATION, name)
    return {}


def describe_api_destination(call: Call, *, name: str) -> dict[str, Any]:
    record = _find(call, name)
    shown = _shown(call, record)
    if record.members["Description"] is not None:
        shown["Description"] = record.members["Description"]
    return shown


def list_api_destinations(
    call: Call,
    *,
    name_prefix: str | None = None,
    connection_arn: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    found = store.records(
        call.tx, API_DESTINATION, name_prefix or "", pages.after(next_token),
        (limit or pages.PAGE_MAX) + 1,
    )  # fmt: skip
    page, token = pages.cut(found, limit, lambda record: record.name)
    shown = [
        _shown(call, record)
        for record in page
        if connection_arn in (None, record.members["ConnectionArn"])
    ]
    return {"ApiDestinations": shown, **token}


def _check_connection(call: Call, arn: str) -> None:
    name = arn.split("/")[1]
    record = store.seek(call.tx, CONNECTION, name)
    if record is None or connections.arn_of(call, record) != arn:
        raise connections.not_found(name)


def _find(call: Call, name: str) -> Record:
    record = store.seek(call.tx, API_DESTINATION, name)
    if record is None:
        raise errors.not_found(
            f"Failed to describe the api-destination(s). An api-destination '{name}' does not "
            "exist."
        )
    return record


def _shown(call: Call, record: Record) -> dict[str, Any]:
    members = {key: value for key, value in record.members.items() if key != "Description"}
    return {"Name": record.name, **_answer(call, record), **members}


def _is_active(call: Call, record: Record) -> bool:
    connection = store.seek(call.tx, CONNECTION, record.members["ConnectionArn"].split("/")[1])
    return (
        connection is not None and connection.members["ConnectionState"] == announcements.AUTHORIZED
    )


def _answer(call: Call, record: Record) -> dict[str, Any]:
    return {
        "ApiDestinationArn": call.arn(f"api-destination/{record.name}/{record.id}"),
        "ApiDestinationState": "ACTIVE" if _is_active(call, record) else "INACTIVE",
        "CreationTime": record.created_at,
        "LastModifiedTime": record.modified_at,
    }
