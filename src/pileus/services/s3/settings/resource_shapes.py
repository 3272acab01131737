"""Properties of AWS::S3::Bucket in the shape that S3's operations take them in.

docs: AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket and its properties
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Properties = Mapping[str, Any]
Members = dict[str, Any]

_CANNED = {
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
    "AuthenticatedRead": "authenticated-read",
    "LogDeliveryWrite": "log-delivery-write",
    "BucketOwnerRead": "bucket-owner-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "AwsExecRead": "aws-exec-read",
}
# The lists of a notification configuration: S3's names, and what the destination is called.
_LISTS = {
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
}


def acl(members: Members) -> Members:
    chosen = members["ACL"]
    return {**members, "ACL": _CANNED.get(chosen, chosen)}


def notifications(members: Members) -> Members:
    given: Properties = members["NotificationConfiguration"]
    found: Members = {}
    for name, (list_name, place, arn) in _LISTS.items():
        entries = [_notification(each, place, arn) for each in given.get(name) or ()]
        if entries:
            found[list_name] = entries
    if (given.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled"):
        found["EventBridgeConfiguration"] = {}
    return {**members, "NotificationConfiguration": found}


def _notification(given: Properties, place: str, arn: str) -> Members:
    found: Members = {arn: given[place], "Events": [given["Event"]]}
    rules = ((given.get("Filter") or {}).get("S3Key") or {}).get("Rules")
    if rules:
        found["Filter"] = {"Key": {"FilterRules": rules}}
    return found


def lifecycle(members: Members) -> Members:
    rules = members["LifecycleConfiguration"]["Rules"]
    return {**members, "LifecycleConfiguration": {"Rules": [_lifecycle_rule(r) for r in rules]}}


def _lifecycle_rule(given: Properties) -> Members:
    expiration = _without_nothing(
        Days=given.get("ExpirationInDays"),
        Date=_instant(given.get("ExpirationDate")),
        ExpiredObjectDeleteMarker=given.get("ExpiredObjectDeleteMarker"),
    )
    days = given.get("NoncurrentVersionExpirationInDays")
    noncurrent = given.get("NoncurrentVersionExpiration") or _without_nothing(NoncurrentDays=days)
    return _without_nothing(
        ID=given.get("Id"),
        Status=given["Status"],
        Filter=_filter(
            given.get("Prefix"),
            given.get("TagFilters"),
            ObjectSizeGreaterThan=_number(given.get("ObjectSizeGreaterThan")),
            ObjectSizeLessThan=_number(given.get("ObjectSizeLessThan")),
        ),
        Expiration=expiration or None,
        NoncurrentVersionExpiration=noncurrent or None,
        AbortIncompleteMultipartUpload=given.get("AbortIncompleteMultipartUpload"),
        Transitions=[
            _without_nothing(
                StorageClass=each["StorageClass"],
                Days=each.get("TransitionInDays"),
                Date=_instant(each.get("TransitionDate")),
            )
            for each in _one_or_more(given, "Transition")
        ]
        or None,
        NoncurrentVersionTransitions=[
            _without_nothing(
                StorageClass=each["StorageClass"],
                NoncurrentDays=each.get("TransitionInDays"),
                NewerNoncurrentVersions=each.get("NewerNoncurrentVersions"),
            )
            for each in _one_or_more(given, "NoncurrentVersionTransition")
        ]
        or None,
    )


def _one_or_more(given: Properties, name: str) -> Sequence[Properties]:
    """Of the older property for one and the newer one for several, templates have one."""
    listed: Sequence[Properties] | None = given.get(f"{name}s")
    if listed is not None:
        return listed
    return [given[name]] if given.get(name) else []


def analytics(members: Members) -> Members:
    given: Properties = members["AnalyticsConfiguration"]
    export = (given.get("StorageClassAnalysis") or {}).get("DataExport")
    analysis: Members = {}
    if export is not None:
        analysis["DataExport"] = _without_nothing(
            OutputSchemaVersion=export.get("OutputSchemaVersion"),
            Destination=_destination(export["Destination"], "BucketAccountId"),
        )
    found = _without_nothing(
        Id=given["Id"],
        Filter=_filter(given.get("Prefix"), given.get("TagFilters")) or None,
        StorageClassAnalysis=analysis,
    )
    return {**members, "AnalyticsConfiguration": found}


def inventory(members: Members) -> Members:
    given: Properties = members["InventoryConfiguration"]
    found = _without_nothing(
        Id=given["Id"],
        IsEnabled=given["Enabled"],
        Destination=_destination(given["Destination"], "AccountId"),
        Filter=_filter(given.get("Prefix"), None) or None,
        IncludedObjectVersions=given["IncludedObjectVersions"],
        OptionalFields=given.get("OptionalFields"),
        Schedule={"Frequency": given["ScheduleFrequency"]},
    )
    return {**members, "InventoryConfiguration": found}


def _destination(given: Properties, account: str) -> Members:
    return {
        "S3BucketDestination": _without_nothing(
            **{account: given.get("BucketAccountId")},
            Bucket=given["BucketArn"],
            Format=given["Format"],
            Prefix=given.get("Prefix"),
        )
    }


def metrics(members: Members) -> Members:
    given: Properties = members["MetricsConfiguration"]
    wanted = _filter(
        given.get("Prefix"), given.get("TagFilters"), AccessPointArn=given.get("AccessPointArn")
    )
    found = _without_nothing(Id=given["Id"], Filter=wanted or None)
    return {**members, "MetricsConfiguration": found}


def tiering(members: Members) -> Members:
    given: Properties = members["IntelligentTieringConfiguration"]
    found = _without_nothing(
        Id=given["Id"],
        Filter=_filter(given.get("Prefix"), given.get("TagFilters")) or None,
        Status=given["Status"],
        Tierings=given["Tierings"],
    )
    return {**members, "IntelligentTieringConfiguration": found}


def _filter(prefix: str | None, tags: Sequence[Properties] | None, **more: Any) -> Members:
    """S3 wants one thing alone, and several below `And`."""
    parts = _without_nothing(Prefix=prefix, **more)
    listed = list(tags or ())
    if len(parts) + len(listed) <= 1:
        return {"Tag": listed[0]} if listed else parts
    return {"And": {**parts, **({"Tags": listed} if listed else {})}}


def _without_nothing(**members: Any) -> Members:
    return {name: value for name, value in members.items() if value is not None}


def _number(text: str | int | None) -> int | None:
    return None if text is None else int(text)


def _instant(text: str | None) -> int | None:
    """A date of a template as epoch milliseconds."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
