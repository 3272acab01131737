"""Connections: how API destinations identify themselves. What is secret is never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel.errors import AwsError, not_implemented
from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, pages
from pileus.services.events.records import announcements, store
from pileus.services.events.records.store import CONNECTION, Record

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_SECRET_SUFFIX_LENGTH = 6
AUTHORIZE_TIMER = "events:authorize"
_OAUTH = "OAUTH_CLIENT_CREDENTIALS"
# The parameters that belong to each way of authorisation, and which of them are secret.
_PARAMETERS = {
    "BASIC": ("BasicAuthParameters", "Password"),
    "API_KEY": ("ApiKeyAuthParameters", "ApiKeyValue"),
    _OAUTH: ("OAuthParameters", "ClientParameters"),
}
_HTTP_LISTS = ("HeaderParameters", "QueryStringParameters", "BodyParameters")


def create_connection(
    call: Call,
    *,
    name: str,
    description: str | None = None,
    authorization_type: str,
    auth_parameters: dict[str, Any],
    kms_key_identifier: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    if store.seek(tx, CONNECTION, name) is not None:
        raise errors.already_exists("Connection", name)
    _check(authorization_type, auth_parameters)
    suffix = tx.kernel.ids.hexadecimal(_SECRET_SUFFIX_LENGTH)
    members = {
        "Description": description,
        "AuthorizationType": authorization_type,
        "KmsKeyIdentifier": kms_key_identifier,
        "ConnectionState": _begin(call, name, authorization_type),
        "LastAuthorizedTime": call.now,
        "SecretSuffix": suffix,
    }
    record = store.insert(tx, CONNECTION, name, members, auth_parameters)
    announcements.begin(tx, record, "Creation")
    announcements.enter(tx, None, record)
    return _answer(call, record)


def _begin(call: Call, name: str, kind: str) -> str:
    """The state of a connection whose credentials are new; OAuth has to be asked."""
    if kind != _OAUTH:
        return "AUTHORIZED"
    call.tx.set_timer(AUTHORIZE_TIMER, f"{call.tx.about}{name}", call.now, {"name": name})
    return "AUTHORIZING"


def conclude(tx: Transaction, name: str, modified_at: int, reason: str) -> None:
    """Step: an authorisation endpoint has answered about credentials that may have changed."""
    record = store.seek(tx, CONNECTION, name)
    if record is None or record.modified_at != modified_at:
        return
    members = {**record.members, "ConnectionState": "DEAUTHORIZED" if reason else "AUTHORIZED"}
    members["StateReason"] = reason or None
    announcements.enter(tx, record, store.update(tx, CONNECTION, record, members))


def update_connection(
    call: Call,
    *,
    name: str,
    description: str | None = None,
    authorization_type: str | None = None,
    auth_parameters: dict[str, Any] | None = None,
    kms_key_identifier: str | None = None,
) -> dict[str, Any]:
    record = find(call, name)
    given = {
        "Description": description,
        "AuthorizationType": authorization_type,
        "KmsKeyIdentifier": kms_key_identifier,
    }
    members = {
        **record.members,
        **{key: value for key, value in given.items() if value is not None},
    }
    parameters = record.hidden
    if auth_parameters is not None:
        parameters = _merged(parameters, auth_parameters, members["AuthorizationType"])
    _check(members["AuthorizationType"], parameters)
    state = _begin(call, name, members["AuthorizationType"])
    members |= {"ConnectionState": state, "LastAuthorizedTime": call.now, "StateReason": None}
    announcements.begin(call.tx, record, "Update")
    changed = store.update(call.tx, CONNECTION, record, members, parameters)
    announcements.enter(call.tx, record, changed)
    return _answer(call, changed)


def deauthorize_connection(call: Call, *, name: str) -> dict[str, Any]:
    """Forget the secrets; the connection stays, and is authorised again by an update."""
    record = find(call, name)
    members = {**record.members, "ConnectionState": "DEAUTHORIZED"}
    announcements.begin(call.tx, record, "Deauthorization")
    shown = store.update(call.tx, CONNECTION, record, members, {})
    announcements.enter(call.tx, record, shown)
    return {**_answer(call, shown), "ConnectionState": "DEAUTHORIZING"}


def delete_connection(call: Call, *, name: str) -> dict[str, Any]:
    record = find(call, name)
    announcements.begin(call.tx, record, "Deletion")
    store.delete(call.tx, CONNECTION, name)
    announcements.leave(call.tx, record)
    return {**_answer(call, record), "ConnectionState": "DELETING"}


def describe_connection(call: Call, *, name: str) -> dict[str, Any]:
    record = find(call, name)
    members = record.members
    secret = call.arn(
        f"secret:events!connection/{name}/{record.id}-{members['SecretSuffix']}", "secretsmanager"
    )
    optional = {
        "Description": members["Description"],
        "KmsKeyIdentifier": members["KmsKeyIdentifier"],
        "AuthParameters": _without_secrets(record.hidden) or None,
        "StateReason": members.get("StateReason"),
    }
    return {
        **_answer(call, record),
        "Name": name,
        "AuthorizationType": members["AuthorizationType"],
        "SecretArn": secret,
        **{key: value for key, value in optional.items() if value is not None},
    }


def list_connections(
    call: Call,
    *,
    name_prefix: str | None = None,
    connection_state: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    found = store.records(
        call.tx, CONNECTION, name_prefix or "", pages.after(next_token),
        (limit or pages.PAGE_MAX) + 1,
    )  # fmt: skip
    page, token = pages.cut(found, limit, lambda record: record.name)
    shown = [
        {
            **_answer(call, record),
            "Name": record.name,
            "AuthorizationType": record.members["AuthorizationType"],
        }
        for record in page
        if connection_state in (None, record.members["ConnectionState"])
    ]
    return {"Connections": shown, **token}


def arn_of(call: Call, record: Record) -> str:
    return call.arn(f"connection/{record.name}/{record.id}")


def find(call: Call, name: str) -> Record:
    record = store.seek(call.tx, CONNECTION, name)
    if record is None:
        raise not_found(name)
    return record


def not_found(name: str) -> AwsError:
    return errors.not_found(
        f"Failed to describe the connection(s). Connection '{name}' does not exist."
    )


def _check(kind: str, parameters: Mapping[str, Any]) -> None:
    if "ConnectivityParameters" in parameters:
        raise not_implemented("events", "CreateConnection", "ConnectivityParameters")
    needed, _ = _PARAMETERS[kind]
    if needed not in parameters:
        raise errors.invalid_parameter(
            "AuthParameters", f"{needed} must be given for the authorization type {kind}."
        )


def _merged(before: Mapping[str, Any], given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The parameters after an update: what it leaves out stays, of the same kind only."""
    name, _ = _PARAMETERS[kind]
    merged = {key: before[key] for key in (name, "InvocationHttpParameters") if key in before}
    for key, value in given.items():
        is_own = key == name and key in merged
        merged[key] = {**merged[key], **value} if is_own else value
    return merged


def _without_secrets(parameters: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, secret in _PARAMETERS.values():
        if name in parameters:
            shown[name] = {key: each for key, each in parameters[name].items() if key != secret}
    oauth = parameters.get("OAuthParameters")
    if oauth:
        client = {"ClientID": oauth["ClientParameters"]["ClientID"]}
        shown["OAuthParameters"]["ClientParameters"] = client
        if "OAuthHttpParameters" in oauth:
            shown["OAuthParameters"]["OAuthHttpParameters"] = _public_all(
                oauth["OAuthHttpParameters"]
            )
    if parameters.get("InvocationHttpParameters"):
        shown["InvocationHttpParameters"] = _public_all(parameters["InvocationHttpParameters"])
    return shown


def _public_all(http: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [_public(each) for each in http[name]] for name in _HTTP_LISTS if name in http}


def _public(parameter: Mapping[str, Any]) -> dict[str, Any]:
    is_secret = bool(parameter.get("IsValueSecret"))
    shown = {key: each for key, each in parameter.items() if key != "Value" or not is_secret}
    return {**shown, "IsValueSecret": is_secret}


def _answer(call: Call, record: Record) -> dict[str, Any]:
    return {
        "ConnectionArn": arn_of(call, record),
        "ConnectionState": record.members["ConnectionState"],
        "CreationTime": record.created_at,
        "LastModifiedTime": record.modified_at,
        "LastAuthorizedTime": record.members["LastAuthorizedTime"],
    }
