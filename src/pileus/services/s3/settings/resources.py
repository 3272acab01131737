"""What CloudFormation sets on a bucket, and AWS::S3::BucketPolicy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pileus.kernel.resource_types import ADDED, CHANGED, REMOVED, ResourceType, Step
from pileus.services.s3.settings import resource_shapes as shapes

_NAME = {"Bucket": "BucketName"}


class _Setting(NamedTuple):
    """A property that is set by an operation of its own, and taken off by another."""

    name: str
    put: str
    members: Mapping[str, str]
    # Empty where an empty document takes it off.
    delete: str = ""
    empty: Mapping[str, str] = {}
    renamed: Mapping[str, str] = {}
    shaped: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def begin(self) -> Step:
        return Step(
            self.put,
            {**_NAME, **self.members},
            needs=self.name,
            changed=(self.name,),
            renamed=self.renamed,
            shaped=self.shaped,
        )

    def end(self) -> Step:
        return Step(
            self.delete or self.put,
            {**_NAME, **self.empty},
            had=self.name,
            changed=(self.name,),
            shaped=None if self.delete else self.shaped,
        )


class _Listed(NamedTuple):
    """A property that is a list of configurations with ids, set one by one."""

    name: str
    member: str
    shaped: Callable[[dict[str, Any]], dict[str, Any]]

    def end(self) -> tuple[Step, ...]:
        members = {**_NAME, "Id": "item.Id"}
        delete = f"DeleteBucket{self.member}"
        return (Step(delete, members, each=self.name, by=("Id",), which=REMOVED),)

    def begin(self) -> tuple[Step, ...]:
        members = {**_NAME, "Id": "item.Id", self.member: "item"}
        return tuple(
            Step(
                f"PutBucket{self.member}",
                members,
                each=self.name,
                by=("Id",),
                which=which,
                shaped=self.shaped,
            )
            for which in (ADDED, CHANGED)
        )


def _same(name: str) -> dict[str, str]:
    return {name: name}


_RULE = "ServerSideEncryptionConfiguration.Rules.0"
_GIVEN_RULE = "BucketEncryption.ServerSideEncryptionConfiguration.0"
_LOGGING = "BucketLoggingStatus.LoggingEnabled"
_WEBSITE = "WebsiteConfiguration"

_SETTINGS = (
    _Setting(
        "OwnershipControls",
        "PutBucketOwnershipControls",
        _same("OwnershipControls"),
        "DeleteBucketOwnershipControls",
    ),
    _Setting(
        "PublicAccessBlockConfiguration",
        "PutPublicAccessBlock",
        _same("PublicAccessBlockConfiguration"),
        "DeletePublicAccessBlock",
    ),
    _Setting("Tags", "PutBucketTagging", {"Tagging.TagSet": "Tags"}, "DeleteBucketTagging"),
    _Setting(
        "BucketEncryption",
        "PutBucketEncryption",
        {
            f"{_RULE}.ApplyServerSideEncryptionByDefault": (
                f"{_GIVEN_RULE}.ServerSideEncryptionByDefault"
            ),
            f"{_RULE}.BucketKeyEnabled": f"{_GIVEN_RULE}.BucketKeyEnabled",
        },
        "DeleteBucketEncryption",
    ),
    _Setting(
        "CorsConfiguration",
        "PutBucketCors",
        {"CORSConfiguration.CORSRules": "CorsConfiguration.CorsRules"},
        "DeleteBucketCors",
        renamed={"ExposedHeaders": "ExposeHeaders", "Id": "ID", "MaxAge": "MaxAgeSeconds"},
    ),
    _Setting(
        _WEBSITE,
        "PutBucketWebsite",
        {
            f"{_WEBSITE}.IndexDocument.Suffix": f"{_WEBSITE}.IndexDocument",
            f"{_WEBSITE}.ErrorDocument.Key": f"{_WEBSITE}.ErrorDocument",
            f"{_WEBSITE}.RedirectAllRequestsTo": f"{_WEBSITE}.RedirectAllRequestsTo",
            f"{_WEBSITE}.RoutingRules": f"{_WEBSITE}.RoutingRules",
        },
        "DeleteBucketWebsite",
        renamed={"RedirectRule": "Redirect", "RoutingRuleCondition": "Condition"},
    ),
    _Setting(
        "LoggingConfiguration",
        "PutBucketLogging",
        {
            f"{_LOGGING}.TargetBucket": "LoggingConfiguration.DestinationBucketName",
            f"{_LOGGING}.TargetPrefix": "LoggingConfiguration.LogFilePrefix",
            f"{_LOGGING}.TargetObjectKeyFormat": "LoggingConfiguration.TargetObjectKeyFormat",
        },
        empty={"BucketLoggingStatus": "={}"},
    ),
    _Setting(
        "AccessControl",
        "PutBucketAcl",
        {"ACL": "AccessControl"},
        empty={"ACL": '="Private"'},
        shaped=shapes.acl,
    ),
    _Setting(
        "LifecycleConfiguration",
        "PutBucketLifecycleConfiguration",
        {
            **_same("LifecycleConfiguration"),
            "TransitionDefaultMinimumObjectSize": (
                "LifecycleConfiguration.TransitionDefaultMinimumObjectSize"
            ),
        },
        "DeleteBucketLifecycle",
        shaped=shapes.lifecycle,
    ),
    _Setting(
        "NotificationConfiguration",
        "PutBucketNotificationConfiguration",
        _same("NotificationConfiguration"),
        empty={"NotificationConfiguration": "={}"},
        shaped=shapes.notifications,
    ),
    _Setting(
        "AbacStatus",
        "PutBucketAbac",
        {"AbacStatus.Status": "AbacStatus"},
        empty={"AbacStatus.Status": '="Disabled"'},
    ),
)
_LISTED = (
    _Listed("AnalyticsConfigurations", "AnalyticsConfiguration", shapes.analytics),
    _Listed("InventoryConfigurations", "InventoryConfiguration", shapes.inventory),
    _Listed("MetricsConfigurations", "MetricsConfiguration", shapes.metrics),
    _Listed("IntelligentTieringConfigurations", "IntelligentTieringConfiguration", shapes.tiering),
)
# Only a bucket that keeps versions has one, so it is set after that and goes before.
_REPLICATION = _Setting(
    "ReplicationConfiguration",
    "PutBucketReplication",
    _same("ReplicationConfiguration"),
    "DeleteBucketReplication",
    renamed={"Id": "ID", "TagFilter": "Tag", "TagFilters": "Tags"},
)
_ACCELERATE = Step(
    "PutBucketAccelerateConfiguration",
    {
        **_NAME,
        "AccelerateConfiguration.Status": "AccelerateConfiguration.AccelerationStatus",
    },
    needs="AccelerateConfiguration",
    changed=("AccelerateConfiguration",),
)

CREATE = (
    *(setting.begin() for setting in _SETTINGS),
    _ACCELERATE,
    *(step for listed in _LISTED for step in listed.begin()),
)
UPDATE = (
    _REPLICATION.end(),
    *(step for setting in _SETTINGS for step in (setting.end(), setting.begin())),
    _ACCELERATE,
    *(step for listed in _LISTED for step in (*listed.end(), *listed.begin())),
)
# What needs versions.
LAST = (_REPLICATION.begin(),)

_POLICY = Step(
    "PutBucketPolicy",
    {"Bucket": "Bucket", "Policy": "PolicyDocument"},
    changed=("PolicyDocument",),
)
BUCKET_POLICY = ResourceType(
    name="AWS::S3::BucketPolicy",
    create=(_POLICY,),
    update=(_POLICY,),
    delete=(Step("DeleteBucketPolicy", {"Bucket": "Bucket"}),),
    read=Step("ListBuckets", {"Prefix": "Bucket"}),
    reference="Buckets.0.Name",
    replacing=("Bucket",),
)
