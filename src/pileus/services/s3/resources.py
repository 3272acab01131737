"""CloudFormation's resource types of S3."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step
from pileus.services.s3.settings import resources as settings

_NAME = {"Bucket": "BucketName"}
# Put when a bucket is made and when it is changed; what else is lies in `settings`.
_PROTECTION = (
    Step(
        "PutBucketVersioning",
        {**_NAME, "VersioningConfiguration.Status": "VersioningConfiguration.Status"},
        needs="VersioningConfiguration",
    ),
    Step(
        "PutObjectLockConfiguration",
        {**_NAME, "ObjectLockConfiguration": "ObjectLockConfiguration"},
        needs="ObjectLockConfiguration",
    ),
)

BUCKET = ResourceType(
    name="AWS::S3::Bucket",
    create=(
        Step(
            "CreateBucket",
            {**_NAME, "ObjectLockEnabledForBucket": "ObjectLockEnabled"},
        ),
        *settings.CREATE,
        *_PROTECTION,
        *settings.LAST,
    ),
    update=(
        *settings.UPDATE,
        *_PROTECTION,
        *settings.LAST,
    ),
    delete=(Step("DeleteBucket", _NAME),),
    read=Step("ListBuckets", {"Prefix": "BucketName"}),
    reference="Buckets.0.Name",
    attributes={"Arn": "Buckets.0.BucketArn"},
    replacing=("BucketName",),
)

RESOURCE_TYPES = (BUCKET, settings.BUCKET_POLICY)
