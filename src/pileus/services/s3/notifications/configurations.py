"""Operations on a bucket's notification configuration."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.deliveries import Handover, RetryPolicy
from pileus.kernel.errors import AwsError
from pileus.services.s3 import store
from pileus.services.s3.notifications import announcements, errors, records, rules
from pileus.services.s3.notifications.announcements import KIND
from pileus.services.s3.notifications.rules import Configuration

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

_ONCE = RetryPolicy(retries_refusals=False)
_NOUNS = {"sns": "topic", "sqs": "queue", "lambda": "Lambda"}


def get_bucket_notification_configuration(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    text = store.setting(call.tx, found, KIND)
    return {} if text is None else msgspec.json.decode(text)


async def put_bucket_notification_configuration(
    call: Call,
    *,
    bucket: str,
    notification_configuration: dict[str, Any],
    expected_bucket_owner: str | None = None,
    skip_destination_validation: bool = False,
) -> None:
    found: Bucket = await call.read(store.find_bucket, expected_bucket_owner, about=call.about)
    document = _completed(call, notification_configuration)
    configuration = rules.of_document(document)
    is_checked = not skip_destination_validation
    if is_checked:
        _check_places(configuration, found)
        for rule in configuration.rules:
            if ":lambda:" in rule.to:
                await _check_function(call, rule.to)
    text = msgspec.json.encode(document).decode() if document else ""
    await call.transaction(put, text, is_checked, expected_bucket_owner, about=call.about)


def _completed(call: Call, given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as it is kept and told: each entry with an id, names as AWS tells them."""
    document: dict[str, Any] = {}
    for name in rules.LISTS:
        entries = [_entry(call, each) for each in given.get(name) or ()]
        if entries:
            document[name] = entries
    if given.get("EventBridgeConfiguration") is not None:
        document["EventBridgeConfiguration"] = {}
    return document


def _entry(call: Call, given: Mapping[str, Any]) -> dict[str, Any]:
    entry = dict(given)
    if not entry.get("Id"):
        entry["Id"] = base64.b64encode(call.kernel.ids.uuid().encode()).decode()
    listed = ((entry.get("Filter") or {}).get("Key") or {}).get("FilterRules")
    if listed:
        told = [
            {"Name": str(each.get("Name", "")).capitalize(), "Value": each.get("Value") or ""}
            for each in listed
        ]
        entry["Filter"] = {"Key": {"FilterRules": told}}
    return entry


def _check_places(configuration: Configuration, bucket: Bucket) -> None:
    for rule in configuration.rules:
        place = arns.parse(rule.to)
        assert place is not None, "the rules have been read"
        if place.region != bucket.region:
            raise errors.destination_invalid(
                rule.to,
                "The notification destination service region is not valid for the bucket "
                "location constraint",
            )
        if rule.to.endswith(".fifo"):
            raise errors.destination_invalid(
                rule.to, f"FIFO {_NOUNS[place.service]}s are not supported as destinations"
            )


async def _check_function(call: Call, to: str) -> None:
    try:
        await call.invoke("lambda", "GetFunctionConfiguration", FunctionName=to)
    except AwsError as refusal:
        # Whoever configures the bucket need not be allowed to look at the function.
        if refusal.code == "ResourceNotFoundException":
            raise _no_destination(to) from None


def _no_destination(to: str) -> AwsError:
    place = arns.parse(to)
    assert place is not None, "the rules have been read"
    return errors.destination_invalid(to, f"The destination {_NOUNS[place.service]} does not exist")


def put(tx: Transaction, text: str, is_checked: bool, owner: str | None) -> None:
    """Step: keep a configuration, and tell each new destination that it is one."""
    bucket = store.find_bucket(tx, owner)
    if not text:
        store.remove_setting(tx, bucket, KIND)
        return
    store.put_setting(tx, bucket, KIND, text)
    if not is_checked:
        return
    assert tx.call is not None, "a request has caused this"
    document = records.test_event(bucket.name, tx.now, tx.call.request_id)
    for to in dict.fromkeys(rule.to for rule in rules.of_text(text).rules):
        if ":lambda:" in to:
            continue
        handover = announcements.hand_over(tx, to, document, policy=_ONCE)
        if handover is Handover.REFUSED:
            raise _no_destination(to)
