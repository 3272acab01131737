"""Functions with a file system and a network of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.fleet import Network
from support.lambdas import Functions, RunningLambda, make_role, package
from support.refusals import Refusal, refusal
from support.running import Running

VPC = {"SubnetIds": ["subnet-01234567"], "SecurityGroupIds": ["sg-01234567"]}
NAT_VPC = {"SubnetIds": ["subnet-89abcdef"], "SecurityGroupIds": ["sg-01234567"]}


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    running = RunningLambda(tmp_path_factory.mktemp("pileus"), nat_subnets=("subnet-89abcdef",))
    running.start()
    running.freeze()
    yield running
    running.stop()


def make_point(efs: Any, path: str = "/", permissions: str = "", token: str = "t") -> str:
    """The ARN of an access point of one file system."""
    known = efs.describe_file_systems()["FileSystems"]
    id = known[0]["FileSystemId"] if known else efs.create_file_system()["FileSystemId"]
    root: dict[str, Any] = {"Path": path}
    if permissions:
        root["CreationInfo"] = {"OwnerUid": 1, "OwnerGid": 1, "Permissions": permissions}
    made = efs.create_access_point(ClientToken=token, FileSystemId=id, RootDirectory=root)
    return str(made["AccessPointArn"])


def configs(arn: str, place: str = "/mnt/files") -> list[dict[str, str]]:
    return [{"Arn": arn, "LocalMountPath": place}]


def test_a_function_mounts_its_access_point(functions: Functions, client: Any, aws: Any) -> None:
    arn = make_point(aws("efs"), "/models", "750")
    name = functions.create(
        lambda event, context: [vars_of(each) for each in context.spec.mounts],
        VpcConfig=VPC, FileSystemConfigs=configs(arn),
    )  # fmt: skip
    shown = client.get_function_configuration(FunctionName=name)["FileSystemConfigs"]
    assert configs(arn) == shown
    ((path, target, permissions),) = json.loads(functions.invoke(name)["Payload"])
    assert ("/models", "/mnt/files", 0o750) == (path, target, permissions)


def vars_of(mount: Any) -> list[Any]:
    return [mount.path, mount.target, mount.permissions]


def test_a_file_system_needs_a_vpc(functions: Functions, client: Any, aws: Any) -> None:
    arn = make_point(aws("efs"))
    expected = Refusal(
        "InvalidParameterValueException",
        f"Function must be configured to execute in a VPC to reference access point {arn}.",
        400,
    )
    name = functions.create(lambda event, context: None)
    update = client.update_function_configuration
    assert expected == refusal(update, FunctionName=name, FileSystemConfigs=configs(arn))
    update(FunctionName=name, FileSystemConfigs=configs(arn), VpcConfig=VPC)
    none: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    assert expected == refusal(update, FunctionName=name, VpcConfig=none)
    update(FunctionName=name, FileSystemConfigs=[], VpcConfig=none)


def test_an_access_point_must_be_there(functions: Functions, client: Any) -> None:
    id = "fsap-0123456789abcdef0"
    arn = f"arn:aws:elasticfilesystem:us-east-1:{functions.account}:access-point/{id}"
    refused = refusal(
        functions.client.create_function, FunctionName="f", Runtime="python3.12", Handler="a.b",
        Role=functions.role, Code={"ZipFile": package("x")}, VpcConfig=VPC,
        FileSystemConfigs=configs(arn),
    )  # fmt: skip
    assert "InvalidParameterValueException" == refused.code
    assert f"Access Point {id} does not exist." in refused.message


def test_a_mount_path_lies_below_mnt(functions: Functions, client: Any, aws: Any) -> None:
    name = functions.create(lambda event, context: None)
    asked = configs(make_point(aws("efs")), "/tmp/files")
    refused = refusal(
        client.update_function_configuration, FunctionName=name, FileSystemConfigs=asked
    )
    assert "ValidationException" == refused.code
    assert "fileSystemConfigs.1.member.localMountPath" in refused.message


def test_an_access_point_that_has_gone_is_not_mounted(
    functions: Functions, client: Any, aws: Any
) -> None:
    arn = make_point(aws("efs"))
    name = functions.create(
        lambda event, context: None, VpcConfig=VPC, FileSystemConfigs=configs(arn)
    )
    aws("efs").delete_access_point(AccessPointId=arn)
    refused = refusal(client.invoke, FunctionName=name)
    assert ("EFSMountFailureException", 403) == (refused.code, refused.status)


def test_files_go_with_their_file_system(aws: Any, pileus: RunningLambda) -> None:
    efs = aws("efs")
    id = efs.create_file_system()["FileSystemId"]
    efs.delete_file_system(FileSystemId=id)
    pileus.advance(1)
    assert id in pileus.fleet.removed_file_systems


@pytest.mark.parametrize(
    ("vpc", "expected"),
    [(None, Network.PUBLIC), (VPC, Network.VPC), (NAT_VPC, Network.PUBLIC)],
)
def test_a_vpc_has_no_way_outside_but_by_its_nat(
    functions: Functions, vpc: Any, expected: Network
) -> None:
    members = {} if vpc is None else {"VpcConfig": vpc}
    name = functions.create(lambda event, context: context.spec.network, **members)
    assert expected == json.loads(functions.invoke(name)["Payload"])


CODE = """
import errno, os
def handler(event, context):
    answers = []
    for code in event:
        try:
            answers.append(eval(code))
        except OSError as error:
            answers.append(errno.errorcode[error.errno])
    return answers
"""


class Sharing:
    """A real Pileus, and functions with file systems."""

    def __init__(self, running: Running) -> None:
        self.client, self.efs = running.client("lambda"), running.client("efs")
        self.iam = running.client("iam")

    @cached_property
    def role(self) -> str:
        return make_role(self.iam, "r")

    def function(self, name: str, arn: str = "") -> None:
        members = {"VpcConfig": VPC, "FileSystemConfigs": configs(arn)} if arn else {}
        self.client.create_function(
            FunctionName=name, Runtime="python3.11", Handler="index.handler", Role=self.role,
            Timeout=20, Code={"ZipFile": package(CODE)}, **members,
        )  # fmt: skip

    def ask(self, name: str, *codes: str) -> Any:
        return json.load(
            self.client.invoke(FunctionName=name, Payload=json.dumps(codes))["Payload"]
        )


def test_functions_share_files_that_outlive_them(tmp_path: Path) -> None:
    running = Running(tmp_path / "data").start()
    sharing = Sharing(running)
    whole = make_point(sharing.efs, token="whole")
    part = make_point(sharing.efs, "/a/b", "755", token="part")
    sharing.function("writer", whole)
    sharing.function("reader", whole)
    sharing.function("other", part)
    sharing.function("stranger")
    write = "open('/mnt/files/x', 'w').write('shared')"
    assert [6, None] == sharing.ask("writer", write, "os.mkdir('/mnt/files/d')")
    read = "open('/mnt/files/x').read()"
    again = "open('/mnt/files/x', 'a').write('!')"
    assert ["shared", 1] == sharing.ask("reader", read, again)
    assert [[], "ENOENT", None] == sharing.ask(
        "other", "os.listdir('/mnt/files')", "open('/mnt/files/../x')",
        "os.symlink('../../x', '/mnt/files/up')",
    )  # fmt: skip
    assert ["ENOENT", [], False] == sharing.ask(
        "other", "open('/mnt/files/up').read()", "[n for n in os.listdir('/mnt') if n != 'files']",
        "os.path.exists('/file-systems')",
    )  # fmt: skip
    assert [[], "EROFS", False] == sharing.ask(
        "stranger", "os.listdir('/mnt')", "os.mkdir('/mnt/x')", "os.path.exists('/file-systems')"
    )
    modes = "(os.chmod('/mnt/files/x', 0o4777), os.statvfs('/mnt/files').f_flag & 6)[1]"
    assert [6, "EPERM"] == sharing.ask(
        "writer", modes, "os.mknod('/mnt/files/disk', 0o60666, os.makedev(254, 0))"
    )
    running.stop()
    again_running = Running(tmp_path / "data").start()
    assert ["shared!"] == Sharing(again_running).ask("reader", read)
    again_running.stop()


def test_a_link_in_a_file_system_leads_the_host_nowhere(tmp_path: Path) -> None:
    running = Running(tmp_path / "data").start()
    sharing = Sharing(running)
    sharing.function("writer", make_point(sharing.efs, token="whole"))
    links = [
        f"os.symlink({target!r}, '/mnt/files/{name}')"
        for name, target in (("up", "../../.."), ("packages", "/packages"), ("root", "/"))
    ]
    assert [None] * 3 == sharing.ask("writer", *links)
    for name in ("up", "packages", "root"):
        sharing.function(name, make_point(sharing.efs, f"/{name}", "755", token=name))
        refused = refusal(sharing.client.invoke, FunctionName=name)
        assert "ServiceException" == refused.code
        assert f"The directory /{name} of fs-" in refused.message
    sharing.function("absent", make_point(sharing.efs, "/absent", token="absent"))
    assert "No such file" in refusal(sharing.client.invoke, FunctionName="absent").message
    running.stop()
