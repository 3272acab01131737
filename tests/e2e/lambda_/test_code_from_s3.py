"""Code of functions and layers that lies in S3."""

from __future__ import annotations

from typing import Any

import pytest

from support.lambdas import Functions, package
from support.refusals import Refusal, refusal


@pytest.fixture
def bucket(aws: Any, account: str) -> str:
    name = f"code-{account}"
    s3 = aws("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def asked(functions: Functions, code: dict[str, str]) -> dict[str, Any]:
    return {
        "FunctionName": "one", "Runtime": "python3.12", "Handler": "index.handler",
        "Role": functions.role, "Code": code,
    }  # fmt: skip


def test_a_function_takes_the_version_that_is_named(
    functions: Functions, client: Any, aws: Any, bucket: str
) -> None:
    s3 = aws("s3")
    first = s3.put_object(Bucket=bucket, Key="code.zip", Body=package("1"))["VersionId"]
    s3.put_object(Bucket=bucket, Key="code.zip", Body=package("2"))
    code = {"S3Bucket": bucket, "S3Key": "code.zip"}
    newest = client.create_function(**asked(functions, code))["CodeSha256"]
    older = client.update_function_code(FunctionName="one", **code, S3ObjectVersion=first)[
        "CodeSha256"
    ]
    again = client.update_function_code(FunctionName="one", ZipFile=package("1"))["CodeSha256"]
    assert (older, True) == (again, newest != older)


def test_a_layer_may_lie_in_s3(client: Any, aws: Any, bucket: str) -> None:
    zipped = package("x = 1")
    aws("s3").put_object(Bucket=bucket, Key="layer.zip", Body=zipped)
    made = client.publish_layer_version(
        LayerName="l", Content={"S3Bucket": bucket, "S3Key": "layer.zip"}
    )
    assert len(zipped) == made["Content"]["CodeSize"]


def test_code_that_is_not_there_is_told_as_s3_tells_it(
    functions: Functions, client: Any, bucket: str
) -> None:
    expected = Refusal(
        "InvalidParameterValueException",
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The "
        "specified key does not exist.",
        400,
    )
    code = {"S3Bucket": bucket, "S3Key": "none.zip"}
    assert expected == refusal(client.create_function, **asked(functions, code))
    code = {"S3Bucket": f"{bucket}-none", "S3Key": "none.zip"}
    assert (
        "S3 Error Code: NoSuchBucket."
        in refusal(client.create_function, **asked(functions, code)).message
    )
