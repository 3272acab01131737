"""Requests of Kinesis as bytes, signed."""

from __future__ import annotations

import base64
import json
import random

from bench.signing import Signer

RECORDS = 100
RECORD_BYTES = 200


def _headers(operation: str) -> dict[str, str]:
    return {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": f"Kinesis_20131202.{operation}",
    }


class RecordPuts:
    """PutRecords to one stream, of so many records each."""

    def __init__(self, host: str, stream: str, seed: int | None) -> None:
        self._stream = stream
        self._signer = Signer("kinesis", host, "/", _headers("PutRecords"))
        self._chance = random.Random(seed)

    def put(self) -> bytes:
        records = [
            {
                "Data": base64.b64encode(self._chance.randbytes(RECORD_BYTES)).decode(),
                "PartitionKey": f"{self._chance.getrandbits(64):016x}",
            }
            for _ in range(RECORDS)
        ]
        return self._signer.request(
            json.dumps({"StreamName": self._stream, "Records": records}).encode()
        )


class PageReads:
    """GetRecords, of as many as a page has, signed at one instant."""

    def __init__(self, host: str) -> None:
        self._headers = _headers("GetRecords")
        self._signer = Signer("kinesis", host, "/", self._headers)

    def get(self, iterator: str) -> tuple[bytes, dict[str, str]]:
        """The body of a request, and its headers."""
        body = json.dumps({"ShardIterator": iterator}).encode()
        signed = {
            "x-amz-date": self._signer.moment,
            "authorization": self._signer.authorization(body),
        }
        return body, self._headers | signed


def subscribe(host: str, consumer_arn: str, shard_id: str) -> bytes:
    """SubscribeToShard, to what comes from now on."""
    body = {
        "ConsumerARN": consumer_arn, "ShardId": shard_id, "StartingPosition": {"Type": "LATEST"},
    }  # fmt: skip
    signer = Signer("kinesis", host, "/", _headers("SubscribeToShard"))
    return signer.request(json.dumps(body).encode())
