"""Models are found, read once, kept small, and mended where AWS differs."""

import subprocess
import sys

import botocore.loaders
import pytest

from pileus.aws_models import load
from pileus.aws_models.index import index_of_all


def test_services_have_botocores_names() -> None:
    assert sorted(botocore.loaders.Loader().list_available_services("service-2")) == list(
        load.service_names()
    )


def test_an_unknown_service_is_a_key_error() -> None:
    for name in ("nothing", "../sqs", ".", ""):
        with pytest.raises(KeyError):
            load.load(name)


def test_a_model_is_loaded_once() -> None:
    assert load.load("sts") is load.load("sts")


def test_the_newest_version_of_an_api_is_taken() -> None:
    assert "2020-05-31" == load.load("cloudfront").api_version


def test_sqs_speaks_json_and_query() -> None:
    service = load.load("sqs")
    assert ("json", "query") == service.protocols
    assert "AmazonSQS" == service.target_prefix
    assert "1.0" == service.json_version
    assert "http://queue.amazonaws.com/doc/2012-11-05/" == service.xml_namespace
    assert service.is_query_compatible


def test_operations_and_shapes_are_made_when_asked_for() -> None:
    service = load.load("sqs")
    operation = service.operation("SendMessage")
    assert operation is service.operation("SendMessage")
    assert operation is not None
    assert operation.input is not None
    assert frozenset({"QueueUrl", "MessageBody"}) == operation.input.required
    assert service.operation("SendMassage") is None


def test_operations_are_named_as_sdks_name_them() -> None:
    operation = load.load("cloudfront").operation("CreateInvalidation")
    assert operation is not None
    assert "CreateInvalidation" == operation.name


def test_shapes_inside_themselves_are_resolved() -> None:
    value = load.load("dynamodb").shape("AttributeValue")
    assert value.members["L"].shape.member.shape is value
    assert value.members["M"].shape.value.shape is value


def test_botocores_extras_are_merged() -> None:
    # botocore's sdk-extras turn S3's Expires from a string into a timestamp.
    assert "timestamp" == load.load("s3").shape("Expires").type


def test_error_shapes_are_found_by_name_and_by_code() -> None:
    service = load.load("sqs")
    by_name = service.error_shape("QueueDoesNotExist")
    assert by_name is not None
    assert by_name is service.error_shape("AWS.SimpleQueueService.NonExistentQueue")
    assert service.error_shape("Nothing") is None


def test_metadata_is_the_same_read_alone_and_with_the_model() -> None:
    for name in ("sqs", "ec2", "s3", "cloudwatch", "kinesis", "lambda"):
        assert load.load(name).metadata == load.metadata(name)


def test_services_that_share_a_signing_name_are_all_found() -> None:
    index = index_of_all()
    assert ("es", "opensearch") == index.by_signing_name["es"]
    assert ("apigateway", "apigatewayv2") == index.by_signing_name["apigateway"]
    assert ("sqs",) == index.by_target_prefix["AmazonSQS"]
    assert ("ec2",) == index.by_api_version["2016-11-15"]


def test_loading_models_imports_no_client_of_botocores() -> None:
    program = (
        "import sys; from pileus.aws_models import load, bind; load.load('sqs');"
        "print([m for m in sys.modules if m.startswith('botocore.')])"
    )
    assert "[]" == output_of(program)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is missing")
def test_a_loaded_model_takes_little_memory() -> None:
    program = """
import resource
from pathlib import Path
from pileus.aws_models import load
def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
before = resident_mb()
names = [name for name in load.service_names() if name[0] in "cdeiklsx"]
for name in names:
    load.load(name)
print((resident_mb() - before) / len(names))
"""
    assert float(output_of(program)) < 0.5


def output_of(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
