"""EFS's table of contents."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Timer
from pileus.services.efs import access_points, file_systems, mount_targets, resources, tagging

EFS = Service(
    name="efs",
    package=__package__,
    operations=[
        Operations(
            [
                file_systems.create_file_system,
                file_systems.delete_file_system,
                file_systems.put_lifecycle_configuration,
                access_points.create_access_point,
                access_points.delete_access_point,
                mount_targets.create_mount_target,
                mount_targets.delete_mount_target,
                mount_targets.modify_mount_target_security_groups,
                tagging.tag_resource,
                tagging.untag_resource,
            ]
        ),
        Operations(
            [
                file_systems.describe_file_systems,
                file_systems.describe_lifecycle_configuration,
                access_points.describe_access_points,
                mount_targets.describe_mount_targets,
                mount_targets.describe_mount_target_security_groups,
                tagging.list_tags_for_resource,
            ],
            reads=True,
        ),
    ],
    timers=[Timer(file_systems.REMOVAL_TIMER, file_systems.remove_files)],
    resource_types=resources.RESOURCE_TYPES,
)
