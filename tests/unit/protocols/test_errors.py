"""Error answers in the form of each protocol."""

import json
from typing import Any

import cbor2
import pytest

from pileus.aws_models import load
from pileus.kernel.errors import AwsError, internal_failure, not_implemented
from pileus.kernel.request import Response
from pileus.protocols import failures, responses


def failure(
    service: str, protocol: str, error: AwsError, operation_name: str = ""
) -> tuple[int, dict[str, str], str]:
    model = load.load(service)
    operation = model.operation(operation_name) if operation_name else None
    response = responses.failure(model, operation, protocol, error, "request-1")
    return response.status, response.headers, text_of(response)


def text_of(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


GONE = AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def test_sqs_in_json_names_both_codes() -> None:
    status, headers, body = failure("sqs", "json", GONE)
    assert 400 == status
    assert {
        "x-amzn-RequestId": "request-1",
        "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender",
        "Content-Type": "application/x-amz-json-1.0",
    } == headers
    assert {
        "__type": "com.amazonaws.sqs#QueueDoesNotExist",
        "message": "The specified queue does not exist.",
    } == json.loads(body)


def test_sqs_in_query_has_the_older_code() -> None:
    status, headers, body = failure("sqs", "query", GONE)
    assert 400 == status
    assert "text/xml" == headers["Content-Type"]
    assert (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
        "<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>"
        "<Message>The specified queue does not exist.</Message></Error>"
        "<RequestId>request-1</RequestId></ErrorResponse>"
    ) == body


@pytest.mark.parametrize(
    ("name", "query_code", "status"),
    [
        ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403),
        ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", 400),
        ("QueueNameExists", "QueueAlreadyExists", 400),
        ("OverLimit", "OverLimit", 403),
        ("ResourceNotFoundException", "ResourceNotFoundException", 404),
        ("KmsNotFound", "KMS.NotFoundException", 400),
        ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 400),
        ("InvalidParameterValue", "InvalidParameterValue", 400),
    ],
)
def test_sqss_codes(name: str, query_code: str, status: int) -> None:
    found, headers, _ = failure("sqs", "json", AwsError(name, "m"))
    assert (status, f"{query_code};Sender") == (found, headers["x-amzn-query-error"])
    found, _, body = failure("sqs", "query", AwsError(name, "m"))
    assert status == found
    assert f"<Code>{query_code}</Code>" in body


def test_a_query_code_of_its_own_wins() -> None:
    error = AwsError("QueueDoesNotExist", "m", query_code="AWS.Special")
    assert "AWS.Special;Sender" == failure("sqs", "json", error)[1]["x-amzn-query-error"]
    assert "<Code>AWS.Special</Code>" in failure("sqs", "query", error)[2]


def test_an_error_can_be_raised_by_its_older_code() -> None:
    error = AwsError("AWS.SimpleQueueService.NonExistentQueue", "m")
    assert (
        "com.amazonaws.sqs#QueueDoesNotExist"
        == json.loads(failure("sqs", "json", error)[2])["__type"]
    )


def test_the_framework_names_its_own_errors() -> None:
    error = failures.serialization_exception("x")
    body = json.loads(failure("dynamodb", "json", error)[2])
    assert {"__type": "com.amazon.coral.service#SerializationException", "message": "x"} == body
    error = AwsError("ResourceNotFoundException", "x")
    body = json.loads(failure("dynamodb", "json", error)[2])
    assert "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" == body["__type"]


def test_other_services_name_their_errors_plainly() -> None:
    _, headers, body = failure("logs", "json", AwsError("ResourceNotFoundException", "m"))
    assert {"__type": "ResourceNotFoundException", "message": "m"} == json.loads(body)
    assert "x-amzn-query-error" not in headers


def test_rest_json_names_the_error_in_a_header() -> None:
    error = AwsError("ResourceNotFoundException", "Function not found: f", Type="User")
    status, headers, body = failure("lambda", "rest-json", error, "GetFunction")
    assert (404, "ResourceNotFoundException") == (status, headers["x-amzn-ErrorType"])
    assert {"Type": "User", "Message": "Function not found: f"} == json.loads(body)


def test_members_of_errors_that_are_headers_become_headers() -> None:
    error = AwsError(
        "TooManyRequestsException", "m", retryAfterSeconds="5", Reason="R", Type="User"
    )
    status, headers, body = failure("lambda", "rest-json", error)
    assert (429, "5") == (status, headers["Retry-After"])
    assert {"Type": "User", "Reason": "R", "message": "m"} == json.loads(body)


def test_ec2s_errors() -> None:
    error = AwsError("InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist")
    status, _, body = failure("ec2", "ec2", error)
    assert 400 == status
    assert (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
        "<Code>InvalidInstanceID.NotFound</Code>"
        "<Message>The instance ID 'i-1' does not exist</Message></Error></Errors>"
        "<RequestID>request-1</RequestID></Response>"
    ) == body


def test_s3s_errors() -> None:
    error = AwsError("NoSuchKey", "The specified key does not exist.", status=404, Key="a&b")
    status, headers, body = failure("s3", "rest-xml", error, "GetObject")
    assert (404, "request-1") == (status, headers["x-amz-request-id"])
    assert "x-amzn-RequestId" not in headers
    assert (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        "<Message>The specified key does not exist.</Message><Key>a&amp;b</Key>"
        f"<RequestId>request-1</RequestId><HostId>{headers['x-amz-id-2']}</HostId></Error>"
    ) == body


def test_an_answer_to_head_has_no_body() -> None:
    status, _, body = failure(
        "s3", "rest-xml", AwsError("NoSuchKey", "m", status=404), "HeadObject"
    )
    assert (404, "") == (status, body)


def test_an_answer_of_nothing_new_has_no_body() -> None:
    error = AwsError("NotModified", "Not Modified", status=304)
    assert (304, "") == failure("s3", "rest-xml", error, "GetObject")[::2]


def test_other_rest_xml_services_wrap_their_errors() -> None:
    error = AwsError("NoSuchDistribution", "m")
    status, _, body = failure("cloudfront", "rest-xml", error)
    assert 404 == status
    assert "<ErrorResponse" in body
    assert "<Error><Type>Sender</Type><Code>NoSuchDistribution</Code><Message>m</Message>" in body


def test_cbor_errors() -> None:
    model = load.load("cloudwatch")
    error = AwsError("ResourceNotFound", "m")
    response = responses.failure(model, None, "smithy-rpc-v2-cbor", error, "request-1")
    assert (404, "rpc-v2-cbor") == (response.status, response.headers["smithy-protocol"])
    assert "ResourceNotFound;Sender" == response.headers["x-amzn-query-error"]
    assert isinstance(response.body, bytes)
    assert {"__type": "ResourceNotFound", "message": "m"} == cbor2.loads(response.body)


def test_what_is_not_implemented_says_so_in_every_protocol() -> None:
    error = not_implemented("sqs", "SendMessage")
    for service, protocol in (("sqs", "json"), ("sqs", "query"), ("lambda", "rest-json")):
        status, _, body = failure(service, protocol, error)
        assert 501 == status
        assert "is not implemented" in body


def test_a_failure_of_ours_is_the_receivers() -> None:
    status, headers, _ = failure("sqs", "json", internal_failure())
    assert (500, "InternalFailure;Receiver") == (status, headers["x-amzn-query-error"])
    assert "<Type>Receiver</Type>" in failure("sqs", "query", internal_failure())[2]


def test_modelled_faults_have_their_status() -> None:
    assert 500 == failure("lambda", "rest-json", AwsError("ServiceException", "m"))[0]


@pytest.mark.parametrize(
    ("service", "protocol", "code", "status", "message"),
    [
        ("sqs", "query", "InvalidAction", 400, "The action Foo is not valid for this endpoint."),
        ("sns", "query", "InvalidAction", 400,
         "Could not find operation Foo for version 2010-03-31"),
        ("ec2", "ec2", "InvalidAction", 400, "The action Foo is not valid for this web service."),
        ("logs", "json", "UnknownOperationException", 400, ""),
        ("lambda", "rest-json", "UnknownOperationException", 404, ""),
        ("s3", "rest-xml", "MethodNotAllowed", 405,
         "The specified method is not allowed against this resource."),
    ],
)  # fmt: skip
def test_unknown_operations(
    service: str, protocol: str, code: str, status: int, message: str
) -> None:
    error = failures.unknown_operation(load.load(service), protocol, "Foo")
    assert (code, status, message) == (error.code, error.status, error.message)


def test_an_error_without_message_has_none() -> None:
    error = failures.unknown_operation(load.load("logs"), "json", "Foo")
    assert {"__type": "UnknownOperationException"} == json.loads(failure("logs", "json", error)[2])


def test_headers_cannot_be_split() -> None:
    attack = "x\r\nSet-Cookie: a=b\x00\u2028"
    error = AwsError(attack, attack, headers={"X-Reason": attack}, retryAfterSeconds=attack)
    for service, protocol in (("lambda", "rest-json"), ("sqs", "json"), ("s3", "rest-xml")):
        headers = failure(service, protocol, error)[1]
        assert all(is_one_line(value) for value in headers.values()), headers


def test_headers_of_results_cannot_be_split() -> None:
    operation = load.load("s3").operation("GetObject")
    assert operation is not None
    output: dict[str, Any] = {
        "ContentType": "text/plain\r\nX: y",
        "Metadata": {"a": "b\nc", "bad\r\nname": "x", "": "empty"},
        "Body": b"",
    }
    headers = responses.success(operation, "rest-xml", output, "id").headers
    assert all(is_one_line(name + value) for name, value in headers.items())
    assert "text/plain  X: y" == headers["Content-Type"]
    assert "b c" == headers["x-amz-meta-a"]


def is_one_line(text: str) -> bool:
    return text.isascii() and text.isprintable()
