"""CloudFormation's types of this service: data over operation names."""

from __future__ import annotations

from typing import Any

RESOURCE_TYPES: list[dict[str, Any]] = [
    {
        "type": "AWS::EFS::FileSystem",
        "create": "CreateFileSystem",
        "read": "DescribeFileSystems",
        "update": (),
        "delete": "DeleteFileSystem",
        "identifier": "FileSystemId",
        "attributes": {"FileSystemId": "FileSystemId", "Arn": "FileSystemArn"},
    },
    {
        "type": "AWS::EFS::AccessPoint",
        "create": "CreateAccessPoint",
        "read": "DescribeAccessPoints",
        "update": (),
        "delete": "DeleteAccessPoint",
        "identifier": "AccessPointId",
        "attributes": {"AccessPointId": "AccessPointId", "Arn": "AccessPointArn"},
    },
    {
        "type": "AWS::EFS::MountTarget",
        "create": "CreateMountTarget",
        "read": "DescribeMountTargets",
        "update": ("ModifyMountTargetSecurityGroups",),
        "delete": "DeleteMountTarget",
        "identifier": "MountTargetId",
        "attributes": {"Id": "MountTargetId", "IpAddress": "IpAddress"},
    },
]
