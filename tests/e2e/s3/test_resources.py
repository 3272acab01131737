"""What CloudFormation asks of buckets, as AWS::S3::Bucket and BucketPolicy declare it."""

from __future__ import annotations

import json
from typing import Any

from botocore import xform_name

from pileus.kernel.resource_types import ResourceType, requests
from pileus.services.s3.resources import BUCKET
from pileus.services.s3.settings.resources import BUCKET_POLICY
from support.refusals import refusal

NAME = "made-by-a-template"
SETTINGS: dict[str, Any] = {
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
    "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
    "Tags": [{"Key": "team", "Value": "blue"}],
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [
            {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
        ]
    },
    "CorsConfiguration": {
        "CorsRules": [
            {
                "Id": "one",
                "AllowedMethods": ["GET"],
                "AllowedOrigins": ["*"],
                "ExposedHeaders": ["ETag"],
                "MaxAge": 5,
            }
        ]
    },
    "WebsiteConfiguration": {
        "IndexDocument": "index.html",
        "ErrorDocument": "error.html",
        "RoutingRules": [
            {
                "RedirectRule": {"HostName": "a"},
                "RoutingRuleCondition": {"KeyPrefixEquals": "b"},
            }
        ],
    },
    "LoggingConfiguration": {"DestinationBucketName": NAME, "LogFilePrefix": "logs/"},
    "AccelerateConfiguration": {"AccelerationStatus": "Enabled"},
}


DOES: dict[str, Any] = {
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
    "PublicAccessBlockConfiguration": {"BlockPublicAcls": False},
    "AccessControl": "AuthenticatedRead",
    "AbacStatus": "Enabled",
    "LifecycleConfiguration": {
        "TransitionDefaultMinimumObjectSize": "varies_by_storage_class",
        "Rules": [
            {
                "Id": "old",
                "Status": "Enabled",
                "Prefix": "log/",
                "ExpirationInDays": 90,
                "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 30}],
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
            }
        ],
    },
    "NotificationConfiguration": {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True},
        "QueueConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Queue": "QUEUE",
                "Filter": {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".png"}]}},
            }
        ],
    },
    "ReplicationConfiguration": {
        "Role": "arn:aws:iam::000000000000:role/r",
        "Rules": [
            {
                "Id": "all",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {"TagFilter": {"Key": "a", "Value": "1"}},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": {"Bucket": "PLACE"},
            }
        ],
    },
    "AnalyticsConfigurations": [
        {
            "Id": "a",
            "Prefix": "p",
            "StorageClassAnalysis": {
                "DataExport": {
                    "OutputSchemaVersion": "V_1",
                    "Destination": {"BucketArn": "PLACE", "Format": "CSV", "Prefix": "to/"},
                }
            },
        }
    ],
    "InventoryConfigurations": [
        {
            "Id": "i",
            "Enabled": True,
            "Destination": {"BucketArn": "PLACE", "Format": "CSV", "Prefix": "to/"},
            "IncludedObjectVersions": "Current",
            "ScheduleFrequency": "Daily",
            "Prefix": "p",
        }
    ],
    "MetricsConfigurations": [{"Id": "m"}, {"Id": "n", "Prefix": "p"}],
    "IntelligentTieringConfigurations": [
        {
            "Id": "t",
            "Status": "Enabled",
            "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 90}],
        }
    ],
}


def carry_out(
    s3: Any, kind: ResourceType, before: dict[str, Any] | None, after: dict[str, Any]
) -> list[str]:
    """Do what a template's change asks for; what was asked."""
    asked = []
    for operation, members in requests(
        kind.create if before is None else kind.update, before, after, {}
    ):
        getattr(s3, xform_name(operation))(**members)
        asked.append(operation)
    return asked


def test_a_template_makes_a_bucket_with_all_its_settings(s3: Any) -> None:
    full = {"BucketName": NAME, **SETTINGS}
    carry_out(s3, BUCKET, None, full)
    ask = {"Bucket": NAME}
    assert SETTINGS["Tags"] == s3.get_bucket_tagging(**ask)["TagSet"]
    (rule,) = s3.get_bucket_cors(**ask)["CORSRules"]
    assert ("one", ["ETag"], 5) == (rule["ID"], rule["ExposeHeaders"], rule["MaxAgeSeconds"])
    website = s3.get_bucket_website(**ask)
    expected = [{"Redirect": {"HostName": "a"}, "Condition": {"KeyPrefixEquals": "b"}}]
    assert expected == website["RoutingRules"]
    encryption = s3.get_bucket_encryption(**ask)["ServerSideEncryptionConfiguration"]
    chosen = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    assert "aws:kms" == chosen["SSEAlgorithm"]
    assert "logs/" == s3.get_bucket_logging(**ask)["LoggingEnabled"]["TargetPrefix"]
    assert "Enabled" == s3.get_bucket_accelerate_configuration(**ask)["Status"]
    # What is the same again asks for nothing of these.
    assert [] == carry_out(s3, BUCKET, full, full)
    carry_out(s3, BUCKET, full, {"BucketName": NAME})
    assert "NoSuchTagSet" == refusal(s3.get_bucket_tagging, **ask).code
    assert "NoSuchCORSConfiguration" == refusal(s3.get_bucket_cors, **ask).code
    assert "NoSuchWebsiteConfiguration" == refusal(s3.get_bucket_website, **ask).code
    assert "LoggingEnabled" not in s3.get_bucket_logging(**ask)


def test_a_template_says_what_a_bucket_does(aws: Any, s3: Any, versioned: str) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    queue = asked["Attributes"]["QueueArn"]
    name = "does-what-a-template-says"
    place = f"arn:aws:s3:::{versioned}"
    bare = {"BucketName": name, "VersioningConfiguration": {"Status": "Enabled"}}
    text = json.dumps(DOES).replace("QUEUE", queue).replace("PLACE", place)
    full = {**bare, **json.loads(text)}
    carry_out(s3, BUCKET, None, full)
    ask = {"Bucket": name}
    lifecycle = s3.get_bucket_lifecycle_configuration(**ask)
    (rule,) = lifecycle["Rules"]
    assert ("old", {"Prefix": "log/"}, 90) == (
        rule["ID"], rule["Filter"], rule["Expiration"]["Days"],
    )  # fmt: skip
    assert "varies_by_storage_class" == lifecycle["TransitionDefaultMinimumObjectSize"]
    told = s3.get_bucket_notification_configuration(**ask)
    assert {} == told["EventBridgeConfiguration"]
    (entry,) = told["QueueConfigurations"]
    assert (queue, ["s3:ObjectCreated:*"]) == (entry["QueueArn"], entry["Events"])
    replication = s3.get_bucket_replication(**ask)["ReplicationConfiguration"]
    assert {"Tag": {"Key": "a", "Value": "1"}} == replication["Rules"][0]["Filter"]
    export = s3.get_bucket_analytics_configuration(**ask, Id="a")["AnalyticsConfiguration"]
    place_of_export = export["StorageClassAnalysis"]["DataExport"]["Destination"]
    assert place == place_of_export["S3BucketDestination"]["Bucket"]
    inventory = s3.get_bucket_inventory_configuration(**ask, Id="i")["InventoryConfiguration"]
    assert ("Daily", True) == (inventory["Schedule"]["Frequency"], inventory["IsEnabled"])
    assert ["m", "n"] == [
        each["Id"]
        for each in s3.list_bucket_metrics_configurations(**ask)["MetricsConfigurationList"]
    ]
    s3.get_bucket_intelligent_tiering_configuration(**ask, Id="t")
    assert 2 == len(s3.get_bucket_acl(**ask)["Grants"])
    assert "Enabled" == s3.get_bucket_abac(**ask)["AbacStatus"]["Status"]
    # What is the same again asks for nothing of these.
    assert ["PutBucketVersioning"] == carry_out(s3, BUCKET, full, full)
    fewer = {**full, "MetricsConfigurations": [{"Id": "n", "Prefix": "other"}]}
    asked_for = carry_out(s3, BUCKET, full, fewer)
    assert ["DeleteBucketMetricsConfiguration", "PutBucketMetricsConfiguration"] == asked_for[:2]
    carry_out(s3, BUCKET, fewer, bare)
    assert (
        "NoSuchLifecycleConfiguration" == refusal(s3.get_bucket_lifecycle_configuration, **ask).code
    )
    told = s3.get_bucket_notification_configuration(**ask)
    assert not {"EventBridgeConfiguration", "QueueConfigurations"} & told.keys()
    gone = refusal(s3.get_bucket_replication, **ask).code
    assert "ReplicationConfigurationNotFoundError" == gone
    assert "NoSuchConfiguration" == refusal(s3.get_bucket_metrics_configuration, **ask, Id="n").code
    assert "Disabled" == s3.get_bucket_abac(**ask)["AbacStatus"]["Status"]


def test_a_template_sets_a_policy(s3: Any, bucket: str) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    carry_out(s3, BUCKET_POLICY, None, {"Bucket": bucket, "PolicyDocument": text})
    assert text == s3.get_bucket_policy(Bucket=bucket)["Policy"]
