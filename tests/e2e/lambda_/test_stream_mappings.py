"""Event source mappings of streams: what they show, what is refused, and how they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal
from support.streaming import Event, Streams, bodies


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


@pytest.fixture
def streams(functions: Functions, aws: Any) -> Streams:
    return Streams(functions, aws)


def test_a_mapping_shows_its_defaults(streams: Streams) -> None:
    arn = streams.create()
    made = streams.map(arn)
    assert 202 == made.pop("ResponseMetadata")["HTTPStatusCode"]
    uuid = made.pop("UUID")
    made.pop("LastModified")
    mapping = f"arn:aws:lambda:us-east-1:{streams.functions.account}:event-source-mapping:{uuid}"
    expected = {
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "EventSourceArn": arn,
        "FunctionArn": streams.functions.arn("function-1"),
        "LastProcessingResult": "No records processed",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "EventSourceMappingArn": mapping,
    }
    assert expected == made
    shown = streams.client.get_event_source_mapping(UUID=uuid)
    assert "Enabled" == shown["State"]


def test_settings_are_changed(streams: Streams, account: str) -> None:
    arn = streams.create()
    made = streams.map(arn)
    topic = f"arn:aws:sns:us-east-1:{account}:topic"
    settings = {
        "BatchSize": 7,
        "MaximumBatchingWindowInSeconds": 3,
        "ParallelizationFactor": 2,
        "DestinationConfig": {"OnFailure": {"Destination": topic}},
        "MaximumRecordAgeInSeconds": 60,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 0,
        "TumblingWindowInSeconds": 9,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    streams.client.update_event_source_mapping(UUID=made["UUID"], **settings)
    shown = streams.client.get_event_source_mapping(UUID=made["UUID"])
    assert settings == {name: shown[name] for name in settings}
    streams.client.update_event_source_mapping(
        UUID=made["UUID"], DestinationConfig={"OnFailure": {}}
    )
    shown = streams.client.get_event_source_mapping(UUID=made["UUID"])
    assert {"OnFailure": {}} == shown["DestinationConfig"]


def test_a_starting_timestamp_is_shown(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    at = datetime.fromtimestamp(pileus.now // 1000, UTC)
    made = streams.map(arn, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=at)
    assert at == made["StartingPositionTimestamp"]


def test_what_aws_refuses_is_refused(streams: Streams, pileus: RunningLambda, account: str) -> None:
    arn = streams.create()
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/t/stream/2026-01-01T00:00:00.000"
    later = datetime.fromtimestamp(pileus.now / 1000, UTC) + timedelta(hours=1)
    unsupported = "Unsupported {} parameter for given event source mapping type."
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {"StartingPosition": None},
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
            "constraint: Member must not be null.",
        ),
        ({"EventSourceArn": f"{arn}x"}, f"Stream not found: {arn}x"),
        ({"EventSourceArn": table}, f"Stream not found: {table}"),
        (
            {"EventSourceArn": table, "StartingPosition": "AT_TIMESTAMP"},
            f"Unsupported starting position for arn type: {table}",
        ),
        ({"StartingPosition": "AT_TIMESTAMP"}, "Need to specify a timestamp"),
        (
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": later},
            "The timestamp of a starting position cannot be in the future.",
        ),
        (
            {"StartingPositionTimestamp": later},
            "A timestamp needs the starting position AT_TIMESTAMP.",
        ),
        ({"ScalingConfig": {"MaximumConcurrency": 2}}, unsupported.format("ScalingConfig")),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": f"{arn}"}}},
            unsupported.format("DestinationConfig"),
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": f"{arn}"}}},
            f"The destination ARN {arn} is invalid.",
        ),
        (
            {"MaximumRecordAgeInSeconds": 59},
            "Maximum record age must be -1 or at least 60 seconds.",
        ),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}},
            "Invalid filter pattern definition.",
        ),
        ({"EventSourceArn": arn.replace("stream/", "other/")}, "Unrecognized event source."),
    ]
    name = streams.functions.create()
    for members, message in cases:
        asked = {"EventSourceArn": arn, "StartingPosition": "LATEST", **members}
        asked = {key: value for key, value in asked.items() if value is not None}
        found = refusal(streams.client.create_event_source_mapping, FunctionName=name, **asked)
        assert invalid(message) == found


def test_a_stream_feeds_a_function_once(streams: Streams) -> None:
    arn = streams.create()
    made = streams.map(arn)
    expected = Refusal(
        "ResourceConflictException",
        f'The event source arn (" {arn} ") and function (" function-1 ") provided mapping already '
        f"exists. Please update or delete the existing mapping with UUID {made['UUID']}",
        409,
    )
    assert expected == refusal(
        streams.client.create_event_source_mapping,
        FunctionName="function-1", EventSourceArn=arn, StartingPosition="LATEST",
    )  # fmt: skip


def test_a_deleted_mapping_reads_no_more(streams: Streams) -> None:
    arn = streams.create()
    made = streams.map(arn)
    streams.put("a")
    streams.idle()
    streams.client.delete_event_source_mapping(UUID=made["UUID"])
    streams.put("b")
    assert ["a"] == streams.seen()
    streams.map(arn, FunctionName="function-1")
    assert ["a", "a", "b"] == streams.seen()


def measured(
    pileus: RunningLambda, aws: Any, name: str, dimension: tuple[str, str], statistic: str
) -> list[float]:
    """What CloudWatch says of the last minutes."""
    pileus.run(pileus.app.kernel.metrics.write())
    at = datetime.fromtimestamp(pileus.now / 1000, UTC)
    found = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName=name, Statistics=[statistic], Period=60,
        Dimensions=[dict(zip(("Name", "Value"), dimension, strict=True))],
        StartTime=at - timedelta(minutes=5), EndTime=at + timedelta(minutes=5),
    )  # fmt: skip
    return [each[statistic] for each in found["Datapoints"]]


def test_the_age_of_records_is_measured(streams: Streams, pileus: RunningLambda, aws: Any) -> None:
    arn = streams.create()
    streams.put("a")
    pileus.advance(30)
    streams.map(arn)
    streams.idle()
    of = ("FunctionName", "function-1")
    assert [30_000.0] == measured(pileus, aws, "IteratorAge", of, "Maximum")


def test_events_are_counted_for_mappings_that_ask(
    streams: Streams, pileus: RunningLambda, aws: Any
) -> None:
    arn = streams.create()

    def answer(event: Event) -> None:
        if "bad" in bodies(event):
            raise ValueError

    made = streams.map(
        arn, answer, MetricsConfig={"Metrics": ["EventCount"]}, MaximumRetryAttempts=0,
        BatchSize=1,
        FilterCriteria={"Filters": [{"Pattern": '{"data": [{"anything-but": "left out"}]}'}]},
    )  # fmt: skip
    streams.put("good", "left out", "bad")
    streams.idle()
    of = ("EventSourceMappingUUID", made["UUID"])
    expected = {
        "PolledEventCount": [3.0],
        "FilteredOutEventCount": [1.0],
        "InvokedEventCount": [2.0],
        "DroppedEventCount": [1.0],
        "OnFailureDestinationDeliveredEventCount": [],
    }
    assert expected == {name: measured(pileus, aws, name, of, "Sum") for name in expected}
