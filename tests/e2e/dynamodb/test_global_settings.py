"""Settings of global tables, and auto scaling, which is kept and told."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, index, invalid, settle
from e2e.dynamodb.test_backups import table_of
from e2e.dynamodb.test_global_tables import FAR, HOME, STREAM, link
from support.refusals import refusal
from support.running import Running

UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
POLICY = {
    "PolicyName": "follow",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "DisableScaleIn": True},
}
SCALING = {"MinimumUnits": 5, "MaximumUnits": 50, "ScalingPolicyUpdate": POLICY}
KEPT = {"MinimumUnits": 5, "MaximumUnits": 50, "ScalingPolicies": [POLICY]}


@pytest.fixture
def regions(pileus: Running, account: str) -> tuple[Any, Any]:
    """Clients of two regions."""
    home, far = (
        pileus.client("dynamodb", account=account, region=region) for region in (HOME, FAR)
    )
    return home, far


@pytest.fixture
def linked(regions: tuple[Any, Any]) -> tuple[Any, Any]:
    """The same, with a global table of 2017 that has provisioned throughput and an index."""
    for each in regions:
        create(
            each, more="n:N", ProvisionedThroughput=UNITS, StreamSpecification=STREAM,
            GlobalSecondaryIndexes=[{**index("by-n", "n"), "ProvisionedThroughput": UNITS}],
        )  # fmt: skip
    link(regions[0], HOME, FAR)
    return regions


def settings_of(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert "things" == answer["GlobalTableName"]
    return {each["RegionName"]: each for each in answer["ReplicaSettings"]}


def units(table: dict[str, Any]) -> tuple[int, int]:
    found = table["ProvisionedThroughput"]
    return found["ReadCapacityUnits"], found["WriteCapacityUnits"]


def test_capacity_for_writing_is_that_of_all_regions(linked: tuple[Any, Any]) -> None:
    home, far = linked
    answer = home.update_global_table_settings(
        GlobalTableName="things",
        GlobalTableProvisionedWriteCapacityUnits=9,
        GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate=SCALING,
        GlobalTableGlobalSecondaryIndexSettingsUpdate=[
            {"IndexName": "by-n", "ProvisionedWriteCapacityUnits": 8}
        ],
        ReplicaSettingsUpdate=[
            {
                "RegionName": FAR,
                "ReplicaProvisionedReadCapacityUnits": 7,
                "ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate": SCALING,
                "ReplicaGlobalSecondaryIndexSettingsUpdate": [
                    {"IndexName": "by-n", "ProvisionedReadCapacityUnits": 6}
                ],
                "ReplicaTableClass": "STANDARD_INFREQUENT_ACCESS",
            }
        ],
    )
    tables = [table_of(each, "things") for each in linked]
    assert [(5, 9), (7, 9)] == [units(each) for each in tables]
    assert [(5, 8), (6, 8)] == [units(each["GlobalSecondaryIndexes"][0]) for each in tables]
    assert "STANDARD_INFREQUENT_ACCESS" == tables[1]["TableClassSummary"]["TableClass"]
    assert "TableClassSummary" not in tables[0]
    found = settings_of(answer)
    assert found == settings_of(far.describe_global_table_settings(GlobalTableName="things"))
    for region in (HOME, FAR):
        assert KEPT == found[region]["ReplicaProvisionedWriteCapacityAutoScalingSettings"]
    assert KEPT == found[FAR]["ReplicaProvisionedReadCapacityAutoScalingSettings"]
    assert "ReplicaProvisionedReadCapacityAutoScalingSettings" not in found[HOME]
    # What is as it should be is not changed.
    again = {"GlobalTableName": "things", "GlobalTableProvisionedWriteCapacityUnits": 9}
    assert found == settings_of(home.update_global_table_settings(**again))


def test_the_billing_mode_is_that_of_all_regions(linked: tuple[Any, Any]) -> None:
    home, far = linked
    home.update_global_table_settings(
        GlobalTableName="things", GlobalTableBillingMode="PAY_PER_REQUEST"
    )
    modes = [table_of(each, "things")["BillingModeSummary"]["BillingMode"] for each in linked]
    assert ["PAY_PER_REQUEST"] * 2 == modes
    found = settings_of(far.describe_global_table_settings(GlobalTableName="things"))
    summary = found[HOME]["ReplicaBillingModeSummary"]
    assert "PAY_PER_REQUEST" == summary["BillingMode"]
    assert "LastUpdateToPayPerRequestDateTime" in summary
    assert "must both be specified" in invalid(
        home.update_global_table_settings,
        GlobalTableName="things", GlobalTableProvisionedWriteCapacityUnits=3,
    )  # fmt: skip


def test_settings_that_cannot_be(linked: tuple[Any, Any]) -> None:
    home, _ = linked
    update = home.update_global_table_settings
    missing = refusal(update, GlobalTableName="nothing")
    assert ("GlobalTableNotFoundException", 400) == (missing.code, missing.status)
    elsewhere = [{"RegionName": "ap-south-1", "ReplicaProvisionedReadCapacityUnits": 7}]
    found = refusal(update, GlobalTableName="things", ReplicaSettingsUpdate=elsewhere)
    assert ("ReplicaNotFoundException", 400) == (found.code, found.status)
    of_no_index = [{"IndexName": "by-m", "ProvisionedWriteCapacityUnits": 8}]
    found = refusal(
        update, GlobalTableName="things", GlobalTableProvisionedWriteCapacityUnits=9,
        GlobalTableGlobalSecondaryIndexSettingsUpdate=of_no_index,
    )  # fmt: skip
    assert ("IndexNotFoundException", 400) == (found.code, found.status)
    upside_down = {"MinimumUnits": 50, "MaximumUnits": 5}
    assert "MinimumUnits must not be greater" in invalid(
        update, GlobalTableName="things", GlobalTableProvisionedWriteCapacityUnits=9,
        GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate=upside_down,
    )  # fmt: skip
    assert (5, 5) == units(table_of(home, "things"))


# Replicas of the version 2019.11.21.


def test_auto_scaling_of_replicas_is_kept_for_each_region(regions: tuple[Any, Any]) -> None:
    home, far = regions
    create(
        home, more="n:N", ProvisionedThroughput=UNITS, StreamSpecification=STREAM,
        GlobalSecondaryIndexes=[{**index("by-n", "n"), "ProvisionedThroughput": UNITS}],
    )  # fmt: skip
    home.update_table(TableName="things", ReplicaUpdates=[{"Create": {"RegionName": FAR}}])
    settle(home)
    answer = home.update_table_replica_auto_scaling(
        TableName="things",
        ProvisionedWriteCapacityAutoScalingUpdate=SCALING,
        GlobalSecondaryIndexUpdates=[
            {"IndexName": "by-n", "ProvisionedWriteCapacityAutoScalingUpdate": SCALING}
        ],
        ReplicaUpdates=[
            {
                "RegionName": FAR,
                "ReplicaProvisionedReadCapacityAutoScalingUpdate": SCALING,
                "ReplicaGlobalSecondaryIndexUpdates": [
                    {"IndexName": "by-n", "ProvisionedReadCapacityAutoScalingUpdate": SCALING}
                ],
            }
        ],
    )["TableAutoScalingDescription"]
    assert ("things", "ACTIVE") == (answer["TableName"], answer["TableStatus"])
    own, other = answer["Replicas"]
    writes, reads = (
        f"ReplicaProvisioned{kind}CapacityAutoScalingSettings" for kind in ("Write", "Read")
    )
    assert {"RegionName": HOME, "ReplicaStatus": "ACTIVE", writes: KEPT} == {
        name: each for name, each in own.items() if name != "GlobalSecondaryIndexes"
    }
    assert (FAR, KEPT, KEPT) == (other["RegionName"], other[writes], other[reads])
    assert [
        {
            "IndexName": "by-n", "IndexStatus": "ACTIVE",
            "ProvisionedReadCapacityAutoScalingSettings": KEPT,
            "ProvisionedWriteCapacityAutoScalingSettings": KEPT,
        }
    ] == other["GlobalSecondaryIndexes"]  # fmt: skip
    described = far.describe_table_replica_auto_scaling(TableName="things")
    assert [other, own] == described["TableAutoScalingDescription"]["Replicas"]


def test_an_update_of_auto_scaling_changes_what_it_names(dynamodb: Any) -> None:
    create(dynamodb)
    update = dynamodb.update_table_replica_auto_scaling
    policies = [{**POLICY, "PolicyName": name} for name in ("first", "second")]
    for each in policies:
        wanted = {**SCALING, "ScalingPolicyUpdate": each}
        update(TableName="things", ProvisionedWriteCapacityAutoScalingUpdate=wanted)
    target = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50.0}}
    changed = {"PolicyName": "first", **target}
    wanted = {"MaximumUnits": 99, "AutoScalingDisabled": True, "ScalingPolicyUpdate": changed}
    answer = update(TableName="things", ProvisionedWriteCapacityAutoScalingUpdate=wanted)
    [own] = answer["TableAutoScalingDescription"]["Replicas"]
    assert {
        "MinimumUnits": 5, "MaximumUnits": 99, "AutoScalingDisabled": True,
        "ScalingPolicies": [policies[1], changed],
    } == own["ReplicaProvisionedWriteCapacityAutoScalingSettings"]  # fmt: skip


def test_auto_scaling_that_cannot_be(dynamodb: Any) -> None:
    describe = dynamodb.describe_table_replica_auto_scaling
    missing = refusal(describe, TableName="nothing")
    assert ("ResourceNotFoundException", 400) == (missing.code, missing.status)
    create(dynamodb)
    update = dynamodb.update_table_replica_auto_scaling
    assert "At least one auto scaling setting" in invalid(update, TableName="things")
    elsewhere = [{"RegionName": FAR, "ReplicaProvisionedReadCapacityAutoScalingUpdate": SCALING}]
    assert "no replica in this region" in invalid(
        update, TableName="things", ReplicaUpdates=elsewhere
    )
    of_no_index = [{"IndexName": "by-m", "ProvisionedWriteCapacityAutoScalingUpdate": SCALING}]
    found = refusal(update, TableName="things", GlobalSecondaryIndexUpdates=of_no_index)
    assert "ResourceNotFoundException" == found.code
    upside_down = {"MinimumUnits": 50, "MaximumUnits": 5}
    assert "MinimumUnits must not be greater" in invalid(
        update, TableName="things", ProvisionedWriteCapacityAutoScalingUpdate=upside_down
    )
