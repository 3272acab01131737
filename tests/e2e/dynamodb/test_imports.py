"""Tables made of objects in S3: DynamoDB JSON, Ion, CSV; what is no item is counted and logged."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, plain, put, schema, settle
from e2e.dynamodb.test_backups import fill, keys, table_of
from e2e.dynamodb.test_exports import export
from e2e.dynamodb.test_recovery import recover
from support.refusals import refusal
from support.running import Running

# `{"Item":{"pk":{"S":"a"}}}` and a line's end, and the same of b, as the zstd program writes them.
ZSTD_OF_A = bytes.fromhex(
    "28b52ffd0458d100007b224974656d223a7b22706b223a7b2253223a2261227d7d7d0ab0197f44"
)
ZSTD_OF_B = bytes.fromhex(
    "28b52ffd0458d100007b224974656d223a7b22706b223a7b2253223a2262227d7d7d0a92693c4a"
)


@pytest.fixture
def s3(aws: Any, account: str) -> Any:
    found = aws("s3")
    found.create_bucket(Bucket=f"exports-{account}")
    return found


def attributes(*given: str) -> list[dict[str, str]]:
    pairs = [each.split(":") for each in given]
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in pairs]


class Importer:
    def __init__(self, dynamodb: Any, s3: Any, account: str) -> None:
        self.dynamodb, self._s3, self.bucket = dynamodb, s3, f"exports-{account}"

    def write(self, key: str, content: bytes) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def ask(self, kind: str, prefix: str = "", more: Any = None, **members: Any) -> dict[str, Any]:
        source = {"S3Bucket": self.bucket, "S3KeyPrefix": prefix}
        parameters = {
            "TableName": "imported", "KeySchema": schema("pk"), "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": attributes("pk:S"), **(more or {}),
        }  # fmt: skip
        begun: dict[str, Any] = self.dynamodb.import_table(
            S3BucketSource=source, InputFormat=kind, TableCreationParameters=parameters, **members
        )["ImportTableDescription"]
        return begun

    def bring_in(self, kind: str, prefix: str = "", **members: Any) -> dict[str, Any]:
        """Its description once it is over."""
        begun = self.ask(kind, prefix, **members)
        assert "IN_PROGRESS" == begun["ImportStatus"]
        settle(self.dynamodb)
        found: dict[str, Any] = self.dynamodb.describe_import(ImportArn=begun["ImportArn"])[
            "ImportTableDescription"
        ]
        return found


@pytest.fixture
def importer(dynamodb: Any, s3: Any, account: str) -> Importer:
    return Importer(dynamodb, s3, account)


def counts(found: dict[str, Any]) -> tuple[Any, ...]:
    names = ("ImportStatus", "ProcessedItemCount", "ImportedItemCount", "ErrorCount")
    return tuple(found[name] for name in names)


@pytest.mark.parametrize("kind", ["DYNAMODB_JSON", "ION"])
def test_what_was_exported_is_imported(
    dynamodb: Any, importer: Importer, account: str, pileus: Running, kind: str
) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    fill(dynamodb, 240)
    item = {"pk": "rich", "text": "é\n", "n": 10**30, "b": b"\x00", "list": [None, {"m": True}]}
    put(dynamodb, **item, names={"a", "b"})
    export(dynamodb, arn, account, ExportFormat=kind)
    pileus.advance(1)
    [exported] = dynamodb.list_exports()["ExportSummaries"]
    prefix = f"AWSDynamoDB/{exported['ExportArn'].rpartition('/')[2]}/data/"
    begun = importer.ask(
        kind, prefix, InputCompressionType="GZIP",
        more={
            "AttributeDefinitions": attributes("pk:S", "n:N"),
            "GlobalSecondaryIndexes": [index("by-n", "n")],
        },
    )  # fmt: skip
    pileus.advance(1)
    found = dynamodb.describe_import(ImportArn=begun["ImportArn"])["ImportTableDescription"]
    assert ("COMPLETED", 241, 241, 0) == counts(found)
    assert {**item, "names": {"a", "b"}} == get(dynamodb, "imported", pk="rich")
    assert keys(dynamodb, "things") == keys(dynamodb, "imported")
    table = table_of(dynamodb, "imported")
    assert ("ACTIVE", 241, 1) == (
        table["TableStatus"], table["ItemCount"], table["GlobalSecondaryIndexes"][0]["ItemCount"],
    )  # fmt: skip


def test_csv_has_a_header_or_is_given_one(dynamodb: Any, importer: Importer) -> None:
    importer.write("with/a.csv", b'pk,n,text\r\na,1,"one, ""two""\nthree"\r\n')
    importer.write("with/b.csv", b"pk,n,text\nb,2,\n")
    typed = {"AttributeDefinitions": attributes("pk:S", "n:N"), "KeySchema": schema("pk", "n")}
    found = importer.bring_in("CSV", "with/", more=typed)
    assert ("COMPLETED", 2, 2, 0) == counts(found)
    items = [plain(each) for each in dynamodb.scan(TableName="imported")["Items"]]
    assert [
        {"pk": "a", "n": 1, "text": 'one, "two"\nthree'}, {"pk": "b", "n": 2, "text": ""},
    ] == sorted(items, key=str)  # fmt: skip
    importer.write("without/a.csv", b"c;x\nd;y\n")
    options = {"Csv": {"Delimiter": ";", "HeaderList": ["pk", "letter"]}}
    found = importer.bring_in(
        "CSV", "without/", more={"TableName": "other"}, InputFormatOptions=options
    )
    assert options == found["InputFormatOptions"]
    assert {"pk": "c", "letter": "x"} == get(dynamodb, "other", pk="c")


def test_what_is_no_item_is_counted_and_logged(
    dynamodb: Any, importer: Importer, aws: Any, account: str
) -> None:
    lines = [
        b'{"Item":{"pk":{"S":"a"}}}', b"no json", b'{"Item":{"pk":{"N":"1"}}}', b"",
        b'{"Item":{"pk":{"S":"a"},"n":{"N":"x"}}}', b'{"Item":{"pk":{"S":"b"}}}',
    ]  # fmt: skip
    importer.write("mixed.json", b"\n".join(lines))
    found = importer.bring_in("DYNAMODB_JSON")
    assert ("COMPLETED", 5, 2, 3) == counts(found)
    assert sum(map(len, lines)) + len(lines) - 1 == found["ProcessedSizeBytes"]
    assert ["a", "b"] == keys(dynamodb, "imported")
    group = "/aws-dynamodb/imports"
    assert found["CloudWatchLogGroupArn"].endswith(f":{account}:log-group:{group}:*")
    id = found["ImportArn"].rpartition("/")[2]
    told = aws("logs").get_log_events(logGroupName=group, logStreamName=f"{id}/error")["events"]
    errors = [json.loads(each["message"]) for each in told]
    assert [1, 2, 3] == [each["itemS3Pointer"]["itemIndex"] for each in errors]
    assert {found["ImportArn"]} == {each["importArn"] for each in errors}
    assert "Type mismatch for key pk expected: S actual: N" in errors[1]["errorMessages"][0]


@pytest.mark.parametrize(
    ("kind", "compression", "content", "reason"),
    [
        ("DYNAMODB_JSON", "GZIP", b"no gzip", "The object is not compressed by gzip"),
        ("DYNAMODB_JSON", "GZIP", gzip.compress(b"x" * 99, mtime=0)[:-4], "ends too early"),
        ("DYNAMODB_JSON", "ZSTD", b"no zstd", "The object is not compressed by Zstandard"),
        ("DYNAMODB_JSON", "ZSTD", ZSTD_OF_A[:-4], "ends too early"),
        ("DYNAMODB_JSON", "NONE", b"x" * 4_300_000, "A line has more than"),
        ("ION", "NONE", b"{Item:", "The object is no Ion"),
        ("CSV", "NONE", b"pk\n\xff", "The object is not encoded in UTF-8"),
    ],
    ids=["no gzip", "cut off", "no zstd", "zstd cut off", "long line", "no ion", "no text"],
)
def test_an_object_that_cannot_be_read_ends_the_import(
    dynamodb: Any, importer: Importer, kind: str, compression: str, content: bytes, reason: str
) -> None:
    importer.write("bad", content)
    found = importer.bring_in(kind, InputCompressionType=compression)
    assert ("FAILED", "InvalidObject") == (found["ImportStatus"], found["FailureCode"])
    assert reason in found["FailureMessage"]
    assert "ACTIVE" == table_of(dynamodb, "imported")["TableStatus"]


def test_zstandard_is_unpacked_frame_by_frame(dynamodb: Any, importer: Importer) -> None:
    importer.write("items.zst", ZSTD_OF_A + ZSTD_OF_B)
    found = importer.bring_in("DYNAMODB_JSON", InputCompressionType="ZSTD")
    assert ("COMPLETED", 2, 2, 0) == counts(found)
    assert ["a", "b"] == keys(dynamodb, "imported")


def test_what_a_frame_becomes_is_bounded(importer: Importer) -> None:
    # Blocks of one repeated byte: 128 KB of a line that never ends in four bytes each.
    blocks = b"\x02\x00\x10x" * 64
    importer.write("bomb.zst", b"\x28\xb5\x2f\xfd\x00\x58" + blocks)
    found = importer.bring_in("DYNAMODB_JSON", InputCompressionType="ZSTD")
    assert "FAILED" == found["ImportStatus"]
    assert "A line has more than" in found["FailureMessage"]


def test_a_source_must_be_there(dynamodb: Any, importer: Importer, account: str) -> None:
    found = importer.bring_in("CSV", "nothing/")
    assert ("FAILED", "S3NoSuchKey") == (found["ImportStatus"], found["FailureCode"])
    importer.bucket = f"no-bucket-{account}"
    found = importer.bring_in("CSV", more={"TableName": "other"})
    assert ("FAILED", "S3NoSuchBucket", "The specified bucket does not exist") == (
        found["ImportStatus"], found["FailureCode"], found["FailureMessage"],
    )  # fmt: skip


def test_imports_are_listed(dynamodb: Any, importer: Importer, pileus: Running) -> None:
    importer.write("a.csv", b"pk\na\n")
    made = []
    for number in range(3):
        made.append(importer.bring_in("CSV", more={"TableName": f"table-{number}"})["ImportArn"])
        pileus.advance(1)
    seen: list[str] = []
    members: dict[str, Any] = {}
    while True:
        page = dynamodb.list_imports(PageSize=2, **members)
        seen += [each["ImportArn"] for each in page["ImportSummaryList"]]
        if "NextToken" not in page:
            break
        members = {"NextToken": page["NextToken"]}
    assert made == seen
    [one] = dynamodb.list_imports(TableArn=made[1].partition("/import/")[0])["ImportSummaryList"]
    assert (made[1], "COMPLETED", "CSV") == (
        one["ImportArn"], one["ImportStatus"], one["InputFormat"],
    )  # fmt: skip


def test_a_token_stands_for_one_import(importer: Importer) -> None:
    importer.write("a.csv", b"pk\na\n")
    first, second = (importer.ask("CSV", ClientToken="mine")["ImportArn"] for _ in range(2))
    assert first == second
    refused = refusal(importer.ask, kind="ION", ClientToken="mine")
    assert "ImportConflictException" == refused.code


def test_what_cannot_be_imported(dynamodb: Any, importer: Importer, account: str) -> None:
    create(dynamodb, "imported")
    assert ("ResourceInUseException", "Table already exists: imported", 400) == refusal(
        importer.ask, kind="CSV"
    )
    options = {"Csv": {"Delimiter": ";"}}
    assert "InputFormatOptions can only be specified when InputFormat is CSV" == invalid(
        importer.ask, kind="ION", InputFormatOptions=options
    )
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/imported/import/01234567890123-01234567"
    assert ("ImportNotFoundException", f"Import not found: {arn}", 400) == refusal(
        dynamodb.describe_import, ImportArn=arn
    )
    for token in ("ff" * 56, "610062" + "00" * 53):
        assert "Invalid NextToken" == invalid(dynamodb.list_imports, NextToken=token)
