"""Putting records, and reading them from every position."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import chain
from typing import Any

import cbor2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from e2e.kinesis.filling import fill
from e2e.kinesis.reading import SHARD, data, iterator, put, records, refusal
from pileus.kernel import pagination
from pileus.protocols import cbor_body
from support.running import Running

Arn = Callable[[str], str]


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def test_a_record_comes_back_as_it_was_put(kinesis: Any, stream: str, pileus: Running) -> None:
    answer = kinesis.put_record(StreamName=stream, Data=b"\x00\xff", PartitionKey="käse")
    assert SHARD == answer["ShardId"]
    assert "EncryptionType" not in answer
    assert [
        {
            "SequenceNumber": answer["SequenceNumber"],
            "ApproximateArrivalTimestamp": moment(pileus.now),
            "Data": b"\x00\xff",
            "PartitionKey": "käse",
        }
    ] == records(kinesis, stream)


def test_javas_sdk_puts_and_reads_in_cbor(
    kinesis: Any, stream: str, pileus: Running, account: str
) -> None:
    def ask(operation: str, **params: Any) -> Any:
        headers = {
            "content-type": "application/x-amz-cbor-1.1",
            "x-amz-target": f"Kinesis_20131202.{operation}",
        }
        request = AWSRequest("POST", pileus.url, headers, cbor2.dumps(params))
        SigV4Auth(Credentials(account, "secret"), "kinesis", "us-east-1").add_auth(request)
        connection = HTTPConnection("127.0.0.1", pileus.port)
        connection.request("POST", "/", request.data, dict(request.headers))
        answer = connection.getresponse()
        assert "application/x-amz-cbor-1.1" == answer.headers["content-type"]
        found = cbor_body.decode(answer.read(), cbor_body.CBOR_1_1)
        connection.close()
        return found

    entries = [{"Data": b"\x00\xff", "PartitionKey": "käse"}] * 20
    put_answer = ask("PutRecords", StreamName=stream, Records=entries)
    assert [0, 20] == [put_answer["FailedRecordCount"], len(put_answer["Records"])]
    found = ask("GetRecords", ShardIterator=iterator(kinesis, stream))["Records"]
    assert [each["SequenceNumber"] for each in put_answer["Records"]] == [
        each["SequenceNumber"] for each in found
    ]
    assert (b"\x00\xff", "käse", pileus.now) == (
        found[0]["Data"], found[0]["PartitionKey"], found[0]["ApproximateArrivalTimestamp"]
    )  # fmt: skip


def test_sequence_numbers_grow(kinesis: Any, stream: str) -> None:
    numbers = put(kinesis, stream, b"a", b"b")
    answer = kinesis.put_records(
        StreamName=stream, Records=[{"Data": b"c", "PartitionKey": str(n)} for n in range(5)]
    )
    assert 0 == answer["FailedRecordCount"]
    numbers += [each["SequenceNumber"] for each in answer["Records"]]
    numbers += put(kinesis, stream, b"d")
    assert sorted(set(numbers), key=int) == numbers
    assert numbers == [each["SequenceNumber"] for each in records(kinesis, stream)]


def test_records_go_where_their_hash_key_says(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    entries = [
        {"Data": b"low", "PartitionKey": "k", "ExplicitHashKey": "0"},
        {"Data": b"high", "PartitionKey": "k", "ExplicitHashKey": str(2**128 - 1)},
        {"Data": b"hashed", "PartitionKey": "k"},
    ]
    answer = kinesis.put_records(StreamName="s", Records=entries)
    # The MD5 of "k" begins with 8.
    expected = [SHARD, "shardId-000000000001", "shardId-000000000001"]
    assert expected == [each["ShardId"] for each in answer["Records"]]
    assert [b"low"] == data(records(kinesis, "s"))
    assert [b"high", b"hashed"] == data(records(kinesis, "s", expected[1]))


def test_an_explicit_hash_key_has_128_bits(kinesis: Any, stream: str) -> None:
    params = {"StreamName": stream, "Data": b"x", "PartitionKey": "k"}
    assert (
        "InvalidArgumentException",
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified "
        f"value was {2**128}",
    ) == refusal(kinesis.put_record, ExplicitHashKey=str(2**128), **params)
    assert "ValidationException" == refusal(kinesis.put_record, ExplicitHashKey="-1", **params)[0]


def test_a_record_has_a_mebibyte_at_most_until_more_is_allowed(
    kinesis: Any, stream: str, arn: Arn
) -> None:
    largest = b"x" * (1024 * 1024 - 1)
    put(kinesis, stream, largest)
    code, said = refusal(
        kinesis.put_record, StreamName=stream, Data=largest + b"x", PartitionKey="k"
    )
    assert ("InvalidArgumentException", True) == (code, "1048576 bytes" in said)
    kinesis.update_max_record_size(StreamARN=arn(stream), MaxRecordSizeInKiB=10_240)
    put(kinesis, stream, largest + b"x" * 500_000)
    assert [1_048_575, 1_548_575] == [len(each) for each in data(records(kinesis, stream))]


def test_a_request_has_ten_mebibytes_and_500_records_at_most(kinesis: Any, stream: str) -> None:
    entry = {"Data": b"x" * (1024 * 1024 - 1), "PartitionKey": "k"}
    put_records = kinesis.put_records
    more = [entry] * 10 + [{"Data": b"", "PartitionKey": "k"}]
    assert (
        "InvalidArgumentException", "Records size exceeds 10 MB limit"
    ) == refusal(put_records, StreamName=stream, Records=more)  # fmt: skip
    small = [{"Data": b"x", "PartitionKey": "k"}]
    assert 0 == put_records(StreamName=stream, Records=small * 500)["FailedRecordCount"]
    assert "ValidationException" == refusal(put_records, StreamName=stream, Records=small * 501)[0]
    assert 500 == len(records(kinesis, stream))


def test_a_partition_key_is_needed(kinesis: Any, stream: str) -> None:
    assert (
        "InvalidArgumentException", "A record of this stream needs a PartitionKey."
    ) == refusal(kinesis.put_record, StreamName=stream, Data=b"x")  # fmt: skip


def test_a_number_for_ordering_must_be_of_the_stream(
    kinesis: Any, stream: str, account: str
) -> None:
    (first,) = put(kinesis, stream, b"a")
    params = {"StreamName": stream, "Data": b"b", "PartitionKey": "k"}
    second = kinesis.put_record(SequenceNumberForOrdering=first, **params)["SequenceNumber"]
    assert int(second) > int(first)
    assert (
        "InvalidArgumentException",
        f"ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream {stream} under account "
        f"{account} is invalid.",
    ) == refusal(kinesis.put_record, SequenceNumberForOrdering="5", **params)


def test_a_dry_run_changes_nothing(kinesis: Any, stream: str) -> None:
    record = {"Data": b"x", "PartitionKey": "k"}
    token = iterator(kinesis, stream)
    for ask, params in (
        (kinesis.put_record, {"StreamName": stream, **record}),
        (kinesis.put_records, {"StreamName": stream, "Records": [record]}),
        (kinesis.get_records, {"ShardIterator": token}),
        (
            kinesis.get_shard_iterator,
            {"StreamName": stream, "ShardId": SHARD, "ShardIteratorType": "LATEST"},
        ),
    ):
        assert "DryRunOperationException" == refusal(ask, DryRun=True, **params)[0]
    assert [] == records(kinesis, stream)


# Reading.


def test_reading_begins_where_the_iterator_says(kinesis: Any, stream: str, pileus: Running) -> None:
    numbers = put(kinesis, stream, b"a")
    pileus.advance(10)
    second_at = pileus.now
    numbers += put(kinesis, stream, b"b")
    pileus.advance(10)
    numbers += put(kinesis, stream, b"c")
    latest = iterator(kinesis, stream, kind="LATEST")

    def read(kind: str, **how: Any) -> list[bytes]:
        return data(records(kinesis, stream, kind=kind, **how))

    at, after = "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"
    assert [b"a", b"b", b"c"] == read("TRIM_HORIZON")
    assert [b"b", b"c"] == read(at, StartingSequenceNumber=numbers[1])
    assert [b"c"] == read(after, StartingSequenceNumber=numbers[1])
    assert [b"a", b"b", b"c"] == read(at, StartingSequenceNumber="0")
    stamp = moment(second_at)
    millisecond = timedelta(milliseconds=1)
    assert [b"b", b"c"] == read("AT_TIMESTAMP", Timestamp=stamp)
    assert [b"b", b"c"] == read("AT_TIMESTAMP", Timestamp=stamp - millisecond)
    assert [b"c"] == read("AT_TIMESTAMP", Timestamp=stamp + millisecond)
    assert [b"a", b"b", b"c"] == read("AT_TIMESTAMP", Timestamp=datetime(2000, 1, 1, tzinfo=UTC))
    assert [] == read("LATEST")
    put(kinesis, stream, b"d")
    assert [b"d"] == data(kinesis.get_records(ShardIterator=latest)["Records"])


def test_starts_within_one_request_are_found(kinesis: Any, stream: str) -> None:
    entries = [{"Data": str(n).encode(), "PartitionKey": "k"} for n in range(500)]
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    number = answer["Records"][499]["SequenceNumber"]
    last = records(kinesis, stream, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    assert [b"499"] == data(last)


def test_a_page_has_as_many_records_as_asked_for(
    kinesis: Any, stream: str, pileus: Running
) -> None:
    entries = [{"Data": str(n).encode(), "PartitionKey": "k"} for n in range(7)]
    kinesis.put_records(StreamName=stream, Records=entries)
    pileus.advance(3)
    token = iterator(kinesis, stream)
    found = []
    for expected, behind in ((3, 3_000), (3, 3_000), (1, 0), (0, 0)):
        answer = kinesis.get_records(ShardIterator=token, Limit=3)
        assert (expected, behind) == (len(answer["Records"]), answer["MillisBehindLatest"])
        found += data(answer["Records"])
        token = answer["NextShardIterator"]
    assert [str(n).encode() for n in range(7)] == found


def test_a_page_has_ten_mebibytes_at_most(kinesis: Any, stream: str) -> None:
    body = b"x" * 1_000_000
    for _ in range(14):
        put(kinesis, stream, body)
    first = kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    assert (10, True) == (len(first["Records"]), first["NextShardIterator"] is not None)
    second = kinesis.get_records(ShardIterator=first["NextShardIterator"])
    assert 4 == len(second["Records"])


def test_pages_that_begin_and_end_within_rows_are_the_same_for_all_consumers(
    kinesis: Any, stream: str
) -> None:
    for start in range(0, 50, 10):
        entries = [{"Data": b"%d" % n, "PartitionKey": "k"} for n in range(start, start + 10)]
        kinesis.put_records(StreamName=stream, Records=entries)
    for limit in (7, 10, 25, 10_000):
        found = []
        token = iterator(kinesis, stream)
        while len(found) < 50:
            answer = kinesis.get_records(ShardIterator=token, Limit=limit)
            found += data(answer["Records"])
            token = answer["NextShardIterator"]
        assert [b"%d" % n for n in range(50)] == found


def test_many_small_puts_are_read_in_order(
    kinesis: Any, stream: str, pileus: Running, arn: Arn
) -> None:
    bodies = [str(n).encode() for n in range(1_000)]
    fill(pileus, arn(stream), bodies)
    assert bodies == data(records(kinesis, stream))


def test_an_iterator_is_good_for_five_minutes(kinesis: Any, stream: str, pileus: Running) -> None:
    token = iterator(kinesis, stream)
    pileus.advance(300)
    following = kinesis.get_records(ShardIterator=token)["NextShardIterator"]
    pileus.advance(1)
    code, said = refusal(kinesis.get_records, ShardIterator=token)
    assert "ExpiredIteratorException" == code
    assert said.startswith("Iterator expired. The iterator was created at time ")
    assert said.endswith("further in the future than the tolerated delay of 300000 milliseconds.")
    assert [] == kinesis.get_records(ShardIterator=following)["Records"]


@pytest.mark.parametrize("token", ["x", "AAAA", "W10", "ë", "WyJhIiwxLDIsMyw0XQ"])
def test_what_is_no_iterator_is_refused(kinesis: Any, token: str) -> None:
    assert ("InvalidArgumentException", "Invalid ShardIterator.") == refusal(
        kinesis.get_records, ShardIterator=token
    )


@pytest.mark.parametrize(
    ("position", "made_at"), [(-1, 0), (2**63, 0), (0, -(10**30)), (0, 10**30), (10**40, 10**40)]
)
def test_an_iterator_that_was_not_made_here_is_refused(
    kinesis: Any, stream: str, arn: Arn, position: int, made_at: int
) -> None:
    token = pagination.encode(arn(stream), 1, 0, position, made_at)
    assert ("InvalidArgumentException", "Invalid ShardIterator.") == refusal(
        kinesis.get_records, ShardIterator=token
    )


def test_an_iterator_of_a_deleted_stream_leads_nowhere(kinesis: Any, stream: str) -> None:
    token = iterator(kinesis, stream)
    kinesis.delete_stream(StreamName=stream)
    assert "ResourceNotFoundException" == refusal(kinesis.get_records, ShardIterator=token)[0]
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    assert ("InvalidArgumentException", "Invalid ShardIterator.") == refusal(
        kinesis.get_records, ShardIterator=token
    )


_EITHER = (
    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
    "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
    "Request specified "
)


@pytest.mark.parametrize(
    ("kind", "how", "expected"),
    [
        ("LATEST", {"StartingSequenceNumber": "1"}, _EITHER + "LATEST and also a "),
        ("AT_SEQUENCE_NUMBER", {}, _EITHER + "AT_SEQUENCE_NUMBER and no "),
        ("AT_TIMESTAMP", {}, "Must specify timestamp parameter"),
        ("AT_TIMESTAMP", {"Timestamp": datetime(2999, 1, 1)}, "The timestampInMillis parameter"),
        (
            "AT_SEQUENCE_NUMBER", {"StartingSequenceNumber": "7"},
            "StartingSequenceNumber 7 used in GetShardIterator on shard shardId-000000000000 in ",
        ),
    ],
)  # fmt: skip
def test_members_that_do_not_go_together_are_refused(
    kinesis: Any, stream: str, kind: str, how: dict[str, Any], expected: str
) -> None:
    code, said = refusal(
        kinesis.get_shard_iterator, StreamName=stream, ShardId=SHARD, ShardIteratorType=kind, **how
    )
    assert ("InvalidArgumentException", expected) == (code, said[: len(expected)])


def test_a_number_belongs_to_its_shard(kinesis: Any, account: str) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    other = "shardId-000000000001"
    answer = kinesis.put_record(
        StreamName="s", Data=b"x", PartitionKey="k", ExplicitHashKey=str(2**128 - 1)
    )
    params = {"StreamName": "s", "ShardIteratorType": "AT_SEQUENCE_NUMBER"}
    number = answer["SequenceNumber"]
    assert (
        "InvalidArgumentException",
        f"Invalid StartingSequenceNumber. It encodes {other}, while it was used in a call to a "
        f"shard with {SHARD}",
    ) == refusal(kinesis.get_shard_iterator, ShardId=SHARD, StartingSequenceNumber=number, **params)
    assert (
        "ResourceNotFoundException",
        f"Shard shardId-000000000009 in stream s under account {account} does not exist",
    ) == refusal(
        kinesis.get_shard_iterator, ShardId="shardId-000000000009", StartingSequenceNumber=number,
        **params,
    )  # fmt: skip


@pytest.mark.parametrize("limit", [1, 7, 10_000])
def test_memory_says_what_the_database_says(
    kinesis: Any, stream: str, pileus: Running, limit: int
) -> None:
    def pages(limit: int = limit) -> list[list[dict[str, Any]]]:
        found = []
        token = iterator(kinesis, stream)
        while True:
            answer = kinesis.get_records(ShardIterator=token, Limit=limit)
            found.append(answer["Records"])
            token = answer["NextShardIterator"]
            if not answer["MillisBehindLatest"]:
                return found

    put(kinesis, stream, b"before it is read")
    assert [[b"before it is read"]] == [data(page) for page in pages()]
    for count in (1, 10, 3):
        entries = [{"Data": b"%d" % n, "PartitionKey": "k"} for n in range(count)]
        kinesis.put_records(StreamName=stream, Records=entries)
        pileus.advance(1)
    # More than is written for readers at once.
    large = [{"Data": b"x" * 400_000, "PartitionKey": "k"}] * 3
    kinesis.put_records(StreamName=stream, Records=large)
    pileus.advance(1)
    from_memory = pages()
    assert 18 == sum(map(len, from_memory))
    # Consumers whose pages end elsewhere are shown the same.
    for other in (4, 10_000, 3):
        assert list(chain(*from_memory)) == list(chain(*pages(other)))
    assert from_memory == pages()
    for name in ("kinesis tips", "kinesis kept rows"):
        assert pileus.app.kernel.memory.pop(name)
    assert from_memory == pages()
