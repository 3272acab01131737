"""Forms and answers as Amazon's API references print them."""

from typing import Any

import pytest

from pileus.aws_models import load
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from pileus.protocols import requests, responses

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def parse(service: str, name: str, form: str, query: str = "") -> Any:
    model = load.load(service)
    operation = model.operation(name)
    assert operation is not None
    request = Request("POST", "/", query, FORM, form.encode("latin-1"))
    return requests.parse(request, model, "ec2" if service == "ec2" else "query", operation, {})


def answer(service: str, name: str, output: dict[str, Any]) -> str:
    operation = load.load(service).operation(name)
    assert operation is not None
    protocol = "ec2" if service == "ec2" else "query"
    body = responses.success(operation, protocol, output, "request-1").body
    assert isinstance(body, bytes)
    return body.decode()


def refusal(service: str, name: str, form: str) -> AwsError:
    with pytest.raises(AwsError) as raised:
        parse(service, name, form)
    return raised.value


def test_sqs_send_message() -> None:
    form = (
        "Action=SendMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Flocalhost%2Fq"
        "&MessageBody=This+is+a+test+message&DelaySeconds=45"
        "&MessageAttribute.1.Name=my_attribute_name_1"
        "&MessageAttribute.1.Value.StringValue=my_attribute_value_1"
        "&MessageAttribute.1.Value.DataType=String"
        "&MessageAttribute.2.Name=binary&MessageAttribute.2.Value.BinaryValue=aGk%3D"
        "&MessageSystemAttribute.1.Name=AWSTraceHeader"
        "&MessageSystemAttribute.1.Value.StringValue=Root"
    )
    assert {
        "QueueUrl": "http://localhost/q",
        "MessageBody": "This is a test message",
        "DelaySeconds": 45,
        "MessageAttributes": {
            "my_attribute_name_1": {"StringValue": "my_attribute_value_1", "DataType": "String"},
            "binary": {"BinaryValue": b"hi"},
        },
        "MessageSystemAttributes": {"AWSTraceHeader": {"StringValue": "Root"}},
    } == parse("sqs", "SendMessage", form)


def test_sqs_create_queue() -> None:
    form = (
        "Action=CreateQueue&QueueName=MyQueue&Attribute.1.Name=VisibilityTimeout"
        "&Attribute.1.Value=40&Attribute.2.Name=DelaySeconds&Attribute.2.Value=3"
        "&Tag.1.Key=QueueType&Tag.1.Value=Production"
    )
    assert {
        "QueueName": "MyQueue",
        "Attributes": {"VisibilityTimeout": "40", "DelaySeconds": "3"},
        "tags": {"QueueType": "Production"},
    } == parse("sqs", "CreateQueue", form)


def test_sqs_batches_and_names() -> None:
    form = (
        "SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=1"
        "&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=2"
        "&SendMessageBatchRequestEntry.2.MessageAttribute.1.Name=n"
        "&SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType=String"
    )
    assert {
        "Entries": [
            {"Id": "a", "MessageBody": "1"},
            {"Id": "b", "MessageBody": "2", "MessageAttributes": {"n": {"DataType": "String"}}},
        ]
    } == parse("sqs", "SendMessageBatch", form)
    form = "AttributeName.1=All&MessageAttributeName.1=a&MessageAttributeName.2=b"
    assert {"AttributeNames": ["All"], "MessageAttributeNames": ["a", "b"]} == parse(
        "sqs", "ReceiveMessage", form
    )
    assert {"TagKeys": ["one"]} == parse("sqs", "UntagQueue", "TagKey.1=one")
    form = "Label=l&AWSAccountId.1=000000000000&ActionName.1=SendMessage"
    assert {"Label": "l", "AWSAccountIds": ["000000000000"], "Actions": ["SendMessage"]} == parse(
        "sqs", "AddPermission", form
    )


def test_sqs_receive_message_answer() -> None:
    message = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "MD5OfBody": "d",
        "Body": "This is a test <message>",
        "Attributes": {"SenderId": "195004372649", "ApproximateReceiveCount": "5"},
        "MessageAttributes": {"a": {"StringValue": "v", "DataType": "String"}},
    }
    assert (
        '<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        "<ReceiveMessageResult><Message><MessageId>m</MessageId><ReceiptHandle>r</ReceiptHandle>"
        "<MD5OfBody>d</MD5OfBody><Body>This is a test &lt;message&gt;</Body>"
        "<Attribute><Name>SenderId</Name><Value>195004372649</Value></Attribute>"
        "<Attribute><Name>ApproximateReceiveCount</Name><Value>5</Value></Attribute>"
        "<MessageAttribute><Name>a</Name><Value><StringValue>v</StringValue>"
        "<DataType>String</DataType></Value></MessageAttribute>"
        "</Message></ReceiveMessageResult>"
        "<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata>"
        "</ReceiveMessageResponse>"
    ) == answer("sqs", "ReceiveMessage", {"Messages": [message]})


def test_sqs_lists_in_answers() -> None:
    assert "<QueueUrl>a</QueueUrl><QueueUrl>b</QueueUrl>" in answer(
        "sqs", "ListQueues", {"QueueUrls": ["a", "b"]}
    )
    assert "<Tag><Key>k</Key><Value>v</Value></Tag>" in answer(
        "sqs", "ListQueueTags", {"Tags": {"k": "v"}}
    )
    output = {"Successful": [{"Id": "1"}], "Failed": [{"Id": "2", "SenderFault": True}]}
    body = answer("sqs", "SendMessageBatch", output)
    assert "<SendMessageBatchResultEntry><Id>1</Id></SendMessageBatchResultEntry>" in body
    assert "<BatchResultErrorEntry><Id>2</Id><SenderFault>true</SenderFault>" in body


def test_an_operation_without_output_answers_its_metadata() -> None:
    assert (
        '<DeleteMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        "<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata>"
        "</DeleteMessageResponse>"
    ) == answer("sqs", "DeleteMessage", {})


def test_lists_and_maps_that_are_not_flattened() -> None:
    form = (
        "TopicArn=t&Message=m&MessageAttributes.entry.1.Name=a"
        "&MessageAttributes.entry.1.Value.DataType=String"
        "&MessageAttributes.entry.1.Value.StringValue=v"
    )
    assert {
        "TopicArn": "t",
        "Message": "m",
        "MessageAttributes": {"a": {"DataType": "String", "StringValue": "v"}},
    } == parse("sns", "Publish", form)
    form = "RoleName=r&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=k2"
    assert {"RoleName": "r", "Tags": [{"Key": "k", "Value": "v"}, {"Key": "k2"}]} == parse(
        "iam", "TagRole", form
    )


def test_ec2s_lists_have_no_member_between() -> None:
    form = (
        "InstanceId.2=i-2&InstanceId.10=i-10&Filter.1.Name=tag:a&Filter.1.Value.1=x&MaxResults=5"
        "&DryRun=true"
    )
    assert {
        "InstanceIds": ["i-2", "i-10"],
        "Filters": [{"Name": "tag:a", "Values": ["x"]}],
        "MaxResults": 5,
        "DryRun": True,
    } == parse("ec2", "DescribeInstances", form)


def test_ec2s_answers_begin_with_the_request_id() -> None:
    assert (
        '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        "<requestId>request-1</requestId><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>"
        "</DescribeVpcsResponse>"
    ) == answer("ec2", "DescribeVpcs", {"Vpcs": [{"VpcId": "vpc-1"}]})


def test_an_empty_list_is_sent_as_an_empty_value() -> None:
    assert {"RoleName": "r", "Tags": []} == parse("iam", "TagRole", "RoleName=r&Tags=")
    assert "<Roles></Roles>" in answer("iam", "ListRoles", {"Roles": [], "IsTruncated": False})


def test_members_may_stand_in_the_url() -> None:
    assert {"QueueName": "q"} == parse("sqs", "GetQueueUrl", "", "Action=GetQueueUrl&QueueName=q")


def test_characters_of_all_alphabets() -> None:
    assert {"MessageBody": "東 京+"} == parse(
        "sqs", "SendMessage", "MessageBody=%E6%9D%B1+%E4%BA%AC%2B"
    )
    assert "<QueueUrl>東京</QueueUrl>" in answer("sqs", "GetQueueUrl", {"QueueUrl": "東京"})


def test_what_xml_cannot_carry_is_replaced() -> None:
    body = answer("sqs", "ReceiveMessage", {"Messages": [{"Body": "a\x00b\rc\ud800]]>"}]})
    assert "<Body>a\ufffdb&#13;c\ufffd]]&gt;</Body>" in body


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("DelaySeconds=x", "MalformedInput"),
        ("DelaySeconds=99999999999", "MalformedInput"),
        ("DelaySeconds.1=1", "MalformedInput"),
        ("MessageAttribute.x.Name=a", "MalformedInput"),
        ("MessageAttribute.1.Value.DataType=String", "MalformedInput"),
        ("MessageAttribute=text", "MalformedInput"),
        ("MessageAttribute.1.Name=n&MessageAttribute.1.Value.BinaryValue=%21", "MalformedInput"),
        ("MessageBody=%FF", "MalformedQueryString"),
        ("MessageBody=\xff", "MalformedQueryString"),
    ],
)
def test_malformed_forms_are_refused(form: str, code: str) -> None:
    assert code == refusal("sqs", "SendMessage", form).code


def test_too_many_fields_are_refused() -> None:
    assert "MalformedQueryString" == refusal("sqs", "SendMessage", "a=1&" * 60_000).code
