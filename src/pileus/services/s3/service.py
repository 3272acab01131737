"""What S3 consists of: operations, rows, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Listener, Operations, Service, Timer
from pileus.services.s3 import buckets, resources
from pileus.services.s3.changes import ObjectChanged
from pileus.services.s3.listings import objects as object_lists
from pileus.services.s3.listings import uploads as upload_lists
from pileus.services.s3.listings import versions as version_lists
from pileus.services.s3.multipart import completion, parts, upkeep, uploads
from pileus.services.s3.names import the_bucket, the_owner
from pileus.services.s3.notifications import announcements
from pileus.services.s3.notifications import configurations as notification_configurations
from pileus.services.s3.objects import attributes, copies, deletes, gets, puts, tagging

S3 = Service(
    name="s3",
    package=__package__,
    operations=[
        Operations([buckets.list_buckets], about=the_owner),
        # Bodies of any size.
        Operations([puts.put_object, parts.upload_part], about=the_bucket, streams="PUT"),
        Operations(
            [
                gets.get_object,
                gets.head_object,
                attributes.get_object_attributes,
                tagging.get_object_tagging,
                tagging.get_object_acl,
                buckets.head_bucket,
                buckets.get_bucket_location,
                buckets.get_bucket_versioning,
                notification_configurations.get_bucket_notification_configuration,
            ],
            about=the_bucket,
            reads=True,
        ),
        Operations(
            [
                buckets.create_bucket,
                buckets.delete_bucket,
                buckets.put_bucket_versioning,
                notification_configurations.put_bucket_notification_configuration,
                copies.copy_object,
                deletes.delete_object,
                deletes.delete_objects,
                tagging.put_object_tagging,
                tagging.delete_object_tagging,
                tagging.put_object_acl,
                object_lists.list_objects,
                object_lists.list_objects_v2,
                version_lists.list_object_versions,
                upload_lists.list_multipart_uploads,
                uploads.create_multipart_upload,
                uploads.abort_multipart_upload,
                uploads.list_parts,
                parts.upload_part_copy,
                completion.complete_multipart_upload,
            ],
            about=the_bucket,
        ),
    ],
    timers=[
        Timer(upkeep.PARTS_TIMER, upkeep.drop_parts),
        Timer(upkeep.UPLOADS_TIMER, upkeep.drop_uploads),
    ],
    listeners=[Listener(ObjectChanged, announcements.tell)],
    resource_types=resources.RESOURCE_TYPES,
    allows_anonymous=True,
    # docs: AmazonS3/latest/userguide/using-with-s3-policy-actions
    iam_actions={
        "ListBuckets": "s3:ListAllMyBuckets",
        "HeadBucket": "s3:ListBucket",
        "ListObjects": "s3:ListBucket",
        "ListObjectsV2": "s3:ListBucket",
        "ListObjectVersions": "s3:ListBucketVersions",
        "ListMultipartUploads": "s3:ListBucketMultipartUploads",
        "ListParts": "s3:ListMultipartUploadParts",
        "HeadObject": "s3:GetObject",
        "CopyObject": "s3:PutObject",
        "CreateMultipartUpload": "s3:PutObject",
        "UploadPart": "s3:PutObject",
        "UploadPartCopy": "s3:PutObject",
        "CompleteMultipartUpload": "s3:PutObject",
        "DeleteObjects": "s3:DeleteObject",
        "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
        "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    },
)
