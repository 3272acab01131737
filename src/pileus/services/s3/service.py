"""What S3 consists of: operations, rows, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Endpoint, Listener, Operations, Service, Target, Timer
from pileus.services.s3 import buckets, followers, resources
from pileus.services.s3.changes import ObjectChanged
from pileus.services.s3.iam_actions import IAM_ACTIONS
from pileus.services.s3.lifecycle import agenda
from pileus.services.s3.lifecycle import configurations as lifecycle_configurations
from pileus.services.s3.lifecycle import runs as lifecycle_runs
from pileus.services.s3.listings import objects as object_lists
from pileus.services.s3.listings import uploads as upload_lists
from pileus.services.s3.listings import versions as version_lists
from pileus.services.s3.locks import configurations as lock_configurations
from pileus.services.s3.locks import retentions
from pileus.services.s3.multipart import completion, parts, upkeep, uploads
from pileus.services.s3.names import the_bucket, the_owner
from pileus.services.s3.notifications import configurations as notification_configurations
from pileus.services.s3.objects import (
    attributes,
    copies,
    deletes,
    deposits,
    gets,
    puts,
    reencryption,
)
from pileus.services.s3.objects import tagging as object_tagging
from pileus.services.s3.posts import post_object
from pileus.services.s3.replication import configurations as replication_configurations
from pileus.services.s3.replication import queues
from pileus.services.s3.replication import runs as replication_runs
from pileus.services.s3.restores import restore_object
from pileus.services.s3.settings import (
    access,
    access_lists,
    configurations,
    cors,
    default_encryption,
    policies,
    records,
    tagging,
)
from pileus.services.s3.websites import configurations as website_configurations
from pileus.services.s3.websites import endpoint as website

S3 = Service(
    name="s3",
    package=__package__,
    operations=[
        Operations([buckets.list_buckets], about=the_owner),
        # Bodies of any size.
        Operations(
            [puts.put_object, parts.upload_part],
            about=the_bucket,
            streams="PUT",
            at_once={puts.put_object: puts.put_small_object},
        ),
        Operations([post_object.post_object], about=the_bucket, streams="POST"),
        Operations(
            [gets.get_object, gets.head_object], about=the_bucket, reads=True, is_short=True
        ),
        Operations(
            [
                attributes.get_object_attributes,
                object_tagging.get_object_tagging,
                buckets.head_bucket,
                buckets.get_bucket_location,
                buckets.get_bucket_versioning,
            ],
            about=the_bucket,
            reads=True,
        ),
        # What is set on buckets.
        Operations(
            [
                tagging.get_bucket_tagging,
                access_lists.get_bucket_acl,
                access_lists.get_object_acl,
                access.get_bucket_ownership_controls,
                access.get_public_access_block,
                cors.get_bucket_cors,
                website_configurations.get_bucket_website,
                policies.get_bucket_policy,
                policies.get_bucket_policy_status,
                records.get_bucket_request_payment,
                records.get_bucket_accelerate_configuration,
                records.get_bucket_abac,
                records.get_bucket_logging,
                default_encryption.get_bucket_encryption,
                configurations.get_bucket_analytics_configuration,
                configurations.list_bucket_analytics_configurations,
                configurations.get_bucket_inventory_configuration,
                configurations.list_bucket_inventory_configurations,
                configurations.get_bucket_metrics_configuration,
                configurations.list_bucket_metrics_configurations,
                configurations.get_bucket_intelligent_tiering_configuration,
                configurations.list_bucket_intelligent_tiering_configurations,
            ],
            about=the_bucket,
            reads=True,
        ),
        Operations(
            [
                tagging.put_bucket_tagging,
                access_lists.put_bucket_acl,
                access_lists.put_object_acl,
                access.put_bucket_ownership_controls,
                access.delete_bucket_ownership_controls,
                access.put_public_access_block,
                access.delete_public_access_block,
                cors.put_bucket_cors,
                cors.delete_bucket_cors,
                website_configurations.put_bucket_website,
                website_configurations.delete_bucket_website,
                policies.put_bucket_policy,
                policies.delete_bucket_policy,
                tagging.delete_bucket_tagging,
                records.put_bucket_request_payment,
                records.put_bucket_accelerate_configuration,
                records.put_bucket_abac,
                records.put_bucket_logging,
                default_encryption.put_bucket_encryption,
                default_encryption.delete_bucket_encryption,
                configurations.put_bucket_analytics_configuration,
                configurations.delete_bucket_analytics_configuration,
                configurations.put_bucket_inventory_configuration,
                configurations.delete_bucket_inventory_configuration,
                configurations.put_bucket_metrics_configuration,
                configurations.delete_bucket_metrics_configuration,
                configurations.put_bucket_intelligent_tiering_configuration,
                configurations.delete_bucket_intelligent_tiering_configuration,
            ],
            about=the_bucket,
        ),
        Operations(
            [
                buckets.create_bucket,
                buckets.delete_bucket,
                buckets.put_bucket_versioning,
                copies.copy_object,
                deletes.delete_object,
                deletes.delete_objects,
                reencryption.update_object_encryption,
                object_tagging.put_object_tagging,
                object_tagging.delete_object_tagging,
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
        # What it does by itself.
        Operations(
            [
                lifecycle_configurations.get_bucket_lifecycle_configuration,
                lock_configurations.get_object_lock_configuration,
                retentions.get_object_legal_hold,
                retentions.get_object_retention,
                replication_configurations.get_bucket_replication,
                notification_configurations.get_bucket_notification_configuration,
            ],
            about=the_bucket,
            reads=True,
        ),
        Operations(
            [
                lifecycle_configurations.put_bucket_lifecycle_configuration,
                lifecycle_configurations.delete_bucket_lifecycle,
                lock_configurations.put_object_lock_configuration,
                retentions.put_object_legal_hold,
                retentions.put_object_retention,
                restore_object.restore_object,
                replication_configurations.put_bucket_replication,
                replication_configurations.delete_bucket_replication,
                notification_configurations.put_bucket_notification_configuration,
            ],
            about=the_bucket,
        ),
    ],
    targets=[Target("s3", accept=deposits.accept, send=deposits.send, is_sent=deposits.is_object)],
    timers=[
        Timer(upkeep.PARTS_TIMER, upkeep.drop_parts),
        Timer(upkeep.UPLOADS_TIMER, upkeep.drop_uploads),
        Timer(upkeep.SETTINGS_TIMER, upkeep.drop_settings),
        Timer(agenda.TIMER, lifecycle_runs.run),
        Timer(restore_object.TIMER, restore_object.go_on),
        Timer(queues.TIMER, replication_runs.run),
    ],
    listeners=[Listener(ObjectChanged, followers.follow)],
    endpoints=[Endpoint("s3 website", website.matches, website.answer, website.HOST_PART)],
    resource_types=resources.RESOURCE_TYPES,
    allows_anonymous=True,
    judges_origins=cors.judge,
    iam_actions=IAM_ACTIONS,
)
