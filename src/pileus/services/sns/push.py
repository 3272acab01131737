"""Platform applications, their endpoints, and messages to one device."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import outbox, pagination
from pileus.kernel.errors import AwsError
from pileus.services.sns import errors, push_events, push_store, topic_arns, topics
from pileus.services.sns.push_store import Application, Endpoint

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

KIND = "platform application"
DROP_TIMER = "sns:drop-endpoints"
_DROPPED_AT_ONCE = 100
PLATFORMS = (
    "ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU", "GCM", "MACOS",
    "MACOS_SANDBOX", "MPNS", "WNS",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NAME_LENGTH_MAX = 256
_USER_DATA_BYTES_MAX = 2048
_SECRET = frozenset({"PlatformCredential", "PlatformPrincipal"})
_APPLICATION_ATTRIBUTES = (
    _SECRET
    | push_events.NAMES
    | {
        "ApplePlatformBundleID",
        "ApplePlatformTeamID",
        "Enabled",
        "SuccessFeedbackRoleArn",
        "FailureFeedbackRoleArn",
        "SuccessFeedbackSampleRate",
    }
)
_ENDPOINT_ATTRIBUTES = frozenset({"ChannelId", "CustomUserData", "Enabled", "Token", "UserId"})


# What requests are about: an application, which its endpoints lie with.


def the_named_application(call: Call, params: Mapping[str, Any]) -> str:
    name, platform = params["Name"], params["Platform"]
    if platform not in PLATFORMS:
        raise errors.invalid_because("Platform", f"{platform} is not supported")
    if not name:
        raise errors.invalid_because("", "cannot be empty")
    if len(name) > _NAME_LENGTH_MAX:
        raise errors.invalid_because(name, f"must be at most {_NAME_LENGTH_MAX} characters long")
    if not _NAME.fullmatch(name):
        raise errors.invalid_because(
            name, "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"
        )
    return call.arn(f"app/{platform}/{name}")


def the_application(call: Call, params: Mapping[str, Any]) -> str:
    arn: str = params["PlatformApplicationArn"]
    parsed = topic_arns.split("PlatformApplicationArn", arn)
    if not parsed.resource.startswith("app/") or parsed.resource.count("/") != 2:
        raise errors.invalid_because(
            "PlatformApplicationArn", "Wrong number of slashes in relative portion of the ARN."
        )
    return arn


def the_application_of_an_endpoint(call: Call, params: Mapping[str, Any]) -> str:
    return application_of(params["EndpointArn"], "EndpointArn")


def application_of(endpoint_arn: str, parameter: str) -> str:
    parsed = topic_arns.split(parameter, endpoint_arn)
    if not parsed.resource.startswith("endpoint/") or parsed.resource.count("/") != 3:
        raise errors.invalid_because(
            parameter, "Wrong number of slashes in relative portion of the ARN."
        )
    _, platform, name, _ = parsed.resource.split("/")
    return str(parsed._replace(resource=f"app/{platform}/{name}"))


def platform_of(arn: str) -> str:
    return arn.split("/")[1]


# Applications.


def create_platform_application(
    call: Call, *, name: str, platform: str, attributes: dict[str, str]
) -> dict[str, Any]:
    tx, arn = call.tx, call.about
    _check_application(attributes)
    has_principal, has_credential = (
        bool(attributes.get(name)) for name in ("PlatformPrincipal", "PlatformCredential")
    )
    if platform != "GCM" and has_credential and not has_principal:
        raise errors.invalid_because(
            "Attributes", "PlatformCredential attribute provided without PlatformPrincipal"
        )
    if has_principal and not has_credential:
        raise errors.invalid_because(
            "Attributes", "PlatformPrincipal attribute provided without PlatformCredential"
        )
    if not has_credential:
        raise errors.invalid_because("Attributes", "PlatformCredential is required")
    existing = push_store.seek_application(tx, arn)
    merged = {"Enabled": "true", **(existing.attributes if existing else {}), **attributes}
    push_store.put_application(tx, arn, merged)
    tx.enlist(KIND, arn.split("/", 1)[1], arn)
    return {"PlatformApplicationArn": arn}


def _check_application(attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if name not in _APPLICATION_ATTRIBUTES:
            raise errors.invalid_because("Attributes", f"Invalid attribute name: {name}")
        if name in push_events.NAMES and value and not push_events.is_topic(value):
            raise errors.invalid_because(
                "Attributes", f"Invalid value for attribute: {name}: must be the ARN of a topic"
            )


def delete_platform_application(call: Call, *, platform_application_arn: str) -> None:
    tx, arn = call.tx, call.about
    found = push_store.seek_application(tx, arn)
    if found is None:
        return
    push_store.delete_application(tx, arn)
    tx.delist(KIND, arn.split("/", 1)[1])
    tx.set_timer(DROP_TIMER, str(found.number), tx.now)


def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove the endpoints of an application that is gone, a page at a time."""
    if push_store.drop_endpoints(call.tx, int(key), _DROPPED_AT_ONCE):
        call.tx.set_timer(DROP_TIMER, key, call.tx.now)


def get_platform_application_attributes(
    call: Call, *, platform_application_arn: str
) -> dict[str, Any]:
    return {"Attributes": _shown(push_store.find_application(call.tx, call.about).attributes)}


def _shown(attributes: dict[str, str]) -> dict[str, str]:
    # An empty value takes the topic of an event away.
    return {
        name: value
        for name, value in attributes.items()
        if name not in _SECRET and (value or name not in push_events.NAMES)
    }


def set_platform_application_attributes(
    call: Call, *, platform_application_arn: str, attributes: dict[str, str]
) -> None:
    found = push_store.find_application(call.tx, call.about)
    _check_application(attributes)
    push_store.put_application(call.tx, call.about, {**found.attributes, **attributes})


async def list_platform_applications(
    call: Call, *, next_token: str | None = None
) -> dict[str, Any]:
    after = topics.position_after(next_token)
    page = await call.read(_listed, after, about=call.about)
    loaded = await asyncio.gather(*(call.read(_load, about=arn) for _, arn in page[: topics.PAGE]))
    answer: dict[str, Any] = {"PlatformApplications": [each for each in loaded if each]}
    if len(page) > topics.PAGE:
        answer["NextToken"] = pagination.encode(page[topics.PAGE - 1][0])
    return answer


def _listed(tx: Transaction, after: str) -> list[tuple[str, str]]:
    return tx.listed(KIND, at_most=topics.PAGE + 1, after=after)


def _load(tx: Transaction) -> dict[str, Any] | None:
    found = push_store.seek_application(tx, tx.about)
    if found is None:
        return None
    return {"PlatformApplicationArn": tx.about, "Attributes": _shown(found.attributes)}


# Endpoints.


def create_platform_endpoint(
    call: Call,
    *,
    platform_application_arn: str,
    token: str,
    custom_user_data: str | None = None,
    attributes: dict[str, str] | None = None,
) -> dict[str, Any]:
    tx = call.tx
    if not token:
        raise errors.invalid_parameter("Token")
    wanted = dict(attributes or {})
    if custom_user_data is not None:
        wanted.setdefault("CustomUserData", custom_user_data)
    _check_endpoint(wanted)
    application = push_store.find_application(tx, call.about)
    existing = push_store.find_by_token(tx, application.number, token)
    if existing is not None:
        arn = _endpoint_arn(call.about, existing.id)
        present = {"Enabled": "true", **existing.attributes}
        if {"Enabled": "true", **wanted} != present:
            raise errors.invalid_because(
                "Token",
                f"Endpoint {arn} already exists with the same Token, but different attributes.",
            )
        return {"EndpointArn": arn}
    endpoint = Endpoint(
        tx.kernel.ids.uuid(), wanted.pop("Token", token), {"Enabled": "true", **wanted}
    )
    push_store.put_endpoint(tx, application.number, endpoint)
    arn = _endpoint_arn(call.about, endpoint.id)
    push_events.tell(tx, application, push_events.CREATED, arn)
    return {"EndpointArn": arn}


def _endpoint_arn(application_arn: str, endpoint_id: str) -> str:
    return application_arn.replace(":app/", ":endpoint/", 1) + f"/{endpoint_id}"


def _check_endpoint(attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if name not in _ENDPOINT_ATTRIBUTES:
            raise errors.invalid_because("Attributes", f"Invalid attribute name: {name}")
        if name == "CustomUserData" and len(value.encode()) > _USER_DATA_BYTES_MAX:
            raise errors.invalid_because(
                "Attributes",
                "Invalid value for attribute: CustomUserData: must be at most "
                f"{_USER_DATA_BYTES_MAX} bytes long in UTF-8 encoding",
            )
        if name == "Enabled" and value.lower() not in ("true", "false"):
            raise errors.invalid_because(
                "Attributes", "Invalid value for attribute: Enabled: must be true or false"
            )


def delete_endpoint(call: Call, *, endpoint_arn: str) -> None:
    tx, endpoint_id = call.tx, endpoint_arn.rpartition("/")[2]
    found = push_store.seek_application(tx, call.about)
    if found is None or push_store.seek_endpoint(tx, found.number, endpoint_id) is None:
        return
    push_store.delete_endpoint(tx, found.number, endpoint_id)
    push_events.tell(tx, found, push_events.DELETED, endpoint_arn)


def get_endpoint_attributes(call: Call, *, endpoint_arn: str) -> dict[str, Any]:
    _, endpoint = _find(call.tx, call.about, endpoint_arn)
    return {"Attributes": {**endpoint.attributes, "Token": endpoint.token}}


def set_endpoint_attributes(call: Call, *, endpoint_arn: str, attributes: dict[str, str]) -> None:
    application, endpoint = _find(call.tx, call.about, endpoint_arn)
    _check_endpoint(attributes)
    merged = {**endpoint.attributes, **attributes}
    token = merged.pop("Token", endpoint.token)
    changed = Endpoint(endpoint.id, token, merged)
    push_store.put_endpoint(call.tx, application.number, changed)
    if changed != endpoint:
        push_events.tell(call.tx, application, push_events.UPDATED, endpoint_arn)


def list_endpoints_by_platform_application(
    call: Call, *, platform_application_arn: str, next_token: str | None = None
) -> dict[str, Any]:
    after = topics.position_after(next_token)
    application = push_store.find_application(call.tx, call.about)
    page = push_store.page_of_endpoints(call.tx, application.number, after, topics.PAGE + 1)
    answer: dict[str, Any] = {
        "Endpoints": [
            {
                "EndpointArn": _endpoint_arn(call.about, each.id),
                "Attributes": {**each.attributes, "Token": each.token},
            }
            for each in page[: topics.PAGE]
        ]
    }
    if len(page) > topics.PAGE:
        answer["NextToken"] = pagination.encode(page[topics.PAGE - 1].id)
    return answer


def _find(tx: Transaction, application_arn: str, endpoint_arn: str) -> tuple[Application, Endpoint]:
    application = push_store.seek_application(tx, application_arn)
    endpoint = application and push_store.seek_endpoint(
        tx, application.number, endpoint_arn.rpartition("/")[2]
    )
    if application is None or endpoint is None:
        raise errors.not_found("Endpoint")
    return application, endpoint


# Messages.


def send(
    tx: Transaction, application_arn: str, endpoint_arn: str, text: str, message_id: str
) -> None:
    """A message for one device, in its application's partition; raises AWS's errors."""
    try:
        application, endpoint = _find(tx, application_arn, endpoint_arn)
    except AwsError as error:
        raise errors.invalid_because(
            "TargetArn", "No endpoint found for the target arn specified"
        ) from error
    if not application.is_enabled:
        raise AwsError("PlatformApplicationDisabled", "Platform application is disabled")
    if not endpoint.is_enabled:
        raise AwsError("EndpointDisabled", "Endpoint is disabled")
    outbox.put(
        tx, channel="push", to=endpoint_arn, because=application_arn, body=text,
        attributes={
            "Platform": platform_of(application_arn),
            "Token": endpoint.token,
            "MessageId": message_id,
        },
    )  # fmt: skip
