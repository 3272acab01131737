"""Tables where AWS's delays are played, and where its rates are enforced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, put, wire
from support.refusals import refusal
from support.running import Running


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus"), aws_delays=True, limits="aws").start()
    running.freeze()
    yield running
    running.stop()


def status(dynamodb: Any) -> str:
    found: str = dynamodb.describe_table(TableName="things")["Table"]["TableStatus"]
    return found


def test_a_table_takes_its_time(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    assert "CREATING" == status(dynamodb)
    not_found = ("ResourceNotFoundException", "Requested resource not found", 400)
    assert not_found == refusal(put, dynamodb=dynamodb, pk="a")
    assert (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being created: things",
        400,
    ) == refusal(dynamodb.delete_table, TableName="things")
    pileus.advance(10)
    assert "ACTIVE" == status(dynamodb)
    put(dynamodb, pk="a")
    dynamodb.update_table(TableName="things", DeletionProtectionEnabled=False)
    assert "UPDATING" == status(dynamodb)
    assert {"pk": "a"} == get(dynamodb, pk="a")
    assert (
        "ResourceInUseException"
        == refusal(dynamodb.update_table, TableName="things", DeletionProtectionEnabled=True).code
    )
    pileus.advance(10)
    assert "ACTIVE" == status(dynamodb)
    dynamodb.delete_table(TableName="things")
    assert "DELETING" == status(dynamodb)
    assert not_found == refusal(put, dynamodb=dynamodb, pk="a")
    pileus.advance(10)
    assert [] == dynamodb.list_tables()["TableNames"]


def test_an_index_cannot_be_read_before_it_is_filled(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    pileus.advance(10)
    for number in range(3):
        put(dynamodb, pk=str(number), n=number)
    dynamodb.update_table(
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-n", "n")}],
    )
    assert "Cannot read from backfilling global secondary index: by-n" == invalid(
        dynamodb.scan, TableName="things", IndexName="by-n"
    )
    put(dynamodb, pk="1", n=10)
    put(dynamodb, pk="new", n=11)
    dynamodb.delete_item(TableName="things", Key=wire(pk="2"))
    pileus.advance(60)
    found = dynamodb.scan(TableName="things", IndexName="by-n")["Items"]
    assert ["0", "10", "11"] == sorted((item["n"]["N"] for item in found), key=int)
    [shown] = dynamodb.describe_table(TableName="things")["Table"]["GlobalSecondaryIndexes"]
    assert ("ACTIVE", 3) == (shown["IndexStatus"], shown["ItemCount"])


def test_provisioned_throughput_is_enforced(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2})
    pileus.advance(10)
    put(dynamodb, pk="a")
    put(dynamodb, pk="b")
    assert (
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider "
        "increasing your provisioning level with the UpdateTable API.",
        400,
    ) == refusal(put, dynamodb=dynamodb, pk="c")
    pileus.advance(1)
    put(dynamodb, pk="c")
    assert [{"pk": "a"}, {"pk": "c"}] == [get(dynamodb, pk="a"), get(dynamodb, pk="c")]
    assert "ProvisionedThroughputExceededException" == refusal(get, dynamodb=dynamodb, pk="a").code
