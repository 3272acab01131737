"""Exports to S3: files as AWS lays them out, of a table as it was."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from amazon.ion import simpleion

from e2e.dynamodb.tables import create, invalid, put, settle, wire
from e2e.dynamodb.test_backups import fill
from e2e.dynamodb.test_recovery import recover, seconds
from support.refusals import refusal
from support.running import Running


@pytest.fixture
def s3(aws: Any, account: str) -> Any:
    found = aws("s3")
    found.create_bucket(Bucket=f"exports-{account}")
    return found


def export(dynamodb: Any, table: str, account: str, **members: Any) -> dict[str, Any]:
    """Its description once it is over."""
    begun = dynamodb.export_table_to_point_in_time(
        TableArn=table, S3Bucket=f"exports-{account}", **members
    )["ExportDescription"]
    assert "IN_PROGRESS" == begun["ExportStatus"]
    settle(dynamodb)
    found: dict[str, Any] = dynamodb.describe_export(ExportArn=begun["ExportArn"])[
        "ExportDescription"
    ]
    return found


class Files:
    """What an export has written."""

    def __init__(self, s3: Any, account: str, described: dict[str, Any]) -> None:
        self._s3, self._bucket = s3, f"exports-{account}"
        self.summary = json.loads(self.read(described["ExportManifest"]))
        listed = self.read(self.summary["manifestFilesS3Key"]).splitlines()
        self.told = [json.loads(line) for line in listed]
        self.lines: list[bytes] = []
        for each in self.told:
            content = self.read(each["dataFileS3Key"])
            digest = base64.b64encode(hashlib.md5(content).digest()).decode()
            assert digest == each["md5Checksum"]
            lines = gzip.decompress(content).splitlines()
            assert each["itemCount"] == len(lines)
            self.lines += lines

    def read(self, key: str) -> bytes:
        found: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return found

    def keys(self) -> list[str]:
        found = self._s3.list_objects_v2(Bucket=self._bucket).get("Contents", [])
        return [each["Key"] for each in found]


def test_a_full_export_is_the_table_at_an_instant(
    dynamodb: Any, s3: Any, account: str, pileus: Running
) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    put(dynamodb, pk="a", text="é", blob=b"\x00\xff", many={"x", "y"}, n=1)
    pileus.advance(1)
    at = datetime.fromtimestamp(seconds(pileus), UTC)
    pileus.advance(1)
    put(dynamodb, pk="a", n=2)
    put(dynamodb, pk="b")
    found = export(dynamodb, arn, account, ExportTime=at, S3Prefix="some/where")
    assert ("COMPLETED", "FULL_EXPORT", "DYNAMODB_JSON", 1) == tuple(
        found[name] for name in ("ExportStatus", "ExportType", "ExportFormat", "ItemCount")
    )
    assert at.timestamp() == pytest.approx(found["ExportTime"].timestamp(), abs=0.001)
    files = Files(s3, account, found)
    id = found["ExportArn"].rpartition("/")[2]
    root = f"some/where/AWSDynamoDB/{id}"
    [data] = [each["dataFileS3Key"] for each in files.told]
    assert data.startswith(f"{root}/data/") and data.endswith(".json.gz")
    manifests = [
        f"{root}/manifest-{name}.{kind}"
        for name in ("files", "summary") for kind in ("checksum", "json")
    ]  # fmt: skip
    assert sorted([f"{root}/_started", data, *manifests]) == files.keys()
    summary = files.summary
    assert (found["ExportArn"], arn, f"exports-{account}", "some/where", 1, "FULL_EXPORT") == (
        summary["exportArn"], summary["tableArn"], summary["s3Bucket"], summary["s3Prefix"],
        summary["itemCount"], summary["exportType"],
    )  # fmt: skip
    [line] = files.lines
    item = json.loads(line)["Item"]
    assert ({"S": "é"}, {"B": "AP8="}, {"N": "1"}) == (item["text"], item["blob"], item["n"])
    checksum = files.read(f"{root}/manifest-summary.checksum").decode()
    raw = files.read(f"{root}/manifest-summary.json")
    assert base64.b64encode(hashlib.md5(raw).digest()).decode() == checksum


def test_items_can_be_written_in_ion(dynamodb: Any, s3: Any, account: str) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    put(dynamodb, pk='a"b', n=1, big=10**20, list=[1, None, True, {"m": "x"}], s={"x"}, b=b"hi")
    files = Files(s3, account, export(dynamodb, arn, account, ExportFormat="ION"))
    assert files.told[0]["dataFileS3Key"].endswith(".ion.gz")
    [line] = files.lines
    assert line.startswith(b"$ion_1_0 {Item:{")
    item = simpleion.loads(line)["Item"]
    assert ('a"b', 1, 10**20, b"hi") == (item["pk"], item["n"], item["big"], item["b"])
    assert [1, None, True, {"m": "x"}] == [
        None if getattr(each, "ion_type", None) == 0 else each for each in item["list"]
    ]
    assert ["$dynamodb_SS"] == [each.text for each in item["s"].ion_annotations]


def test_an_incremental_export_tells_what_has_changed(
    dynamodb: Any, s3: Any, account: str, pileus: Running
) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    for name in ("changed", "deleted", "same"):
        put(dynamodb, pk=name, n=0)
    pileus.advance(1)
    since = datetime.fromtimestamp(seconds(pileus), UTC)
    pileus.advance(60)
    put(dynamodb, pk="changed", n=1)
    put(dynamodb, pk="changed", n=2)
    put(dynamodb, pk="new", n=1)
    put(dynamodb, pk="came and went", n=1)
    for name in ("deleted", "came and went"):
        dynamodb.delete_item(TableName="things", Key=wire(pk=name))
    changed_at = pileus.now
    pileus.advance(900)
    until = since + timedelta(seconds=960)
    pileus.advance(60)
    put(dynamodb, pk="new", n=2)
    put(dynamodb, pk="later", n=1)
    span = {"ExportFromTime": since, "ExportToTime": until}
    incremental = {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": span}
    found = export(dynamodb, arn, account, **incremental)
    assert "NEW_AND_OLD_IMAGES" == found["IncrementalExportSpecification"]["ExportViewType"]
    files = Files(s3, account, found)
    assert files.told[0]["dataFileS3Key"].startswith("AWSDynamoDB/data/")
    told = {}
    for line in map(json.loads, files.lines):
        assert {"WriteTimestampMicros": {"N": str(changed_at * 1000)}} == line.pop("Metadata")
        told[line.pop("Keys")["pk"]["S"]] = line
    assert {
        "changed": {"OldImage": wire(pk="changed", n=0), "NewImage": wire(pk="changed", n=2)},
        "deleted": {"OldImage": wire(pk="deleted", n=0)},
        "new": {"NewImage": wire(pk="new", n=1)},
        "came and went": {},
    } == told
    assert "2023-08-01" == files.summary["version"]
    span["ExportViewType"] = "NEW_IMAGE"
    files = Files(s3, account, export(dynamodb, arn, account, **incremental))
    assert not any("OldImage" in json.loads(line) for line in files.lines)


def test_large_tables_are_exported_and_listed(
    dynamodb: Any, s3: Any, account: str, pileus: Running
) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    fill(dynamodb, 450)
    first = export(dynamodb, arn, account)
    pileus.advance(1)
    found = dynamodb.describe_export(ExportArn=first["ExportArn"])["ExportDescription"]
    assert ("COMPLETED", 450) == (found["ExportStatus"], found["ItemCount"])
    assert 450 == len(set(Files(s3, account, found).lines))
    second = export(dynamodb, arn, account)
    both = {first["ExportArn"], second["ExportArn"]}
    seen = set()
    members: dict[str, Any] = {}
    while True:
        page = dynamodb.list_exports(TableArn=arn, MaxResults=1, **members)
        seen |= {each["ExportArn"] for each in page["ExportSummaries"]}
        if "NextToken" not in page:
            break
        members = {"NextToken": page["NextToken"]}
    assert both == seen


def test_a_token_stands_for_one_export(dynamodb: Any, s3: Any, account: str) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    ask = dynamodb.export_table_to_point_in_time
    asked = {"TableArn": arn, "S3Bucket": f"exports-{account}", "ClientToken": "mine"}
    first, second = (ask(**asked)["ExportDescription"]["ExportArn"] for _ in range(2))
    assert first == second
    assert "ExportConflictException" == refusal(ask, **asked, S3Prefix="other").code


def test_what_cannot_be_exported(dynamodb: Any, account: str, pileus: Running) -> None:
    ask = dynamodb.export_table_to_point_in_time
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/things"
    asked = {"TableArn": arn, "S3Bucket": f"no-bucket-{account}"}
    assert ("TableNotFoundException", "Table not found: things", 400) == refusal(ask, **asked)
    create(dynamodb)
    assert "PointInTimeRecoveryUnavailableException" == refusal(ask, **asked).code
    recover(dynamodb)
    now = datetime.fromtimestamp(seconds(pileus), UTC)
    for at in (now - timedelta(seconds=10), now + timedelta(seconds=10)):
        assert "InvalidExportTimeException" == refusal(ask, **asked, ExportTime=at).code
    span = {"ExportFromTime": now, "ExportToTime": now}
    assert "at least 15 minutes" in invalid(
        ask, **asked, ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification=span
    )
    begun = ask(**asked)["ExportDescription"]
    settle(dynamodb)
    found = dynamodb.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]
    assert ("FAILED", "S3NoSuchBucket", "The specified bucket does not exist") == (
        found["ExportStatus"], found["FailureCode"], found["FailureMessage"],
    )  # fmt: skip
    other = f"{arn}/export/01234567890123-01234567"
    assert ("ExportNotFoundException", f"Export not found: {other}", 400) == refusal(
        dynamodb.describe_export, ExportArn=other
    )


def test_an_export_may_have_some_items_and_attributes(
    dynamodb: Any, s3: Any, account: str, pileus: Running
) -> None:
    arn = create(dynamodb, keys="pk:S sk:N")
    recover(dynamodb)
    begin = datetime.fromtimestamp(seconds(pileus), UTC)
    pileus.advance(1)
    for number in range(4):
        put(dynamodb, pk="a", sk=number, even=number % 2 == 0, other="x")
    put(dynamodb, pk="b", sk=1, even=True)
    put(dynamodb, pk="a", sk=7, even=True)
    dynamodb.delete_item(TableName="things", Key=wire(pk="a", sk=7))
    wanted = {
        "KeyConditionExpression": "pk = :a AND sk >= :one", "FilterExpression": "even = :true",
        "ProjectionExpression": "sk, #e",
        "ExpressionAttributeNames": {"#e": "even"},
        "ExpressionAttributeValues": wire(**{":a": "a", ":one": 1, ":true": True}),
    }  # fmt: skip
    found = export(dynamodb, arn, account, FilterSpecification=wanted)
    assert (wanted, 1) == (found["FilterSpecification"], found["ItemCount"])
    assert [{"Item": wire(sk=2, even=True)}] == [
        json.loads(line) for line in Files(s3, account, found).lines
    ]
    wanted = {
        "FilterExpression": "pk = :b OR content = :content",
        "ExpressionAttributeValues": wire(**{":b": "b", ":content": b"\x00\xff"}),
    }
    found = export(dynamodb, arn, account, FilterSpecification=wanted)
    assert wanted == found["FilterSpecification"]
    assert [wire(pk="b", sk=1, even=True)] == [
        json.loads(line)["Item"] for line in Files(s3, account, found).lines
    ]
    pileus.advance(900)
    span = {"ExportFromTime": begin, "ExportToTime": begin + timedelta(seconds=900)}
    wanted = {"FilterExpression": "sk = :seven", "ExpressionAttributeValues": wire(**{":seven": 7})}
    found = export(
        dynamodb, arn, account, FilterSpecification=wanted, ExportType="INCREMENTAL_EXPORT",
        IncrementalExportSpecification=span,
    )  # fmt: skip
    [line] = [json.loads(line) for line in Files(s3, account, found).lines]
    assert wire(pk="a", sk=7) == line["Keys"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"FilterExpression": "a ="}, "Invalid FilterExpression: Syntax error"),
        ({"FilterExpression": "a = :x"}, "Invalid FilterExpression: An expression attribute value"),
        (
            {"KeyConditionExpression": "pk > :n", "ExpressionAttributeValues": {":n": {"S": "a"}}},
            "Query key condition not supported",
        ),
        (
            {"KeyConditionExpression": "pk = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}},
            "Condition parameter type does not match schema type",
        ),
        (
            {
                "KeyConditionExpression": "pk = :n", "FilterExpression": "pk = :n",
                "ExpressionAttributeValues": {":n": {"S": "a"}},
            },
            "Filter Expression can only contain non-primary key attributes",
        ),
        ({"ExpressionAttributeNames": {"#a": "a"}}, "can only be specified when using expressions"),
    ],
)  # fmt: skip
def test_a_filter_suits_its_table(dynamodb: Any, account: str, wanted: Any, message: str) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    assert message in invalid(
        dynamodb.export_table_to_point_in_time,
        TableArn=arn, S3Bucket=f"exports-{account}", FilterSpecification=wanted,
    )  # fmt: skip
