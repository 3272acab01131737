"""Global tables as they were in 2017: empty tables of one name are linked."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, invalid, put, settle
from e2e.dynamodb.test_backups import table_of
from support.refusals import refusal
from support.running import Running

HOME, FAR, FARTHER = "us-east-1", "eu-west-1", "ap-south-1"
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture
def regions(pileus: Running, account: str) -> dict[str, Any]:
    """A client for each region, with an empty table in it."""
    found = {
        name: pileus.client("dynamodb", account=account, region=name)
        for name in (HOME, FAR, FARTHER)
    }
    for each in found.values():
        create(each, StreamSpecification=STREAM)
    return found


def group(*names: str) -> list[dict[str, str]]:
    return [{"RegionName": name} for name in names]


def link(dynamodb: Any, *names: str) -> dict[str, Any]:
    made: dict[str, Any] = dynamodb.create_global_table(
        GlobalTableName="things", ReplicationGroup=group(*names)
    )["GlobalTableDescription"]
    settle(dynamodb)
    return made


def described(dynamodb: Any) -> dict[str, Any]:
    found: dict[str, Any] = dynamodb.describe_global_table(GlobalTableName="things")[
        "GlobalTableDescription"
    ]
    return found


def test_linked_tables_share_what_is_written(regions: dict[str, Any], account: str) -> None:
    home, far, farther = regions.values()
    made = link(home, HOME, FAR)
    assert ("CREATING", f"arn:aws:dynamodb::{account}:global-table/things") == (
        made["GlobalTableStatus"], made["GlobalTableArn"],
    )  # fmt: skip
    found = described(far)
    assert ("ACTIVE", {HOME, FAR}) == (
        found["GlobalTableStatus"], {each["RegionName"] for each in found["ReplicationGroup"]},
    )  # fmt: skip
    assert "2017.11.29" == table_of(home, "things")["GlobalTableVersion"]
    put(home, pk="a")
    put(far, pk="b")
    assert [{"pk": "b"}, {"pk": "a"}] == [get(home, pk="b"), get(far, pk="a")]
    for each, names in ((home, [HOME, FAR]), (far, [FAR, HOME])):
        [listed] = each.list_global_tables()["GlobalTables"]
        assert group(*names) == listed["ReplicationGroup"]
    assert [] == farther.list_global_tables()["GlobalTables"]
    assert [] == home.list_global_tables(RegionName=FARTHER)["GlobalTables"]
    settings = home.describe_global_table_settings(GlobalTableName="things")["ReplicaSettings"]
    assert [(HOME, "ACTIVE"), (FAR, "ACTIVE")] == [
        (each["RegionName"], each["ReplicaStatus"]) for each in settings
    ]


def test_members_come_and_go(regions: dict[str, Any]) -> None:
    home, far, farther = regions.values()
    link(home, HOME, FAR)
    updates = [{"Create": {"RegionName": FARTHER}}]
    far.update_global_table(GlobalTableName="things", ReplicaUpdates=updates)
    settle(home)
    put(farther, pk="a")
    assert [{"pk": "a"}] * 2 == [get(home, pk="a"), get(far, pk="a")]
    updates = [{"Delete": {"RegionName": FARTHER}}]
    home.update_global_table(GlobalTableName="things", ReplicaUpdates=updates)
    settle(home)
    put(farther, pk="b")
    put(far, pk="c")
    assert [None, {"pk": "c"}, None] == [get(home, pk="b"), get(home, pk="c"), get(farther, pk="c")]
    assert "GlobalTableNotFoundException" == refusal(described, dynamodb=farther).code


def test_what_cannot_be_linked(regions: dict[str, Any], dynamodb: Any) -> None:
    home, _, farther = regions.values()
    assert (
        "GlobalTableNotFoundException",
        "Global table not found: Global table with name: 'things' does not exist.",
        400,
    ) == refusal(described, dynamodb=home)
    ask = home.create_global_table
    named = {"GlobalTableName": "things"}
    assert "must include the region" in invalid(ask, **named, ReplicationGroup=group(FAR))
    assert (
        "TableNotFoundException"
        == refusal(ask, **named, ReplicationGroup=group(HOME, "sa-east-1")).code
    )
    put(farther, pk="a")
    assert "must be empty" in invalid(ask, **named, ReplicationGroup=group(HOME, FARTHER))
    link(home, HOME, FAR)
    assert (
        "GlobalTableAlreadyExistsException"
        == refusal(ask, **named, ReplicationGroup=group(HOME, FAR)).code
    )
    update = home.update_global_table
    again = [{"Create": {"RegionName": FAR}}]
    assert "ReplicaAlreadyExistsException" == refusal(update, **named, ReplicaUpdates=again).code
    missing = [{"Delete": {"RegionName": "sa-east-1"}}]
    assert "ReplicaNotFoundException" == refusal(update, **named, ReplicaUpdates=missing).code
    assert "2017.11.29" in invalid(home.update_table, TableName="things", ReplicaUpdates=missing)
    create(dynamodb, "other")
    assert "NEW_AND_OLD_IMAGES" in invalid(
        ask, GlobalTableName="other", ReplicationGroup=group(HOME)
    )
