"""What happens to an application's endpoints, told to the topics that its attributes name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from pileus.kernel import arns
from pileus.kernel.deliveries import RetryPolicy
from pileus.services.sns import push_store

if TYPE_CHECKING:
    from pileus.kernel.deliveries import Delivery
    from pileus.kernel.transaction import Transaction

CREATED = "EventEndpointCreated"
DELETED = "EventEndpointDeleted"
UPDATED = "EventEndpointUpdated"
FAILED = "EventDeliveryFailure"
NAMES = frozenset({CREATED, DELETED, UPDATED, FAILED})
# Marks what a subscription's delivery tells an application about its failure.
_FAILURE = "FailureType"
_DISABLED = "EndpointDisabled"
_SUBJECT_LENGTH_MAX = 100
_POLICY = RetryPolicy(retries_refusals=False)


def is_topic(arn: str) -> bool:
    parsed = arns.parse(arn)
    return parsed is not None and parsed.service == "sns" and "/" not in parsed.resource


def tell(
    tx: Transaction, application: push_store.Application, name: str, endpoint_arn: str,
    **more: str | int,
) -> None:  # fmt: skip
    """Publish one event, in the words of those that AWS sends, if a topic waits for it."""
    topic = application.attributes.get(name)
    if not topic:
        return
    at = datetime.fromtimestamp(tx.now / 1000, UTC).isoformat(timespec="milliseconds")
    kind = name.removeprefix("Event")
    event = {
        "EndpointArn": endpoint_arn,
        "EventType": kind,
        "Resource": tx.about,
        "Service": "SNS",
        "Time": at.replace("+00:00", "Z"),
        **more,
    }
    _, platform, app = tx.about.rsplit("/", 2)
    subject = f"{kind} event for app {app} ({platform})"[:_SUBJECT_LENGTH_MAX]
    tx.deliver(
        to=topic, payload=msgspec.json.encode(dict(sorted(event.items()))), because=tx.about,
        attributes={"Subject": subject}, policy=_POLICY,
    )  # fmt: skip


def report_failure(
    tx: Transaction, application_arn: str, endpoint_arn: str, message_id: str, because: str
) -> None:
    """A subscription's message was refused for good; the application may want to tell of it."""
    tx.deliver(
        to=application_arn, payload=b"", because=because, policy=_POLICY,
        attributes={_FAILURE: _DISABLED, "EndpointArn": endpoint_arn, "MessageId": message_id},
    )  # fmt: skip


def is_failure(delivery: Delivery) -> bool:
    return _FAILURE in delivery.attributes


def take_failure(tx: Transaction, delivery: Delivery) -> None:
    """Tell of a disabled endpoint; one that is gone belongs to no application any more."""
    endpoint_arn: str = delivery.attributes["EndpointArn"]
    application = push_store.seek_application(tx, tx.about)
    endpoint = application and push_store.seek_endpoint(
        tx, application.number, endpoint_arn.rpartition("/")[2]
    )
    if application is None or endpoint is None or endpoint.is_enabled:
        return
    tell(
        tx, application, FAILED, endpoint_arn, DeliveryAttempts=1,
        FailureMessage="Endpoint is disabled", FailureType=delivery.attributes[_FAILURE],
        MessageId=delivery.attributes["MessageId"],
    )  # fmt: skip
