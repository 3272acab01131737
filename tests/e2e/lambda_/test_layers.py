"""Layers: publishing, reading, listing, deleting, policies, and functions that use them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from pileus.services.lambda_.layers import layer_uses
from support.lambdas import Functions, RunningLambda, make_role, package
from support.refusals import Refusal, refusal
from support.running import Running

OTHER = "222222222222"


def publish(client: Any, name: str = "tools", text: str = "x", **members: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.publish_layer_version(
        LayerName=name, Content={"ZipFile": package(text, "python/tools.py")}, **members
    )
    del made["ResponseMetadata"]
    return made


def version_arn(account: str, name: str = "tools", version: int = 1) -> str:
    return f"arn:aws:lambda:us-east-1:{account}:layer:{name}:{version}"


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def unknown(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, 404)


def denied(account: str, action: str, arn: str) -> Refusal:
    return Refusal(
        "AccessDeniedException",
        f"User: arn:aws:iam::{account}:root is not authorized to perform: lambda:{action} on "
        f"resource: {arn} because no resource-based policy allows the lambda:{action} action",
        403,
    )


def test_a_version_is_published_and_read(client: Any, account: str) -> None:
    zipped = package("x", "python/tools.py")
    made = publish(
        client, Description="d", LicenseInfo="MIT", CompatibleRuntimes=["python3.12"],
        CompatibleArchitectures=["arm64"],
    )  # fmt: skip
    content = made.pop("Content")
    with urlopen(content.pop("Location")) as answer:
        assert zipped == answer.read()
    digest = base64.b64encode(hashlib.sha256(zipped).digest()).decode()
    assert {"CodeSha256": digest, "CodeSize": len(zipped)} == content
    assert made.pop("CreatedDate").endswith("+0000")
    assert {
        "LayerArn": version_arn(account).removesuffix(":1"),
        "LayerVersionArn": version_arn(account),
        "Description": "d",
        "Version": 1,
        "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["arm64"],
        "LicenseInfo": "MIT",
    } == made
    for read in (
        client.get_layer_version(LayerName="tools", VersionNumber=1),
        client.get_layer_version(LayerName=made["LayerArn"], VersionNumber=1),
        client.get_layer_version_by_arn(Arn=made["LayerVersionArn"]),
    ):
        assert made.items() <= read.items()
        assert digest == read["Content"]["CodeSha256"]


def test_numbers_are_never_given_twice(client: Any) -> None:
    assert [1, 2] == [publish(client)["Version"] for _ in range(2)]
    for number in (1, 2, 2):
        client.delete_layer_version(LayerName="tools", VersionNumber=number)
    assert [] == client.list_layers()["Layers"]
    assert 3 == publish(client)["Version"]


def test_layers_are_listed_by_name_with_their_newest_version(client: Any) -> None:
    for name in ("b", "a", "a"):
        publish(client, name)
    first = client.list_layers(MaxItems=1)
    second = client.list_layers(Marker=first["NextMarker"])
    found = [*first["Layers"], *second["Layers"]]
    assert [("a", 2), ("b", 1)] == [
        (each["LayerName"], each["LatestMatchingVersion"]["Version"]) for each in found
    ]
    assert "NextMarker" not in second


def test_versions_are_listed_newest_first(client: Any) -> None:
    for _ in range(3):
        publish(client)
    first = client.list_layer_versions(LayerName="tools", MaxItems=2)
    second = client.list_layer_versions(LayerName="tools", Marker=first["NextMarker"])
    found = [*first["LayerVersions"], *second["LayerVersions"]]
    assert [3, 2, 1] == [each["Version"] for each in found]
    assert "Content" not in found[0]
    assert [] == client.list_layer_versions(LayerName="none")["LayerVersions"]


def test_lists_are_narrowed_by_runtime_and_architecture(client: Any) -> None:
    publish(client, CompatibleRuntimes=["python3.12"], CompatibleArchitectures=["arm64"])
    publish(client, CompatibleRuntimes=["nodejs20.x"], CompatibleArchitectures=["x86_64"])
    listed = client.list_layers(CompatibleRuntime="python3.12", CompatibleArchitecture="arm64")
    assert 1 == listed["Layers"][0]["LatestMatchingVersion"]["Version"]
    assert [] == client.list_layers(CompatibleRuntime="ruby3.3")["Layers"]
    found = client.list_layer_versions(LayerName="tools", CompatibleArchitecture="x86_64")
    assert [2] == [each["Version"] for each in found["LayerVersions"]]


def test_what_is_not_there_is_told(client: Any, account: str) -> None:
    publish(client)
    missing = unknown(f"Layer version {version_arn(account, version=2)} does not exist.")
    assert missing == refusal(client.get_layer_version, LayerName="tools", VersionNumber=2)
    assert missing == refusal(client.get_layer_version_by_arn, Arn=version_arn(account, version=2))
    below = invalid("Layer Version Cannot be less than 1")
    assert below == refusal(client.get_layer_version, LayerName="tools", VersionNumber=0)
    assert below == refusal(client.delete_layer_version, LayerName="tools", VersionNumber=-1)
    assert invalid("Invalid marker value.") == refusal(client.list_layers, Marker="?")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"ZipFile": b"no zip"}, invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again.")),
        ({"ZipFile": bytes(52_428_801)}, Refusal(
            "RequestEntityTooLargeException",
            "Zipped size must be smaller than 52428800 bytes", 413)),
    ],
)  # fmt: skip
def test_a_bad_zip_is_refused(client: Any, content: Any, expected: Refusal) -> None:
    assert expected == refusal(client.publish_layer_version, LayerName="l", Content=content)


def test_a_policy_grows_and_shrinks(client: Any, account: str) -> None:
    publish(client)
    asked = {"LayerName": "tools", "VersionNumber": 1}
    none = unknown("No policy is associated with the given resource.")
    assert none == refusal(client.get_layer_version_policy, **asked)
    assert none == refusal(client.remove_layer_version_permission, **asked, StatementId="s")
    action = "lambda:GetLayerVersion"
    added = client.add_layer_version_permission(
        **asked, StatementId="s", Action=action, Principal=OTHER
    )
    statement = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": action,
        "Resource": version_arn(account),
    }
    assert statement == json.loads(added["Statement"])
    again = Refusal(
        "ResourceConflictException",
        "The statement id (s) provided already exists. Please provide a new statement id, or "
        "remove the existing statement.",
        409,
    )
    add = client.add_layer_version_permission
    assert again == refusal(add, **asked, StatementId="s", Action=action, Principal="*")
    read = client.get_layer_version_policy(**asked)
    assert added["RevisionId"] == read["RevisionId"]
    assert [statement] == json.loads(read["Policy"])["Statement"]
    stale = Refusal(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy "
        "API to retrieve the latest Revision Id",
        412,
    )
    remove = client.remove_layer_version_permission
    assert stale == refusal(remove, **asked, StatementId="s", RevisionId="x")
    absent = unknown("Statement t is not found in resource policy.")
    assert absent == refusal(remove, **asked, StatementId="t")
    remove(**asked, StatementId="s", RevisionId=read["RevisionId"])
    assert none == refusal(client.get_layer_version_policy, **asked)


def test_another_account_needs_permission(
    client: Any, aws: Callable[..., Any], account: str, pileus: RunningLambda
) -> None:
    publish(client)
    other = pileus.client("lambda", account=OTHER)
    arn = version_arn(account)
    expected = denied(OTHER, "GetLayerVersion", arn)
    assert expected == refusal(other.get_layer_version_by_arn, Arn=arn)
    asked = {
        "LayerName": "tools", "VersionNumber": 1, "Action": "lambda:GetLayerVersion",
    }  # fmt: skip
    client.add_layer_version_permission(
        **asked, StatementId="org", Principal="*", OrganizationId="o-0123456789"
    )
    assert expected == refusal(other.get_layer_version_by_arn, Arn=arn)
    client.add_layer_version_permission(**asked, StatementId="one", Principal=OTHER)
    assert arn == other.get_layer_version_by_arn(Arn=arn)["LayerVersionArn"]
    layer_arn = arn.removesuffix(":1")
    for action, ask, members in (
        ("PublishLayerVersion", other.publish_layer_version, {"Content": {"ZipFile": b"x"}}),
        ("ListLayerVersions", other.list_layer_versions, {}),
    ):
        refused = refusal(ask, LayerName=layer_arn, **members)
        assert denied(OTHER, action, layer_arn) == refused
    refused = refusal(other.delete_layer_version, LayerName=layer_arn, VersionNumber=1)
    assert denied(OTHER, "DeleteLayerVersion", arn) == refused
    made = Functions(pileus, lambda service: pileus.client(service, account=OTHER), OTHER)
    name = made.create(lambda event, context: len(context.spec.layer_paths), Layers=[arn])
    assert b"1" == made.invoke(name)["Payload"]


def test_a_function_has_its_layers_in_order(functions: Functions, client: Any) -> None:
    made = [publish(client, name, text=name) for name in ("one", "two")]
    arns = [each["LayerVersionArn"] for each in reversed(made)]
    name = functions.create(lambda event, context: context.spec.layer_paths, Layers=arns)
    shown = client.get_function_configuration(FunctionName=name)["Layers"]
    assert arns == [each["Arn"] for each in shown]
    assert [each["Content"]["CodeSize"] for each in reversed(made)] == [
        each["CodeSize"] for each in shown
    ]
    digests = [base64.b64decode(each["Content"]["CodeSha256"]).hex() for each in reversed(made)]
    assert [f"/packages/{digest}" for digest in digests] == json.loads(
        functions.invoke(name)["Payload"]
    )
    client.update_function_configuration(FunctionName=name, Timeout=4)
    assert 2 == len(client.get_function_configuration(FunctionName=name)["Layers"])
    client.update_function_configuration(FunctionName=name, Layers=[])
    assert "Layers" not in client.get_function_configuration(FunctionName=name)
    assert b"[]" == functions.invoke(name)["Payload"]


def test_a_deleted_version_serves_those_that_have_it(
    functions: Functions, client: Any, account: str, pileus: RunningLambda
) -> None:
    arn = publish(client, text="x" * 100_000)["LayerVersionArn"]
    name = functions.create(lambda event, context: context.spec.layer_paths, Layers=[arn])
    client.delete_layer_version(LayerName="tools", VersionNumber=1)
    pileus.advance(3600)
    pileus.fleet.unpacked.clear()
    assert 1 == len(json.loads(functions.invoke(name)["Payload"]))
    client.update_function_configuration(FunctionName=name, Timeout=4)
    assert arn == client.get_function_configuration(FunctionName=name)["Layers"][0]["Arn"]
    expected = invalid(f"Layer version {arn} does not exist.")
    update = client.update_function_configuration
    assert expected == refusal(update, FunctionName=name, Layers=[arn])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["tools:1"] * 6, "Cannot reference more than 5 layers."),
        (["tools:9"], "Layer version {}tools:9 does not exist."),
        (["other:1"], "Layer version {}other:1 does not exist."),
        (
            ["tools:1", "tools:1"],
            "Two different versions of the same layer are not allowed to be referenced in the "
            "same function. {0}tools:1 and {0}tools:1 are versions of the same layer.",
        ),
        (
            ["tools:1", "tools:2"],
            "Two different versions of the same layer are not allowed to be referenced in the "
            "same function. {0}tools:1 and {0}tools:2 are versions of the same layer.",
        ),
    ],
)
def test_layers_that_cannot_be_used_are_refused(
    functions: Functions, client: Any, account: str, layers: list[str], message: str
) -> None:
    publish(client)
    place = f"arn:aws:lambda:us-east-1:{account}:layer:"
    name = functions.create(lambda event, context: None)
    asked = [f"{place}{each}" for each in layers]
    update = client.update_function_configuration
    assert invalid(message.format(place)) == refusal(update, FunctionName=name, Layers=asked)


def test_a_layer_of_another_region_is_refused(functions: Functions, client: Any) -> None:
    asked = [f"arn:aws:lambda:eu-west-1:{functions.account}:layer:tools:1"]
    name = functions.create(lambda event, context: None)
    expected = invalid(
        "Layers are not in the same region as the function. Layers are expected to be in region "
        "us-east-1."
    )
    update = client.update_function_configuration
    assert expected == refusal(update, FunctionName=name, Layers=asked)


def test_function_and_layers_share_one_limit(
    functions: Functions, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 262_144_000 == layer_uses.UNZIPPED_BYTES_MAX
    monkeypatch.setattr(layer_uses, "UNZIPPED_BYTES_MAX", 2000)
    arn = publish(client, text="x" * 1000)["LayerVersionArn"]
    name = functions.create(lambda event, context: None, Layers=[arn])
    expected = invalid(
        "Function code combined with layers exceeds the maximum allowed size of 2000 bytes. The "
        "actual size is 2001 bytes."
    )
    code = {"FunctionName": name, "ZipFile": package("x" * 1001)}
    assert expected == refusal(client.update_function_code, **code)
    client.update_function_configuration(FunctionName=name, Layers=[])
    client.update_function_code(**code)
    update = client.update_function_configuration
    assert expected == refusal(update, FunctionName=name, Layers=[arn])


def test_unpacked_files_go_with_their_last_user(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    made = publish(client, text="only here")
    digest = base64.b64decode(made["Content"]["CodeSha256"]).hex()
    name = functions.create(
        lambda event, context: None, FunctionName="lonely", Layers=[made["LayerVersionArn"]]
    )
    code = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    client.delete_layer_version(LayerName="tools", VersionNumber=1)
    pileus.advance(61)
    assert digest in pileus.fleet.unpacked
    client.delete_function(FunctionName=name)
    pileus.advance(61)
    assert digest not in pileus.fleet.unpacked
    assert base64.b64decode(code).hex() not in pileus.fleet.unpacked


def test_a_published_version_keeps_its_layers(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    arn = publish(client, text="y" * 100_000)["LayerVersionArn"]
    name = functions.create(lambda event, context: context.spec.layer_paths, Layers=[arn])
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_function_configuration(FunctionName=name, Layers=[])
    client.delete_layer_version(LayerName="tools", VersionNumber=1)
    pileus.advance(3600)
    pileus.fleet.unpacked.clear()
    shown = client.get_function_configuration(FunctionName=name, Qualifier=version)
    assert [arn] == [each["Arn"] for each in shown["Layers"]]
    assert 1 == len(json.loads(functions.invoke(name, Qualifier=version)["Payload"]))
    client.delete_function(FunctionName=name)
    pileus.advance(3600)
    digest = hashlib.sha256(package("y" * 100_000, "python/tools.py")).hexdigest()
    assert digest not in pileus.fleet.unpacked


def test_a_refused_package_leaves_no_files(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create(lambda event, context: None)
    zipped = package("refused")
    digest = hashlib.sha256(zipped).hexdigest()
    client.update_function_code(FunctionName=name, ZipFile=zipped, DryRun=True)
    assert digest not in pileus.fleet.unpacked
    create = client.create_function
    refused = refusal(
        create, FunctionName=name, Runtime="python3.12", Handler="a.b", Role=functions.role,
        Code={"ZipFile": zipped},
    )  # fmt: skip
    assert "ResourceConflictException" == refused.code
    assert digest not in pileus.fleet.unpacked


AWS_LAYER = "arn:aws:lambda:us-east-1:668099181075:layer:AWSLambda-Python-SciPy1x"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Real sandboxes, with two of AWS's layers mapped to files."""
    directory = tmp_path_factory.mktemp("mapped")
    mapped = directory / "scipy.zip"
    mapped.write_bytes(package("answer = 42", "python/scientific.py"))
    (directory / "broken.zip").write_bytes(b"no zip")
    running = Running(
        directory / "data",
        layers=(f"{AWS_LAYER}={mapped}", f"{AWS_LAYER}2:1={directory / 'broken.zip'}"),
    ).start()
    yield running
    running.stop()


def make_importer(real: Running, name: str, **members: Any) -> Callable[[], Any]:
    """A function that imports a module of its layer; calling it invokes."""
    client = real.client("lambda", account=OTHER)
    role = make_role(real.client("iam", account=OTHER), name)
    code = "import scientific\ndef handler(event, context): return scientific.answer\n"
    client.create_function(
        FunctionName=name, Runtime="python3.11", Handler="index.handler", Role=role,
        Code={"ZipFile": package(code)}, **members,
    )  # fmt: skip
    return lambda: json.load(client.invoke(FunctionName=name)["Payload"])


def test_a_module_is_missing_without_its_layer_and_there_with_it(real: Running) -> None:
    assert "Runtime.ImportModuleError" == make_importer(real, "without")()["errorType"]
    assert 42 == make_importer(real, "mapped", Layers=[f"{AWS_LAYER}:37"])()
    client = real.client("lambda", account=OTHER)
    one, two = (
        client.publish_layer_version(
            LayerName=name,
            Content={"ZipFile": package(f"answer = {name!r}", "python/scientific.py")},
        )["LayerVersionArn"]
        for name in ("one", "two")
    )
    assert "two" == make_importer(real, "later-covers", Layers=[one, two])()
    assert "one" == make_importer(real, "in-order", Layers=[two, one])()


def test_a_layer_that_is_not_mapped_is_refused_as_on_aws(real: Running) -> None:
    arn = "arn:aws:lambda:us-east-1:668099181075:layer:other:1"
    client = real.client("lambda", account=OTHER)
    update = client.update_function_configuration
    make_importer(real, "refused")
    assert denied(OTHER, "GetLayerVersion", arn) == refusal(
        update, FunctionName="refused", Layers=[arn]
    )
    broken = refusal(update, FunctionName="refused", Layers=[f"{AWS_LAYER}2:1"])
    assert broken.message.startswith(f"Layer version {AWS_LAYER}2:1 is mapped to a file that")


def test_unpacked_files_that_a_crash_left_go_at_the_next_start(tmp_path: Path) -> None:
    first = Running(tmp_path).start()
    role = make_role(first.client("iam"), "r")
    asked = {"Runtime": "python3.11", "Handler": "index.handler", "Role": role}
    first.client("lambda").create_function(
        FunctionName="kept", Code={"ZipFile": package("kept")}, **asked
    )
    stray = package("a crash came between unpacking and the row")
    first.run(first.app.kernel.fleet.install(hashlib.sha256(stray).hexdigest(), stray))
    first.stop()
    second = Running(tmp_path).start()
    second.freeze()
    second.advance(1)
    kept = hashlib.sha256(package("kept")).hexdigest()
    assert [kept] == second.app.kernel.fleet.packages()
    second.stop()
