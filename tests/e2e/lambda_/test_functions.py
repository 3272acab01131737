"""Creating, reading, listing and deleting functions."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from support.lambdas import TRUST, Functions, RunningLambda, make_role, package
from support.refusals import Refusal, refusal

RUNTIME_ARN = r"arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}"


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def asked(functions: Functions, **members: Any) -> dict[str, Any]:
    return {
        "FunctionName": "one",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": functions.role,
        "Code": {"ZipFile": package("x")},
        **members,
    }


def test_a_function_has_a_configuration(functions: Functions, client: Any) -> None:
    zipped = package("pass")
    created = client.create_function(**asked(functions, Code={"ZipFile": zipped}))
    metadata = created.pop("ResponseMetadata")
    assert 201 == metadata["HTTPStatusCode"]
    revision = created.pop("RevisionId")
    assert re.fullmatch(r"[0-9a-f-]{36}", revision)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", created.pop("LastModified"))
    runtime_version = created.pop("RuntimeVersionConfig")
    assert re.fullmatch(RUNTIME_ARN, runtime_version["RuntimeVersionArn"])
    assert {
        "FunctionName": "one",
        "FunctionArn": functions.arn("one"),
        "Runtime": "python3.12",
        "Role": functions.role,
        "Handler": "index.handler",
        "CodeSize": len(zipped),
        "CodeSha256": base64.b64encode(hashlib.sha256(zipped).digest()).decode(),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/one"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    } == created
    read = client.get_function_configuration(FunctionName="one")
    assert ("Active", "Successful") == (read["State"], read["LastUpdateStatus"])
    assert "StateReason" not in read
    assert revision == read["RevisionId"]


def test_waiters_return_at_once(functions: Functions, client: Any) -> None:
    name = functions.create()
    client.get_waiter("function_active_v2").wait(
        FunctionName=name, WaiterConfig={"MaxAttempts": 1, "Delay": 1}
    )
    client.update_function_configuration(FunctionName=name, Timeout=5)
    client.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"MaxAttempts": 1, "Delay": 1}
    )


def test_all_settings_are_stored(functions: Functions, client: Any, aws: Any) -> None:
    efs = aws("efs")
    point = efs.create_access_point(FileSystemId=efs.create_file_system()["FileSystemId"])
    settings = {
        "Description": "does much",
        "Timeout": 900,
        "MemorySize": 10240,
        "Environment": {"Variables": {"A1": "b"}},
        "TracingConfig": {"Mode": "Active"},
        "KMSKeyArn": "arn:aws:kms:us-east-1:111111111111:key/1",
        "EphemeralStorage": {"Size": 10240},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:111111111111:dead"},
        "FileSystemConfigs": [{"Arn": point["AccessPointArn"], "LocalMountPath": "/mnt/files"}],
    }
    client.create_function(
        **asked(
            functions,
            **settings,
            Architectures=["arm64"],
            SnapStart={"ApplyOn": "PublishedVersions"},
            VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
            LoggingConfig={"LogFormat": "JSON", "LogGroup": "mine", "SystemLogLevel": "WARN"},
        )
    )
    read = client.get_function_configuration(FunctionName="one")
    assert settings == {name: read[name] for name in settings}
    assert ["arm64"] == read["Architectures"]
    assert {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"} == read["SnapStart"]
    assert ["subnet-1"] == read["VpcConfig"]["SubnetIds"]
    assert {
        "LogFormat": "JSON",
        "LogGroup": "mine",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
    } == read["LoggingConfig"]


def test_the_package_can_be_fetched_again(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    zipped = package("print('hello')")
    client.create_function(**asked(functions, Code={"ZipFile": zipped}, Tags={"a": "b"}))
    found = client.get_function(FunctionName="one")
    assert {"a": "b"} == found["Tags"]
    assert "one" == found["Configuration"]["FunctionName"]
    assert "S3" == found["Code"]["RepositoryType"]
    location = found["Code"]["Location"]
    assert zipped == urlopen(location, timeout=10).read()
    pileus.advance(601)
    with pytest.raises(HTTPError) as refused:
        urlopen(location, timeout=10)
    assert 403 == refused.value.code
    forged = re.sub(
        "[0-9a-f]{64}", "0" * 64, client.get_function(FunctionName="one")["Code"]["Location"]
    )
    with pytest.raises(HTTPError) as refused:
        urlopen(forged, timeout=10)
    assert 404 == refused.value.code


def test_a_qualified_read_shows_the_qualified_arn(functions: Functions, client: Any) -> None:
    name = functions.create()
    read = client.get_function_configuration(FunctionName=name, Qualifier="$LATEST")
    assert f"{functions.arn(name)}:$LATEST" == read["FunctionArn"]
    found = client.get_function(FunctionName=f"{name}:$LATEST")
    assert f"{functions.arn(name)}:$LATEST" == found["Configuration"]["FunctionArn"]


@pytest.mark.parametrize("operation", ["get_function", "get_function_configuration"])
def test_what_is_not_there_cannot_be_read(
    functions: Functions, client: Any, operation: str
) -> None:
    name = functions.create()
    ask = getattr(client, operation)
    missing = f"Function not found: {functions.arn('nothing')}"
    assert Refusal("ResourceNotFoundException", missing, 404) == refusal(
        ask, FunctionName="nothing"
    )
    missing = f"Function not found: {functions.arn(name)}:42"
    assert Refusal("ResourceNotFoundException", missing, 404) == refusal(
        ask, FunctionName=name, Qualifier="42"
    )


def test_a_name_is_taken_once(functions: Functions, client: Any) -> None:
    client.create_function(**asked(functions))
    assert Refusal("ResourceConflictException", "Function already exist: one", 409) == refusal(
        client.create_function, **asked(functions)
    )


def test_functions_are_listed_in_pages(functions: Functions, client: Any) -> None:
    names = [functions.create(FunctionName=f"f{number:02d}") for number in range(5)]
    # A list may be a moment behind where functions lie in several databases.
    functions.pileus.idle()
    first = client.list_functions(MaxItems=3)
    assert names[:3] == [each["FunctionName"] for each in first["Functions"]]
    assert not {"State", "LastUpdateStatus"} & first["Functions"][0].keys()
    rest = client.list_functions(MaxItems=3, Marker=first["NextMarker"])
    assert names[3:] == [each["FunctionName"] for each in rest["Functions"]]
    assert "NextMarker" not in rest
    everything = client.list_functions(FunctionVersion="ALL")["Functions"]
    assert f"{functions.arn('f00')}:$LATEST" == everything[0]["FunctionArn"]
    assert invalid("Invalid marker value.") == refusal(client.list_functions, Marker="?")


def test_a_deleted_function_is_gone(functions: Functions, client: Any) -> None:
    name = functions.create(Tags={"a": "b"})
    answer = client.delete_function(FunctionName=name)
    assert 204 == answer["ResponseMetadata"]["HTTPStatusCode"]
    missing = Refusal(
        "ResourceNotFoundException", f"Function not found: {functions.arn(name)}", 404
    )
    assert missing == refusal(client.get_function, FunctionName=name)
    assert missing == refusal(client.delete_function, FunctionName=name)
    assert missing == refusal(client.invoke, FunctionName=name)
    assert [] == client.list_functions()["Functions"]
    functions.create(FunctionName=name)
    assert "Tags" not in client.get_function(FunctionName=name)


def test_latest_cannot_be_deleted(functions: Functions, client: Any) -> None:
    name = functions.create()
    message = "$LATEST version cannot be deleted without deleting the function."
    assert invalid(message) == refusal(
        client.delete_function, FunctionName=name, Qualifier="$LATEST"
    )


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Role": "missing"}, "The role defined for the function cannot be assumed by Lambda."),
        ({"Role": "distrustful"}, "The role defined for the function cannot be assumed by Lambda."),
        (
            {"Code": {"ZipFile": b"no zip"}},
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        ({"Code": {}}, "Please provide a source for function code."),
        (
            {"Code": {"ZipFile": package(), "S3Bucket": "bucket", "S3Key": "key"}},
            "Please do not provide other FunctionCode parameters when providing a ZipFile.",
        ),
        (
            {"Runtime": "PYTHON3.9"},
            "Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum "
            "value set: [nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, "
            "nodejs24.x, nodejs22.x, java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, "
            "ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, java11, "
            "dotnet6, nodejs18.x, provided.al2, java8.al2] or be a valid ARN",
        ),
        (
            {"Runtime": "java21"},
            "The runtime java21 cannot run on this machine: it needs a Java development kit "
            "(`java` with `javac`), and there is none.",
        ),
        (
            {"Runtime": "dotnet8"},
            "The runtime dotnet8 cannot run on this machine: it needs .NET (`dotnet`), and "
            "there is none.",
        ),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x", "AWS_LAMBDA_RUNTIME_API": "y"}}},
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            "for modification. Reserved keys used in this request: AWS_REGION, "
            "AWS_LAMBDA_RUNTIME_API",
        ),
        (
            {"Environment": {"Variables": {"BIG": "x" * 4087}}},
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided exceeded the 4KB limit. String measured: "
            '{"BIG":"' + "x" * 4087 + '"}',
        ),
        (
            {"Layers": ["arn:aws:lambda:eu-west-1:111111111111:layer:some:1"]},
            "Layers are not in the same region as the function. Layers are expected to be in "
            "region us-east-1.",
        ),
        (
            {"Layers": ["arn:aws:lambda:us-east-1:111111111111:layer:some:1"] * 6},
            "Cannot reference more than 5 layers.",
        ),
        (
            {"DeadLetterConfig": {"TargetArn": "arn:aws:s3:::bucket"}},
            "The provided DeadLetterConfig TargetArn is not a valid SQS or SNS ARN.",
        ),
        (
            {"Tags": {f"key{number}": "" for number in range(51)}},
            "Number of tags exceeds resource tag limit.",
        ),
        (
            {"FunctionName": "x" * 65},
            f"1 validation error detected: Value '{'x' * 65}' at 'functionName' failed to "
            "satisfy constraint: Member must have length less than or equal to 64",
        ),
        (
            {"FunctionName": "one:1"},
            "This operation is permitted on Lambda functions only. Aliases and versions do not "
            "support this operation. Please specify either a function name or an unqualified "
            "function ARN.",
        ),
    ],
)  # fmt: skip
def test_bad_functions_are_refused(
    functions: Functions, client: Any, aws: Any, members: dict[str, Any], message: str
) -> None:
    if "Role" in members:
        make_role(aws("iam"), "distrustful", TRUST.replace("lambda", "ec2"))
        members = {"Role": f"arn:aws:iam::{functions.account}:role/{members['Role']}"}
    assert invalid(message) == refusal(client.create_function, **asked(functions, **members))


def test_largest_variables_fit(functions: Functions) -> None:
    functions.create(Environment={"Variables": {"BIG": "x" * 4086}})


@pytest.mark.parametrize(
    ("members", "where", "constraint"),
    [
        ({"Timeout": 901}, "Value '901' at 'timeout'", "have value less than or equal to 900"),
        ({"Timeout": 0}, "Value '0' at 'timeout'", "have value greater than or equal to 1"),
        (
            {"MemorySize": 10241},
            "Value '10241' at 'memorySize'",
            "have value less than or equal to 10240",
        ),
        (
            {"MemorySize": 127},
            "Value '127' at 'memorySize'",
            "have value greater than or equal to 128",
        ),
        (
            {"EphemeralStorage": {"Size": 10241}},
            "Value '10241' at 'ephemeralStorage.size'",
            "have value less than or equal to 10240",
        ),
        (
            {"Role": "r1"},
            "Value 'r1' at 'role'",
            r"satisfy regular expression pattern: "
            r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        ),
        (
            {"Architectures": ["X86_64"]},
            "Value '[X86_64]' at 'architectures'",
            "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
            "Member must not be null]",
        ),
    ],
)
def test_values_out_of_range_are_refused(
    functions: Functions, aws: Any, members: dict[str, Any], where: str, constraint: str
) -> None:
    client = aws("lambda", parameter_validation=False)
    message = (
        f"1 validation error detected: {where} failed to satisfy constraint: Member must "
        f"{constraint}"
    )
    assert Refusal("ValidationException", message, 400) == refusal(
        client.create_function, **asked(functions, **members)
    )


@pytest.mark.parametrize("missing", ["Runtime", "Handler"])
def test_zip_packages_need_runtime_and_handler(
    functions: Functions, client: Any, missing: str
) -> None:
    members = asked(functions)
    del members[missing]
    assert invalid(
        "Runtime and Handler are mandatory parameters for functions created with deployment "
        "packages."
    ) == refusal(client.create_function, **members)


def test_roles_of_other_accounts_cannot_be_passed(functions: Functions, client: Any) -> None:
    found = refusal(
        client.create_function, **asked(functions, Role="arn:aws:iam::999999999999:role/r")
    )
    assert Refusal("AccessDeniedException", "Cross-account pass role is not allowed.", 403) == found


def test_large_packages_are_refused(functions: Functions, client: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"zeros{number}", bytes(100_000_000))
    assert invalid("Unzipped size must be smaller than 262144000 bytes") == refusal(
        client.create_function, **asked(functions, Code={"ZipFile": buffer.getvalue()})
    )
    code = {"ZipFile": bytes(52_428_801)}
    assert Refusal(
        "RequestEntityTooLargeException", "Zipped size must be smaller than 52428800 bytes", 413
    ) == refusal(client.create_function, **asked(functions, Code=code))


def test_old_runtimes_are_run_by_the_nearest(functions: Functions, pileus: RunningLambda) -> None:
    for runtime, installed in (
        ("python3.8", "python3.12"), ("python2.7", "python3.12"), ("python3.14", "python3.13"),
        ("nodejs12.x", "nodejs20.x"), ("nodejs24.x", "nodejs20.x"),
    ):  # fmt: skip
        name = functions.create(lambda event, context: None, Runtime=runtime)
        functions.invoke(name)
        assert installed == pileus.fleet.started[-1].runtime


def test_tags_of_a_function(functions: Functions, client: Any) -> None:
    arn = functions.arn(functions.create(Tags={"a": "1"}))
    answer = client.tag_resource(Resource=arn, Tags={"b": "2", "a": "3"})
    assert 204 == answer["ResponseMetadata"]["HTTPStatusCode"]
    assert {"a": "3", "b": "2"} == client.list_tags(Resource=arn)["Tags"]
    client.untag_resource(Resource=arn, TagKeys=["a", "z"])
    assert {"b": "2"} == client.list_tags(Resource=arn)["Tags"]


def test_bad_tags_are_refused(functions: Functions, client: Any) -> None:
    arn = functions.arn(functions.create(Tags={"a": "1"}))
    many = {f"key{number}": "" for number in range(50)}
    assert invalid("Number of tags exceeds resource tag limit.") == refusal(
        client.tag_resource, Resource=arn, Tags=many
    )
    assert invalid("System tags cannot be added/updated by requester.") == refusal(
        client.tag_resource, Resource=arn, Tags={"aws:a": "b"}
    )
    assert invalid(
        "Tags on function aliases and versions are not supported. Please specify a function ARN."
    ) == refusal(client.list_tags, Resource=f"{arn}:$LATEST")
    missing = functions.arn("nothing")
    assert Refusal("ResourceNotFoundException", f"Function not found: {missing}", 404) == refusal(
        client.list_tags, Resource=missing
    )
