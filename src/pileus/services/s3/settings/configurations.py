"""Configurations of which a bucket has up to a thousand, each with an id: kept, listed, told.

Analytics, inventories, metrics and intelligent tiering; none of them does anything here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pileus.kernel import pagination
from pileus.services.s3 import errors, store
from pileus.services.s3.settings import documents, refusals

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: API_PutBucketMetricsConfiguration, API_ListBucketMetricsConfigurations
CONFIGURATIONS_MAX = 1000
PAGE_MAX = 100
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Kind(NamedTuple):
    """One of the four, by the name under which it is kept and AWS's name of its document."""

    name: str
    member: str

    def key(self, id_: str) -> str:
        return f"{self.name}/{id_}"


ANALYTICS = Kind("analytics", "AnalyticsConfiguration")
INVENTORY = Kind("inventory", "InventoryConfiguration")
METRICS = Kind("metrics", "MetricsConfiguration")
TIERING = Kind("intelligent-tiering", "IntelligentTieringConfiguration")
# docs: API_Tiering; the days that an object is not asked for.
_DAYS_MIN = {"ARCHIVE_ACCESS": 90, "DEEP_ARCHIVE_ACCESS": 180}
_DAYS_MAX = 730


def _put(call: Call, kind: Kind, id_: str, document: dict[str, Any], owner: str | None) -> None:
    found = store.find_bucket(call.tx, owner)
    documents.check(call, kind.member, document)
    _check_filter(document.get("Filter"))
    if _ID.fullmatch(id_) is None:
        raise refusals.invalid_id(id_)
    if document["Id"] != id_:
        raise refusals.id_mismatch()
    present = documents.find(call.tx, found, kind.key(id_))
    if present is None and store.count_settings(call.tx, found, kind.name) >= CONFIGURATIONS_MAX:
        raise refusals.too_many_configurations()
    documents.put(call.tx, found, kind.key(id_), document)


def _check_filter(given: dict[str, Any] | None) -> None:
    """A filter is one thing, or at least two of them below And."""
    if given is None:
        return
    both = given.get("And")
    parts = 2 if both is None else len({*both} - {"Tags"}) + len(both.get("Tags") or ())
    if len(given) > 1 or parts < 2:
        raise errors.malformed_xml()


def _get(call: Call, kind: Kind, id_: str, owner: str | None) -> dict[str, Any]:
    found = store.find_bucket(call.tx, owner)
    document = documents.find(call.tx, found, kind.key(id_))
    if document is None:
        raise refusals.no_such_configuration(found.name)
    return {kind.member: document}


def _delete(call: Call, kind: Kind, id_: str, owner: str | None) -> None:
    found = store.find_bucket(call.tx, owner)
    if not store.remove_setting(call.tx, found, kind.key(id_)):
        raise refusals.no_such_configuration(found.name)


def _list(call: Call, kind: Kind, token: str | None, owner: str | None) -> dict[str, Any]:
    found = store.find_bucket(call.tx, owner)
    after = ""
    if token:
        try:
            (after,) = pagination.decode(token, str)
        except pagination.InvalidToken:
            raise errors.invalid_argument(
                "The continuation token provided is incorrect", "continuation-token"
            ) from None
    rows = store.settings_after(call.tx, found, kind.name, after, PAGE_MAX + 1)
    shown = rows[:PAGE_MAX]
    answer: dict[str, Any] = {
        "IsTruncated": len(rows) > PAGE_MAX,
        f"{kind.member}List": [documents.decode(text) for _, text in shown],
    }
    if token:
        answer["ContinuationToken"] = token
    if len(rows) > PAGE_MAX:
        answer["NextContinuationToken"] = pagination.encode(shown[-1][0])
    return answer


# Analytics.


def put_bucket_analytics_configuration(
    call: Call,
    *,
    bucket: str,
    id: str,
    analytics_configuration: dict[str, Any],
    expected_bucket_owner: str | None = None,
) -> None:
    analysis = analytics_configuration.get("StorageClassAnalysis") or {}
    export = analysis.get("DataExport") or {}
    _check_destination((export.get("Destination") or {}).get("S3BucketDestination"))
    _put(call, ANALYTICS, id, analytics_configuration, expected_bucket_owner)


def _check_destination(destination: dict[str, Any] | None) -> None:
    name = (destination or {}).get("Bucket")
    if name is not None and not re.fullmatch(r"arn:aws[a-z-]*:s3:::[A-Za-z0-9._-]{1,255}", name):
        raise refusals.invalid_destination()


def get_bucket_analytics_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    return _get(call, ANALYTICS, id, expected_bucket_owner)


def list_bucket_analytics_configurations(
    call: Call,
    *,
    bucket: str,
    continuation_token: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    return _list(call, ANALYTICS, continuation_token, expected_bucket_owner)


def delete_bucket_analytics_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> None:
    _delete(call, ANALYTICS, id, expected_bucket_owner)


# Inventories.


def put_bucket_inventory_configuration(
    call: Call,
    *,
    bucket: str,
    id: str,
    inventory_configuration: dict[str, Any],
    expected_bucket_owner: str | None = None,
) -> None:
    destination = inventory_configuration.get("Destination") or {}
    _check_destination(destination.get("S3BucketDestination"))
    _put(call, INVENTORY, id, inventory_configuration, expected_bucket_owner)


def get_bucket_inventory_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    return _get(call, INVENTORY, id, expected_bucket_owner)


def list_bucket_inventory_configurations(
    call: Call,
    *,
    bucket: str,
    continuation_token: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    return _list(call, INVENTORY, continuation_token, expected_bucket_owner)


def delete_bucket_inventory_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> None:
    _delete(call, INVENTORY, id, expected_bucket_owner)


# Metrics.


def put_bucket_metrics_configuration(
    call: Call,
    *,
    bucket: str,
    id: str,
    metrics_configuration: dict[str, Any],
    expected_bucket_owner: str | None = None,
) -> None:
    _put(call, METRICS, id, metrics_configuration, expected_bucket_owner)


def get_bucket_metrics_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    return _get(call, METRICS, id, expected_bucket_owner)


def list_bucket_metrics_configurations(
    call: Call,
    *,
    bucket: str,
    continuation_token: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    return _list(call, METRICS, continuation_token, expected_bucket_owner)


def delete_bucket_metrics_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> None:
    _delete(call, METRICS, id, expected_bucket_owner)


# Intelligent tiering.


def put_bucket_intelligent_tiering_configuration(
    call: Call,
    *,
    bucket: str,
    id: str,
    intelligent_tiering_configuration: dict[str, Any],
    expected_bucket_owner: str | None = None,
) -> None:
    tierings = intelligent_tiering_configuration.get("Tierings") or ()
    tiers = [each.get("AccessTier") for each in tierings]
    if len(set(tiers)) < len(tiers):
        raise errors.malformed_xml()
    for each in tierings:
        if not _DAYS_MIN.get(each.get("AccessTier"), 0) <= each.get("Days", 0) <= _DAYS_MAX:
            raise errors.invalid_argument("Invalid argument", "Days", each.get("Days", ""))
    _put(call, TIERING, id, intelligent_tiering_configuration, expected_bucket_owner)


def get_bucket_intelligent_tiering_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    return _get(call, TIERING, id, expected_bucket_owner)


def list_bucket_intelligent_tiering_configurations(
    call: Call,
    *,
    bucket: str,
    continuation_token: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    return _list(call, TIERING, continuation_token, expected_bucket_owner)


def delete_bucket_intelligent_tiering_configuration(
    call: Call, *, bucket: str, id: str, expected_bucket_owner: str | None = None
) -> None:
    _delete(call, TIERING, id, expected_bucket_owner)
