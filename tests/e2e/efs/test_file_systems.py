"""File systems, access points, mount targets and their tags."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.refusals import Refusal, refusal
from support.running import Running


@pytest.fixture
def efs(aws: Any) -> Any:
    return aws("efs")


@pytest.fixture
def file_system(efs: Any) -> str:
    return str(efs.create_file_system(CreationToken="one")["FileSystemId"])


def missing(id: str) -> Refusal:
    return Refusal("FileSystemNotFound", f"File system '{id}' does not exist.", 404)


def test_a_file_system_is_made_shown_and_deleted(efs: Any, account: str) -> None:
    made = efs.create_file_system(
        CreationToken="token", Encrypted=True, ThroughputMode="provisioned",
        ProvisionedThroughputInMibps=8.0, Tags=[{"Key": "Name", "Value": "models"}],
    )  # fmt: skip
    id = made["FileSystemId"]
    assert re.fullmatch("fs-[0-9a-f]{17}", id)
    assert "creating" == made["LifeCycleState"]
    arn = f"arn:aws:elasticfilesystem:us-east-1:{account}:file-system/{id}"
    for asked in ({"FileSystemId": id}, {"FileSystemId": arn}, {"CreationToken": "token"}, {}):
        (shown,) = efs.describe_file_systems(**asked)["FileSystems"]
        assert (id, arn, "available") == (
            shown["FileSystemId"], shown["FileSystemArn"], shown["LifeCycleState"],
        )  # fmt: skip
        assert (8.0, True, "models", 0, account) == (
            shown["ProvisionedThroughputInMibps"], shown["Encrypted"], shown["Name"],
            shown["NumberOfMountTargets"], shown["OwnerId"],
        )  # fmt: skip
    efs.delete_file_system(FileSystemId=id)
    assert [] == efs.describe_file_systems()["FileSystems"]
    assert missing(id) == refusal(efs.describe_file_systems, FileSystemId=id)
    assert missing(id) == refusal(efs.delete_file_system, FileSystemId=id)


def test_a_token_makes_one_file_system(efs: Any, file_system: str) -> None:
    expected = Refusal(
        "FileSystemAlreadyExists",
        f"File system '{file_system}' already exists with creation token 'one'",
        409,
    )
    assert expected == refusal(efs.create_file_system, CreationToken="one")


def test_throughput_goes_with_its_mode(efs: Any) -> None:
    refused = refusal(efs.create_file_system, ThroughputMode="provisioned")
    assert ("BadRequest", 400) == (refused.code, refused.status)


def test_lists_have_pages(efs: Any) -> None:
    made = {efs.create_file_system(CreationToken=str(n))["FileSystemId"] for n in range(5)}
    first = efs.describe_file_systems(MaxItems=3)
    second = efs.describe_file_systems(Marker=first["NextMarker"])
    found = [each["FileSystemId"] for each in (*first["FileSystems"], *second["FileSystems"])]
    assert (made, 5) == (set(found), len(found))
    refused = refusal(efs.describe_file_systems, Marker="?")
    assert "BadRequest" == refused.code


def test_access_points_belong_to_a_file_system(efs: Any, account: str, file_system: str) -> None:
    made = efs.create_access_point(
        ClientToken="t", FileSystemId=file_system, PosixUser={"Uid": 1000, "Gid": 1000},
        RootDirectory={
            "Path": "/models",
            "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "750"},
        },
    )  # fmt: skip
    id, arn = made["AccessPointId"], made["AccessPointArn"]
    assert arn == f"arn:aws:elasticfilesystem:us-east-1:{account}:access-point/{id}"
    for asked in ({"AccessPointId": id}, {"AccessPointId": arn}, {"FileSystemId": file_system}, {}):
        (shown,) = efs.describe_access_points(**asked)["AccessPoints"]
        assert ("/models", 1000, file_system) == (
            shown["RootDirectory"]["Path"], shown["PosixUser"]["Uid"], shown["FileSystemId"],
        )  # fmt: skip
    again = refusal(efs.create_access_point, ClientToken="t", FileSystemId=file_system)
    assert ("AccessPointAlreadyExists", 409) == (again.code, again.status)
    other = refusal(efs.create_access_point, ClientToken="u", FileSystemId="fs-01234567")
    assert missing("fs-01234567") == other
    both = refusal(efs.describe_access_points, AccessPointId=id, FileSystemId=file_system)
    assert "BadRequest" == both.code
    efs.delete_access_point(AccessPointId=id)
    gone = Refusal("AccessPointNotFound", f"Access Point {id} does not exist.", 404)
    assert gone == refusal(efs.describe_access_points, AccessPointId=id)
    assert gone == refusal(efs.delete_access_point, AccessPointId=id)


def test_a_file_system_with_mount_targets_stays(efs: Any, file_system: str) -> None:
    asked = {"FileSystemId": file_system, "SubnetId": "subnet-01234567"}
    made = efs.create_mount_target(**asked, SecurityGroups=["sg-01234567"])
    id = made["MountTargetId"]
    conflict = refusal(efs.create_mount_target, **asked)
    assert ("MountTargetConflict", 409) == (conflict.code, conflict.status)
    point = efs.create_access_point(ClientToken="p", FileSystemId=file_system)["AccessPointId"]
    for members in (
        {"FileSystemId": file_system}, {"MountTargetId": id}, {"AccessPointId": point},
    ):  # fmt: skip
        (shown,) = efs.describe_mount_targets(**members)["MountTargets"]
        assert (id, "available") == (shown["MountTargetId"], shown["LifeCycleState"])
    assert "BadRequest" == refusal(efs.describe_mount_targets).code
    groups = efs.describe_mount_target_security_groups(MountTargetId=id)["SecurityGroups"]
    assert ["sg-01234567"] == groups
    efs.modify_mount_target_security_groups(MountTargetId=id, SecurityGroups=["sg-89abcdef"])
    groups = efs.describe_mount_target_security_groups(MountTargetId=id)["SecurityGroups"]
    assert ["sg-89abcdef"] == groups
    (shown,) = efs.describe_file_systems()["FileSystems"]
    assert 1 == shown["NumberOfMountTargets"]
    in_use = refusal(efs.delete_file_system, FileSystemId=file_system)
    assert ("FileSystemInUse", 409) == (in_use.code, in_use.status)
    efs.delete_mount_target(MountTargetId=id)
    gone = refusal(efs.delete_mount_target, MountTargetId=id)
    assert ("MountTargetNotFound", 404) == (gone.code, gone.status)
    efs.delete_file_system(FileSystemId=file_system)
    assert [] == efs.describe_access_points()["AccessPoints"]


def test_resources_have_tags(efs: Any, file_system: str) -> None:
    point = efs.create_access_point(ClientToken="p", FileSystemId=file_system)["AccessPointId"]
    for id in (file_system, point):
        tags = [{"Key": "Name", "Value": "n"}, {"Key": "k", "Value": "v"}]
        efs.tag_resource(ResourceId=id, Tags=tags)
        assert tags == efs.list_tags_for_resource(ResourceId=id)["Tags"]
        efs.untag_resource(ResourceId=id, TagKeys=["Name"])
        assert tags[1:] == efs.list_tags_for_resource(ResourceId=id)["Tags"]
    many = [{"Key": str(n), "Value": ""} for n in range(50)]
    assert "BadRequest" == refusal(efs.tag_resource, ResourceId=point, Tags=many).code


def test_lifecycle_policies_are_kept(efs: Any, file_system: str) -> None:
    policies = [{"TransitionToIA": "AFTER_30_DAYS"}]
    describe = efs.describe_lifecycle_configuration
    assert [] == describe(FileSystemId=file_system)["LifecyclePolicies"]
    efs.put_lifecycle_configuration(FileSystemId=file_system, LifecyclePolicies=policies)
    assert policies == describe(FileSystemId=file_system)["LifecyclePolicies"]


def test_what_is_not_built_is_told(efs: Any, file_system: str, pileus: Running) -> None:
    assert "NotImplemented" == refusal(efs.describe_backup_policy, FileSystemId=file_system).code
