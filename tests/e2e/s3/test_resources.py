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
