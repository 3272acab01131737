"""Kinesis over HTTP/2, as JavaScript's SDK speaks to it: no TLS, the host signed by its name."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded

from support.running import REGION, Running


def asked(pileus: Running, account: str, operation: str, **params: Any) -> Iterator[bytes]:
    """The status of an answer, and then its pieces as they come."""
    now = datetime.now(UTC)
    scope = f"{account}/{now:%Y%m%d}/{REGION}/kinesis/aws4_request"
    client = H2Connection()
    client.initiate_connection()
    headers = {
        ":method": "POST",
        ":path": "/",
        ":scheme": "http",
        ":authority": f"127.0.0.1:{pileus.port}",
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": f"Kinesis_20131202.{operation}",
        "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0, "
        "SignedHeaders=:authority;x-amz-date;x-amz-target",
    }
    client.send_headers(1, list(headers.items()))
    client.send_data(1, json.dumps(params).encode(), end_stream=True)
    with socket.create_connection(("127.0.0.1", pileus.port), timeout=30) as connection:
        while True:
            connection.sendall(client.data_to_send())
            for event in client.receive_data(connection.recv(65_536)):
                if isinstance(event, ResponseReceived):
                    yield dict(event.headers)[b":status"]
                elif isinstance(event, DataReceived):
                    client.acknowledge_received_data(event.flow_controlled_length, 1)
                    yield event.data
                elif isinstance(event, StreamEnded):
                    return


def test_any_operation_may_be_asked_for(pileus: Running, account: str, stream: str) -> None:
    status, *pieces = asked(pileus, account, "DescribeStreamSummary", StreamName=stream)
    summary = json.loads(b"".join(pieces))["StreamDescriptionSummary"]
    assert (b"200", "ACTIVE") == (status, summary["StreamStatus"])
    status, *pieces = asked(pileus, account, "DescribeStreamSummary", StreamName="absent")
    assert (b"400", True) == (status, b"ResourceNotFoundException" in b"".join(pieces))


@pytest.mark.parametrize("size", [5, 900_000])
def test_shards_are_subscribed_to(
    pileus: Running, kinesis: Any, account: str, stream: str, arn: Any, size: int
) -> None:
    """The larger record needs the client's windows several times over."""
    kinesis.put_record(StreamName=stream, Data=b"x" * size, PartitionKey="k")
    consumer = kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName="c")["Consumer"]
    answer = asked(
        pileus, account, "SubscribeToShard", ConsumerARN=consumer["ConsumerARN"],
        ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"},
    )  # fmt: skip
    assert b"200" == next(answer)
    heard = b""
    while heard.count(b"eHh4") < size // 3:  # "xxx" in base 64
        heard += next(answer)
    answer.close()
