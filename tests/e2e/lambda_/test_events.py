"""Asynchronous invocation: durable, retried by the clock, given up with a trace."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


class Failing:
    """A function that fails so many times, and knows when it ran."""

    def __init__(self, pileus: RunningLambda, failures: int) -> None:
        self._pileus = pileus
        self._failures = failures
        self.ran_at: list[int] = []
        self.request_ids: list[str] = []

    def __call__(self, event: Any, context: Context) -> Any:
        self.ran_at.append(self._pileus.now)
        self.request_ids.append(context.request_id)
        if len(self.ran_at) <= self._failures:
            raise RuntimeError("not yet")
        return {"event": event}

    def pauses(self) -> list[float]:
        return [(late - early) / 1000 for early, late in zip(self.ran_at, self.ran_at[1:])]  # noqa: B905


@pytest.fixture
def queue(aws: Any) -> tuple[str, str]:
    """The URL and ARN of a queue."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def received(sqs: Any, url: str) -> list[dict[str, Any]]:
    return sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages", [])


def hand_over(functions: Functions, name: str, event: Any = "e") -> str:
    answer = functions.invoke(name, event, InvocationType="Event")
    assert 202 == answer["StatusCode"]
    assert b"" == answer["Payload"]
    functions.pileus.idle()
    return str(answer["ResponseMetadata"]["RequestId"])


def test_an_event_runs_later_under_its_request_id(
    functions: Functions, pileus: RunningLambda
) -> None:
    function = Failing(pileus, failures=0)
    request_id = hand_over(functions, functions.create(function))
    assert [request_id] == function.request_ids


def test_the_old_operation_hands_over_too(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    function = Failing(pileus, failures=0)
    name = functions.create(function)
    assert 202 == client.invoke_async(FunctionName=name, InvokeArgs=b"{}")["Status"]
    pileus.idle()
    assert 1 == len(function.ran_at)


def test_a_failing_event_is_tried_after_one_and_two_minutes(
    functions: Functions, pileus: RunningLambda
) -> None:
    function = Failing(pileus, failures=9)
    request_id = hand_over(functions, functions.create(function))
    pileus.advance(3600)
    assert [60, 120] == function.pauses()
    assert [request_id] * 3 == function.request_ids


def test_an_event_that_succeeds_on_its_second_try_is_done(
    functions: Functions, pileus: RunningLambda
) -> None:
    function = Failing(pileus, failures=1)
    hand_over(functions, functions.create(function))
    pileus.advance(3600)
    assert [60] == function.pauses()


@pytest.mark.parametrize("retries", [0, 1])
def test_retries_can_be_fewer(
    functions: Functions, client: Any, pileus: RunningLambda, retries: int
) -> None:
    function = Failing(pileus, failures=9)
    name = functions.create(function)
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=retries)
    hand_over(functions, name)
    pileus.advance(3600)
    assert retries + 1 == len(function.ran_at)


def test_an_event_may_become_too_old_for_a_retry(
    functions: Functions, client: Any, pileus: RunningLambda, aws: Any, queue: tuple[str, str]
) -> None:
    function = Failing(pileus, failures=9)
    name = functions.create(function)
    client.put_function_event_invoke_config(
        FunctionName=name,
        MaximumEventAgeInSeconds=100,
        DestinationConfig={"OnFailure": {"Destination": queue[1]}},
    )
    hand_over(functions, name)
    pileus.advance(3600)
    assert 2 == len(function.ran_at)
    (message,) = received(aws("sqs"), queue[0])
    assert "EventAgeExceeded" == json.loads(message["Body"])["requestContext"]["condition"]


def test_a_throttled_event_waits_longer_each_time(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    import asyncio

    gate: list[asyncio.Event] = []

    async def hold(event: Any, context: Context) -> str:
        if event == "hold":
            gate.append(asyncio.Event())
            await gate[0].wait()
        return "done"

    name = functions.create(hold, Timeout=900)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    client.invoke(FunctionName=name, InvocationType="Event", Payload=b'"hold"')
    while not gate:
        client.get_account_settings()
    client.invoke(FunctionName=name, InvocationType="Event", Payload=b'"second"')

    async def refusals() -> int:
        kernel = pileus.app.kernel
        found = await kernel.store_read(_refusals, part=kernel.store.partition(functions.arn(name)))
        return int(found)

    while pileus.run(refusals()) == 0:
        client.get_account_settings()

    async def open_gate() -> None:
        gate[0].set()

    pileus.run(open_gate())
    pileus.idle()
    assert 1 == pileus.run(refusals())
    pileus.advance(1)
    assert 0 == pileus.run(refusals())


def _refusals(tx: Any) -> int:
    rows = tx.all("SELECT event FROM lambda_events WHERE part = :part", at_most=10)
    return sum(json.loads(event).get("refusals", 0) for (event,) in rows)


def test_an_event_for_a_function_with_nothing_reserved_is_given_up(
    functions: Functions, client: Any, pileus: RunningLambda, aws: Any, queue: tuple[str, str]
) -> None:
    function = Failing(pileus, failures=0)
    name = functions.create(function)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": queue[1]}}
    )
    hand_over(functions, name)
    assert [] == function.ran_at
    (message,) = received(aws("sqs"), queue[0])
    assert "ZeroReservedConcurrency" == json.loads(message["Body"])["requestContext"]["condition"]


def test_the_dead_letter_queue_gets_the_event_and_its_error(
    functions: Functions, pileus: RunningLambda, aws: Any, queue: tuple[str, str]
) -> None:
    function = Failing(pileus, failures=9)
    name = functions.create(function, DeadLetterConfig={"TargetArn": queue[1]})
    request_id = hand_over(functions, name, {"a": 1})
    pileus.advance(3600)
    (message,) = received(aws("sqs"), queue[0])
    assert '{"a": 1}' == message["Body"]
    assert {
        "RequestID": {"DataType": "String", "StringValue": request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "not yet"},
    } == message["MessageAttributes"]


def test_destinations_get_a_record(
    functions: Functions, client: Any, pileus: RunningLambda, aws: Any, queue: tuple[str, str]
) -> None:
    function = Failing(pileus, failures=3)
    name = functions.create(function)
    client.put_function_event_invoke_config(
        FunctionName=name,
        DestinationConfig={
            "OnSuccess": {"Destination": queue[1]},
            "OnFailure": {"Destination": queue[1]},
        },
    )
    failed_id = hand_over(functions, name, {"a": 1})
    pileus.advance(300)
    (message,) = received(aws("sqs"), queue[0])
    record = json.loads(message["Body"])
    assert record.pop("timestamp").endswith("Z")
    document = {"errorMessage": "not yet", "errorType": "RuntimeError", "stackTrace": []}
    assert {
        "version": "1.0",
        "requestContext": {
            "requestId": failed_id,
            "functionArn": f"{functions.arn(name)}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"a": 1},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": document,
    } == record
    hand_over(functions, name, {"b": 2})
    (message,) = received(aws("sqs"), queue[0])
    record = json.loads(message["Body"])
    assert "Success" == record["requestContext"]["condition"]
    assert 1 == record["requestContext"]["approximateInvokeCount"]
    assert {"statusCode": 200, "executedVersion": "$LATEST"} == record["responseContext"]
    assert {"event": {"b": 2}} == record["responsePayload"]


@pytest.mark.parametrize("size_bytes", [1, 200_000], ids=["in a row", "in a file"])
def test_a_bucket_gets_the_record_of_a_failure(
    functions: Functions, client: Any, pileus: RunningLambda, aws: Any, size_bytes: int
) -> None:
    name = functions.create(Failing(pileus, failures=9))
    s3, bucket = aws("s3"), f"records-{functions.account}-{size_bytes}"
    s3.create_bucket(Bucket=bucket)
    client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )  # fmt: skip
    request_id = hand_over(functions, name, "e" * size_bytes)
    pileus.advance(10)
    (found,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    day = "[0-9]{4}/[0-9]{2}/[0-9]{2}"
    moment = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}[.][0-9]{2}[.][0-9]{2}"
    layout = rf"aws/lambda/async/{name}/{day}/{moment}-[0-9a-f-]{{36}}"
    assert re.fullmatch(layout, found["Key"]), found["Key"]
    record = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    assert ("1.0", "RetriesExhausted") == (
        record["version"], record["requestContext"]["condition"]
    )  # fmt: skip
    assert request_id == record["requestContext"]["requestId"]
    assert "e" * size_bytes == record["requestPayload"]
    assert "not yet" == record["responsePayload"]["errorMessage"]


def test_a_bucket_that_is_gone_is_a_delivery_failure(
    functions: Functions, client: Any, pileus: RunningLambda, aws: Any
) -> None:
    name = functions.create(Failing(pileus, failures=9))
    client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::no-such-bucket-here"}},
    )  # fmt: skip
    hand_over(functions, name, "e")
    pileus.advance(60)
    found = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="DestinationDeliveryFailures",
        Dimensions=[{"Name": "FunctionName", "Value": name}], Statistics=["Sum"], Period=3600,
        StartTime=pileus.now / 1000 - 3600, EndTime=pileus.now / 1000 + 3600,
    )["Datapoints"]  # fmt: skip
    assert [1.0] == [point["Sum"] for point in found]


def test_a_function_can_be_a_destination(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    records: list[Any] = []
    target = functions.create(lambda event, context: records.append(event))
    name = functions.create(lambda event, context: "fine")
    client.put_function_event_invoke_config(
        FunctionName=name,
        DestinationConfig={"OnSuccess": {"Destination": f"{functions.arn(target)}:$LATEST"}},
    )
    hand_over(functions, name, "e")
    pileus.idle()
    assert ["fine"] == [record["responsePayload"] for record in records]


def test_events_of_a_deleted_function_are_dropped(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    function = Failing(pileus, failures=9)
    name = functions.create(function)
    hand_over(functions, name)
    client.delete_function(FunctionName=name)
    pileus.advance(3600)
    assert 1 == len(function.ran_at)


# Its configuration.


def test_a_config_is_put_updated_listed_and_deleted(
    functions: Functions, client: Any, queue: tuple[str, str]
) -> None:
    name = functions.create()
    put = client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60
    )
    assert (1, 60, f"{functions.arn(name)}:$LATEST") == (
        put["MaximumRetryAttempts"], put["MaximumEventAgeInSeconds"], put["FunctionArn"],
    )  # fmt: skip
    assert {"OnSuccess": {}, "OnFailure": {}} == put["DestinationConfig"]
    updated = client.update_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": queue[1]}}
    )
    assert 1 == updated["MaximumRetryAttempts"]
    assert {"Destination": queue[1]} == updated["DestinationConfig"]["OnSuccess"]
    found = client.get_function_event_invoke_config(FunctionName=name)
    listed = client.list_function_event_invoke_configs(FunctionName=name)
    found.pop("ResponseMetadata")
    assert [found] == listed["FunctionEventInvokeConfigs"]
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2)
    found = client.get_function_event_invoke_config(FunctionName=name)
    assert "MaximumEventAgeInSeconds" not in found
    client.delete_function_event_invoke_config(FunctionName=name)
    listed = client.list_function_event_invoke_configs(FunctionName=name)
    assert [] == listed["FunctionEventInvokeConfigs"]


def test_a_config_that_is_not_there(functions: Functions, client: Any) -> None:
    name = functions.create()
    missing = Refusal(
        "ResourceNotFoundException",
        f"The function {functions.arn(name)}:$LATEST doesn't have an EventInvokeConfig",
        404,
    )
    assert missing == refusal(client.get_function_event_invoke_config, FunctionName=name)
    assert missing == refusal(client.delete_function_event_invoke_config, FunctionName=name)
    assert missing == refusal(
        client.update_function_event_invoke_config, FunctionName=name, MaximumRetryAttempts=1
    )
    gone = Refusal("ResourceNotFoundException", "The function doesn't exist.", 404)
    assert gone == refusal(
        client.put_function_event_invoke_config, FunctionName="nothing", MaximumRetryAttempts=1
    )


def test_bad_configs_are_refused(functions: Functions, client: Any) -> None:
    name = functions.create()

    def refused(**members: Any) -> Refusal:
        return refusal(client.put_function_event_invoke_config, FunctionName=name, **members)

    def refused_destination(arn: str) -> Refusal:
        return refused(DestinationConfig={"OnSuccess": {"Destination": arn}})

    assert (
        invalid("You must specify at least one of error handling or destination setting.")
        == refused()
    )
    iam = f"arn:aws:iam:us-east-1:{functions.account}:function:x"
    assert invalid(
        "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
        f"{iam}), onFailure=null) is invalid."
    ) == refused_destination(iam)
    assert invalid(
        "You can't specify the function as a destination for itself."
    ) == refused_destination(functions.arn(name))
    nothing = functions.arn("doesnotexist")
    assert invalid(f"The destination ARN {nothing} is invalid.") == refused_destination(nothing)
    bucket = "arn:aws:s3:::records"
    assert invalid(
        "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
        f"{bucket}), onFailure=null) is invalid."
    ) == refused_destination(bucket)


@pytest.mark.parametrize(
    ("members", "where", "constraint"),
    [
        ({"MaximumRetryAttempts": 3}, "3' at 'maximumRetryAttempts", "less than or equal to 2"),
        (
            {"MaximumEventAgeInSeconds": 21601},
            "21601' at 'maximumEventAgeInSeconds",
            "less than or equal to 21600",
        ),
        (
            {"MaximumEventAgeInSeconds": 59},
            "59' at 'maximumEventAgeInSeconds",
            "greater than or equal to 60",
        ),
    ],
)
def test_limits_of_a_config(
    functions: Functions, aws: Any, members: dict[str, int], where: str, constraint: str
) -> None:
    client = aws("lambda", parameter_validation=False)
    name = functions.create()
    message = (
        f"1 validation error detected: Value '{where}' failed to satisfy constraint: Member must "
        f"have value {constraint}"
    )
    assert Refusal("ValidationException", message, 400) == refusal(
        client.put_function_event_invoke_config, FunctionName=name, **members
    )
