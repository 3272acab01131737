"""The forms in which a change is told: a record for destinations, an event for EventBridge.

docs: AmazonS3/latest/userguide/notification-content-structure, ev-events, EventBridge
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from pileus.kernel.request import host_id

# Of an empty content.
EMPTY_ETAG = hashlib.md5(b"", usedforsecurity=False).hexdigest()
S3_ITSELF = "s3.amazonaws.com"
_ADDRESS = "127.0.0.1"


class Change(NamedTuple):
    """What has happened to which object, by whose request. Instants are epoch milliseconds."""

    event: str  # "ObjectCreated:Put"
    key: str
    version_id: str  # empty in a bucket that has never kept versions
    size_bytes: int
    etag: str
    at: int
    number: int
    request_id: str
    requester: str  # an access key or an account; empty for what S3 does by itself
    more: dict[str, Any]
    detail: dict[str, Any] = {}  # of the event for EventBridge


class Place(NamedTuple):
    """The bucket."""

    name: str
    arn: str
    account: str
    region: str


def record(change: Change, place: Place, configuration_id: str) -> dict[str, Any]:
    """One of the `Records` that destinations get."""
    by = _by(change)
    told: dict[str, Any] = {
        "eventVersion": _version(change.event),
        "eventSource": "aws:s3",
        "awsRegion": place.region,
        "eventTime": _instant(change.at),
        "eventName": change.event,
        "userIdentity": {"principalId": by if by == S3_ITSELF else f"AWS:{by}"},
        "requestParameters": {"sourceIPAddress": by if by == S3_ITSELF else _ADDRESS},
        "responseElements": {
            "x-amz-request-id": change.request_id,
            "x-amz-id-2": host_id(change.request_id),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": place.name,
                "ownerIdentity": {"principalId": owner_id(place.account)},
                "arn": place.arn,
            },
            "object": _object(change),
        },
    }
    told.update(change.more)
    return told


def _object(change: Change) -> dict[str, Any]:
    group, _, name = change.event.partition(":")
    found: dict[str, Any] = {"key": quote_plus(change.key, safe="/*")}
    if group in ("ObjectCreated", "ObjectRestore", "Replication"):
        found["size"] = change.size_bytes
    if name == "DeleteMarkerCreated":
        found["eTag"] = EMPTY_ETAG
    elif change.etag and group not in ("ObjectRemoved", "LifecycleExpiration"):
        found["eTag"] = change.etag
    if change.version_id:
        found["versionId"] = change.version_id
    if not _keeps_content(group):
        found["sequencer"] = sequencer(change)
    return found


def _keeps_content(group: str) -> bool:
    """Whether an event tells of an object whose content stays: these have no order to be told."""
    return group in ("ObjectTagging", "ObjectAcl", "ObjectRestore", "ObjectRetention")


def sequencer(change: Change) -> str:
    """Hexadecimal digits that grow with the changes of a key."""
    return f"{change.at // 1000:010X}{change.number:08X}"


def _version(event: str) -> str:
    if event.startswith("Replication:"):
        return "2.2"
    if event.startswith(("Lifecycle", "IntelligentTiering", "ObjectAcl", "ObjectTagging")):
        return "2.3"
    return "2.3" if event == "ObjectRestore:Delete" else "2.1"


def _instant(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _by(change: Change) -> str:
    return change.requester or S3_ITSELF


@lru_cache(maxsize=1000)
def owner_id(account: str) -> str:
    """An account as events name it, always the same: `A` and 13 letters and digits."""
    digest = hashlib.sha256(f"s3:customer:{account}".encode()).hexdigest()
    return f"A{digest[:13].upper()}"


def test_event(bucket: str, at: int, request_id: str) -> dict[str, Any]:
    """What a destination gets when it is configured."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _instant(at),
        "Bucket": bucket,
        "RequestId": request_id,
        "HostId": host_id(request_id),
    }


# EventBridge.

_CREATED = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}
_DELETED = {"Delete": "Permanently Deleted", "DeleteMarkerCreated": "Delete Marker Created"}
_OTHERS = {
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl:Put": "Object ACL Updated",
    "LifecycleTransition": "Object Storage Class Changed",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
    "ObjectRestore:Delete": "Object Restore Expired",
}


class Announced(NamedTuple):
    detail_type: str
    detail: dict[str, Any]


def announced(change: Change, bucket: str, requester_account: str) -> Announced | None:
    """The event on the default bus; None for what EventBridge is not told of."""
    group, _, name = change.event.partition(":")
    if group == "ObjectCreated":
        detail_type, reason = "Object Created", {"reason": _CREATED[name]}
    elif group == "ObjectRemoved":
        detail_type = "Object Deleted"
        reason = {"reason": "DeleteObject", "deletion-type": _DELETED[name]}
    elif group == "LifecycleExpiration":
        detail_type = "Object Deleted"
        reason = {"reason": "Lifecycle Expiration", "deletion-type": _DELETED[name]}
    elif change.event in _OTHERS:
        detail_type, reason = _OTHERS[change.event], {}
    else:
        return None
    by = requester_account if change.requester else S3_ITSELF
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": _object_of_event(change, group),
        "request-id": change.request_id,
        "requester": by,
    }
    if change.requester:
        detail["source-ip-address"] = _ADDRESS
    transition = change.more.get("lifecycleEventData", {}).get("transitionEventData")
    if transition is not None:
        detail["destination-storage-class"] = transition["destinationStorageClass"]
    return Announced(detail_type, {**detail, **reason, **change.detail})


def _object_of_event(change: Change, group: str) -> dict[str, Any]:
    found: dict[str, Any] = {"key": change.key}
    if group in ("ObjectCreated", "ObjectRestore", "LifecycleTransition"):
        found["size"] = change.size_bytes
    if change.event.endswith(":DeleteMarkerCreated"):
        found["etag"] = EMPTY_ETAG
    elif change.etag:
        found["etag"] = change.etag
    if change.version_id:
        found["version-id"] = change.version_id
    if not _keeps_content(group):
        found["sequencer"] = sequencer(change)
    return found
