"""The same services on PostgreSQL: one journey through what the embedded store also does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres import Server
from support.running import Running


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


def test_messages_survive_a_restart_and_obey_the_clock(url: str, tmp_path: Path) -> None:
    running = Running(tmp_path, store=url).start()
    running.freeze()
    sqs = running.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead",
        "maxReceiveCount": "1",
    }
    queue = sqs.create_queue(QueueName="queue", Attributes={"RedrivePolicy": json.dumps(redrive)})[
        "QueueUrl"
    ]
    fifo = sqs.create_queue(QueueName="queue.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for number in range(20):
        sqs.send_message(QueueUrl=queue, MessageBody=f"m{number}")
        sqs.send_message(
            QueueUrl=fifo, MessageBody=str(number), MessageGroupId="g",
            MessageDeduplicationId=str(number % 10),
        )  # fmt: skip
    running.stop()

    running = Running(tmp_path, store=url).start()
    try:
        sqs = running.client("sqs")
        urls = sqs.list_queues()["QueueUrls"]
        queue, fifo, dead = (
            next(u for u in urls if u.endswith(f"/{name}"))
            for name in ("queue", "queue.fifo", "dead")
        )
        got = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)["Messages"]
        assert [str(number) for number in range(10)] == [m["Body"] for m in got]
        seen = set()
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            seen |= {m["Body"] for m in found}
        assert {f"m{number}" for number in range(20)} == seen
        running.advance(31)
        assert "Messages" not in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        taken = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
        assert 10 == len(taken)
        running.advance("P4D")
        for name in (queue, fifo, dead):
            assert "Messages" not in sqs.receive_message(QueueUrl=name)
    finally:
        running.stop()


def test_metrics_and_traces_are_kept(url: str, tmp_path: Path) -> None:
    running = Running(tmp_path, store=url).start()
    running.freeze()
    try:
        cloudwatch, xray = running.client("cloudwatch"), running.client("xray")
        for value in (1, 2, 3):
            cloudwatch.put_metric_data(
                Namespace="Shop",
                MetricData=[{"MetricName": "size", "Value": value, "StorageResolution": 1}],
            )
        now = running.now / 1000

        def told(period: int, **statistics: list[str]) -> list[dict[str, object]]:
            begin = now - now % 3600
            answer = cloudwatch.get_metric_statistics(
                Namespace="Shop", MetricName="size", StartTime=begin, EndTime=begin + 3600,
                Period=period, **statistics,
            )  # fmt: skip
            found: list[dict[str, object]] = answer["Datapoints"]
            return found

        assert [6.0] == [each["Sum"] for each in told(3600, Statistics=["Sum"])]
        assert [{"p50": 2.0}] == [
            each["ExtendedStatistics"] for each in told(3600, ExtendedStatistics=["p50"])
        ]
        assert ["size"] == [each["MetricName"] for each in cloudwatch.list_metrics()["Metrics"]]
        trace_id = f"1-{int(now):08x}-{'0' * 24}"
        segment = {
            "trace_id": trace_id, "id": "0" * 16, "name": "s", "start_time": now, "end_time": now
        }  # fmt: skip
        xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
        assert [trace_id] == [
            each["Id"]
            for each in xray.get_trace_summaries(StartTime=now - 60, EndTime=now + 60)[
                "TraceSummaries"
            ]
        ]
        running.advance("P70D")
        assert [] == told(60, Statistics=["Sum"])
        assert [6.0] == [each["Sum"] for each in told(3600, Statistics=["Sum"])]
        assert [] == xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    finally:
        running.stop()
