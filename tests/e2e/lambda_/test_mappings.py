"""Event source mappings: their operations and settings."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from support.lambdas import Functions
from support.refusals import Refusal, refusal


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


class Queue(NamedTuple):
    url: str
    arn: str


@pytest.fixture
def make_queue(aws: Any) -> Any:
    def make(name: str = "source", **attributes: str) -> Queue:
        sqs = aws("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return Queue(url, found["Attributes"]["QueueArn"])

    return make


@pytest.fixture
def queue(make_queue: Any) -> Queue:
    made: Queue = make_queue()
    return made


def test_a_mapping_is_created(functions: Functions, client: Any, queue: Queue) -> None:
    name = functions.create()
    made = client.create_event_source_mapping(FunctionName=name, EventSourceArn=queue.arn)
    assert 202 == made.pop("ResponseMetadata")["HTTPStatusCode"]
    uuid = made["UUID"]
    assert made.pop("LastModified")
    expected = {
        "UUID": uuid,
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": queue.arn,
        "FunctionArn": functions.arn(name),
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": [],
        "EventSourceMappingArn": "arn:aws:lambda:us-east-1:"
        f"{functions.account}:event-source-mapping:{uuid}",
    }
    assert expected == made
    read = client.get_event_source_mapping(UUID=uuid)
    assert "Enabled" == read["State"]


def test_all_settings_are_stored(functions: Functions, client: Any, queue: Queue) -> None:
    settings = {
        "BatchSize": 10000,
        "MaximumBatchingWindowInSeconds": 300,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 1000},
        "MetricsConfig": {"Metrics": ["EventCount"]},
        "KMSKeyArn": "arn:aws:kms:us-east-1:111111111111:key/1",
        "ProvisionedPollerConfig": {"MinimumPollers": 2, "MaximumPollers": 20},
        "FilterCriteria": {"Filters": [{"Pattern": '{"body": ["x"]}'}]},
    }
    uuid = client.create_event_source_mapping(
        FunctionName=functions.arn(functions.create()),
        EventSourceArn=queue.arn,
        Enabled=False,
        Tags={"a": "b"},
        **settings,
    )["UUID"]
    read = client.get_event_source_mapping(UUID=uuid)
    assert settings == {name: read[name] for name in settings}
    assert "Disabled" == read["State"]
    arn = read["EventSourceMappingArn"]
    assert {"a": "b"} == client.list_tags(Resource=arn)["Tags"]
    client.tag_resource(Resource=arn, Tags={"c": "d"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    assert {"c": "d"} == client.list_tags(Resource=arn)["Tags"]


def test_a_mapping_is_updated(functions: Functions, client: Any, queue: Queue) -> None:
    first, second = functions.create(), functions.create()
    uuid = client.create_event_source_mapping(FunctionName=first, EventSourceArn=queue.arn)["UUID"]
    answer = client.update_event_source_mapping(UUID=uuid, BatchSize=3)
    assert ("Updating", 3) == (answer["State"], answer["BatchSize"])
    answer = client.update_event_source_mapping(UUID=uuid, Enabled=False, FunctionName=second)
    assert ("Disabling", functions.arn(second)) == (answer["State"], answer["FunctionArn"])
    read = client.get_event_source_mapping(UUID=uuid)
    assert ("Disabled", 3) == (read["State"], read["BatchSize"])
    assert "Enabling" == client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"]
    client.update_event_source_mapping(UUID=uuid, ScalingConfig={"MaximumConcurrency": 2})
    client.update_event_source_mapping(UUID=uuid, ScalingConfig={})
    assert "ScalingConfig" not in client.get_event_source_mapping(UUID=uuid)


def test_a_mapping_is_deleted(functions: Functions, client: Any, queue: Queue) -> None:
    name = functions.create()
    uuid = client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=queue.arn, Tags={"a": "b"}
    )["UUID"]
    assert "Deleting" == client.delete_event_source_mapping(UUID=uuid)["State"]
    gone = Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    for ask in (
        client.get_event_source_mapping,
        client.update_event_source_mapping,
        client.delete_event_source_mapping,
    ):
        assert gone == refusal(ask, UUID=uuid)
    arn = f"arn:aws:lambda:us-east-1:{functions.account}:event-source-mapping:{uuid}"
    assert Refusal(
        "ResourceNotFoundException", f"Event source mapping not found: {arn}", 404
    ) == refusal(client.list_tags, Resource=arn)
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=queue.arn)


def test_mappings_are_listed_by_source_and_function(
    functions: Functions, client: Any, make_queue: Any
) -> None:
    names = [functions.create(), functions.create()]
    queues = [make_queue("one"), make_queue("two")]
    uuids = {
        (name, queue.arn): client.create_event_source_mapping(
            FunctionName=name, EventSourceArn=queue.arn, Enabled=False
        )["UUID"]
        for name in names
        for queue in queues
    }

    def listed(**filters: Any) -> set[str]:
        pages = client.get_paginator("list_event_source_mappings").paginate(
            PaginationConfig={"PageSize": 1}, **filters
        )
        return {each["UUID"] for page in pages for each in page["EventSourceMappings"]}

    assert set(uuids.values()) == listed()
    one = {uuid for (name, _), uuid in uuids.items() if name == names[0]}
    assert one == listed(FunctionName=names[0])
    two = {uuid for (_, arn), uuid in uuids.items() if arn == queues[1].arn}
    assert two == listed(EventSourceArn=queues[1].arn)
    both = uuids[names[1], queues[0].arn]
    assert {both} == listed(FunctionName=names[1], EventSourceArn=queues[0].arn)
    assert Refusal(
        "ResourceNotFoundException", f"Function not found: {functions.arn('nothing')}", 404
    ) == refusal(client.list_event_source_mappings, FunctionName="nothing")


def test_a_pair_is_mapped_once(functions: Functions, client: Any, make_queue: Any) -> None:
    first, second = functions.create(), functions.create()
    queue = make_queue()
    uuid = client.create_event_source_mapping(FunctionName=first, EventSourceArn=queue.arn)["UUID"]
    exists = Refusal(
        "ResourceConflictException",
        f'An event source mapping with SQS arn (" {queue.arn} ") and function (" {first} ") '
        "already exists. Please update or delete the existing mapping with UUID " + uuid,
        409,
    )
    assert exists == refusal(
        client.create_event_source_mapping, FunctionName=first, EventSourceArn=queue.arn
    )
    other = client.create_event_source_mapping(FunctionName=second, EventSourceArn=queue.arn)
    assert exists == refusal(
        client.update_event_source_mapping, UUID=other["UUID"], FunctionName=first
    )


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"FunctionName": "nothing"}, "Function does not exist"),
        (
            {"BatchSize": 11},
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            "greater than 10",
        ),
        (
            {"StartingPosition": "LATEST"},
            "StartingPosition is not valid for SQS event sources.",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:1:q"}}},
            None,
        ),
        (
            {"ParallelizationFactor": 2},
            "Unsupported ParallelizationFactor parameter for given event source mapping type.",
        ),
        (
            {"MaximumRetryAttempts": 2},
            "Unsupported MaximumRetryAttempts parameter for given event source mapping type.",
        ),
        ({"EventSourceArn": "arn:aws:s3:::bucket"}, "Unrecognized event source."),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": '{"body": "x"}'}]}},
            "Invalid filter pattern definition.",
        ),
        ({"FilterCriteria": {"Filters": [{"Pattern": "["}]}}, "Invalid filter pattern definition."),
    ],
)
def test_bad_mappings_are_refused(
    functions: Functions, client: Any, queue: Queue, members: dict[str, Any], message: str | None
) -> None:
    name = functions.create()
    if message is None:
        members = {"DestinationConfig": {"OnFailure": {"Destination": queue.arn}}}
        message = "Unsupported DestinationConfig parameter for given event source mapping type."
    asked = {"FunctionName": name, "EventSourceArn": queue.arn, **members}
    assert invalid(message) == refusal(client.create_event_source_mapping, **asked)


def test_fifo_queues_have_no_window_and_small_batches(
    functions: Functions, client: Any, make_queue: Any
) -> None:
    queue = make_queue("source.fifo", FifoQueue="true")
    asked = {"FunctionName": functions.create(), "EventSourceArn": queue.arn}
    assert invalid("Batching window is not supported for FIFO queues") == refusal(
        client.create_event_source_mapping, **asked, MaximumBatchingWindowInSeconds=5
    )
    assert "InvalidParameterValueException" == (
        refusal(client.create_event_source_mapping, **asked, BatchSize=11).code
    )
    client.create_event_source_mapping(**asked, BatchSize=10)


def test_a_queue_must_hide_messages_as_long_as_the_function_may_run(
    functions: Functions, client: Any, make_queue: Any
) -> None:
    queue = make_queue(VisibilityTimeout="30")
    slow = functions.create(Timeout=60)
    too_short = invalid(
        "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    )
    asked = {"FunctionName": slow, "EventSourceArn": queue.arn}
    assert too_short == refusal(client.create_event_source_mapping, **asked)
    quick = functions.create(Timeout=30)
    uuid = client.create_event_source_mapping(**{**asked, "FunctionName": quick})["UUID"]
    assert too_short == refusal(client.update_event_source_mapping, UUID=uuid, FunctionName=slow)


def test_the_queue_must_exist(functions: Functions, client: Any) -> None:
    arn = f"arn:aws:sqs:us-east-1:{functions.account}:nothing"
    assert invalid(
        "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
        "exist."
    ) == refusal(
        client.create_event_source_mapping, FunctionName=functions.create(), EventSourceArn=arn
    )


@pytest.mark.parametrize(
    ("members", "where", "constraint"),
    [
        ({"BatchSize": 10001}, "10001' at 'batchSize", "less than or equal to 10000"),
        ({"BatchSize": 0}, "0' at 'batchSize", "greater than or equal to 1"),
        (
            {"MaximumBatchingWindowInSeconds": 301},
            "301' at 'maximumBatchingWindowInSeconds",
            "less than or equal to 300",
        ),
        (
            {"ScalingConfig": {"MaximumConcurrency": 1}},
            "1' at 'scalingConfig.maximumConcurrency",
            "greater than or equal to 2",
        ),
        (
            {"ScalingConfig": {"MaximumConcurrency": 1001}},
            "1001' at 'scalingConfig.maximumConcurrency",
            "less than or equal to 1000",
        ),
    ],
)
def test_limits_of_a_mapping(
    functions: Functions,
    aws: Any,
    queue: Queue,
    members: dict[str, Any],
    where: str,
    constraint: str,
) -> None:
    client = aws("lambda", parameter_validation=False)
    message = (
        f"1 validation error detected: Value '{where}' failed to satisfy constraint: Member must "
        f"have value {constraint}"
    )
    asked = {"FunctionName": functions.create(), "EventSourceArn": queue.arn, **members}
    assert Refusal("ValidationException", message, 400) == refusal(
        client.create_event_source_mapping, **asked
    )


@pytest.mark.parametrize(
    ("members", "member"),
    [
        (
            {"EventSourceArn": "arn:aws:kafka:us-east-1:111111111111:cluster/c/1"},
            "EventSourceArn (kafka)",
        ),
        (
            {"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["a:1"]}}},
            "SelfManagedEventSource",
        ),
    ],
)
def test_other_sources_are_not_built_yet(
    functions: Functions, client: Any, members: dict[str, Any], member: str
) -> None:
    found = refusal(client.create_event_source_mapping, FunctionName=functions.create(), **members)
    assert (
        Refusal(
            "NotImplemented",
            f"The lambda operation CreateEventSourceMapping, member {member}, is not implemented.",
            501,
        )
        == found
    )
