"""Capacity providers: records with a state, and which versions use them."""

from __future__ import annotations

from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal

NETWORK = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
PERMISSIONS = {"CapacityProviderOperatorRoleArn": "arn:aws:iam::123456789012:role/operator"}


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def conflict(message: str) -> Refusal:
    return Refusal("ResourceConflictException", message, 409)


def missing(arn: str) -> Refusal:
    return Refusal("ResourceNotFoundException", f"Capacity provider not found: {arn}", 404)


def arn_of(account: str, name: str) -> str:
    return f"arn:aws:lambda:us-east-1:{account}:capacity-provider:{name}"


def create(client: Any, name: str = "fast", **more: Any) -> dict[str, Any]:
    made = client.create_capacity_provider(
        CapacityProviderName=name, VpcConfig=NETWORK, PermissionsConfig=PERMISSIONS, **more
    )
    assert 202 == made["ResponseMetadata"]["HTTPStatusCode"]
    return dict(made["CapacityProvider"])


def get(client: Any, name: str) -> dict[str, Any]:
    return dict(client.get_capacity_provider(CapacityProviderName=name)["CapacityProvider"])


def test_a_provider_is_pending_and_then_active(client: Any, account: str) -> None:
    made = create(client)
    assert "Pending" == made["State"]
    found = get(client, "fast")
    assert {
        "CapacityProviderArn": arn_of(account, "fast"),
        "State": "Active",
        "VpcConfig": NETWORK,
        "PermissionsConfig": PERMISSIONS,
        "InstanceRequirements": {"Architectures": ["x86_64"]},
        "CapacityProviderScalingConfig": {"MaxVCpuCount": 400, "ScalingMode": "Auto"},
        "LastModified": made["LastModified"],
    } == found
    assert found == get(client, arn_of(account, "fast"))


def test_a_provider_keeps_what_it_was_given(client: Any, account: str) -> None:
    policy = {
        "PredefinedMetricType": "LambdaCapacityProviderAverageCPUUtilization",
        "TargetValue": 50.0,
    }
    given = {
        "InstanceRequirements": {
            "Architectures": ["arm64"], "AllowedInstanceTypes": ["m8g.large"],
        },
        "CapacityProviderScalingConfig": {
            "MaxVCpuCount": 30, "ScalingMode": "Manual", "ScalingPolicies": [policy],
        },
        "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
        "PropagateTags": {"Mode": "Explicit", "ExplicitTags": {"team": "blue"}},
        "TelemetryConfig": {"LoggingConfig": {"SystemLogLevel": "WARN", "LogGroup": "mine"}},
    }  # fmt: skip
    create(client, **given, Tags={"stage": "test"})
    found = get(client, "fast")
    assert given == {name: found[name] for name in given}
    arn = arn_of(account, "fast")
    assert {"stage": "test"} == client.list_tags(Resource=arn)["Tags"]
    client.tag_resource(Resource=arn, Tags={"more": "1"})
    client.untag_resource(Resource=arn, TagKeys=["stage"])
    assert {"more": "1"} == client.list_tags(Resource=arn)["Tags"]


def test_only_scaling_tags_and_telemetry_are_updated(client: Any) -> None:
    create(client)
    changed = client.update_capacity_provider(
        CapacityProviderName="fast",
        CapacityProviderScalingConfig={"MaxVCpuCount": 12},
        PropagateTags={"Mode": "None"},
        TelemetryConfig={"LoggingConfig": {"SystemLogLevel": "DEBUG"}},
    )
    assert 202 == changed["ResponseMetadata"]["HTTPStatusCode"]
    found = get(client, "fast")
    assert changed["CapacityProvider"] == found
    assert {"MaxVCpuCount": 12, "ScalingMode": "Auto"} == found["CapacityProviderScalingConfig"]
    assert {"Mode": "None"} == found["PropagateTags"]
    assert {"SystemLogLevel": "DEBUG"} == found["TelemetryConfig"]["LoggingConfig"]


def test_providers_are_listed_by_name_and_state(client: Any) -> None:
    for name in ("b", "a", "c"):
        create(client, name)
    page = client.list_capacity_providers(MaxItems=2)
    rest = client.list_capacity_providers(Marker=page["NextMarker"])
    arns = [
        each["CapacityProviderArn"]
        for each in page["CapacityProviders"] + rest["CapacityProviders"]
    ]
    assert ["a", "b", "c"] == [arn.rpartition(":")[2] for arn in arns]
    assert "NextMarker" not in rest
    assert [] == client.list_capacity_providers(State="Failed")["CapacityProviders"]
    assert 3 == len(client.list_capacity_providers(State="Active")["CapacityProviders"])


def test_a_deleted_provider_is_gone(client: Any, account: str) -> None:
    create(client, Tags={"a": "1"})
    ended = client.delete_capacity_provider(CapacityProviderName="fast")
    assert (202, "Deleting") == (
        ended["ResponseMetadata"]["HTTPStatusCode"],
        ended["CapacityProvider"]["State"],
    )
    arn = arn_of(account, "fast")
    assert missing(arn) == refusal(client.get_capacity_provider, CapacityProviderName="fast")
    assert missing(arn) == refusal(client.delete_capacity_provider, CapacityProviderName="fast")
    assert missing(arn) == refusal(client.list_tags, Resource=arn)
    assert [] == client.list_capacity_providers()["CapacityProviders"]
    create(client)
    assert {} == client.list_tags(Resource=arn)["Tags"]


def test_what_cannot_be_made_is_refused(client: Any, account: str) -> None:
    create(client)
    again = refusal(
        client.create_capacity_provider, CapacityProviderName=arn_of(account, "fast"),
        VpcConfig=NETWORK, PermissionsConfig=PERMISSIONS,
    )  # fmt: skip
    assert conflict("Capacity provider already exists: fast") == again
    both = refusal(
        client.create_capacity_provider, CapacityProviderName="other", VpcConfig=NETWORK,
        PermissionsConfig=PERMISSIONS,
        InstanceRequirements={
            "AllowedInstanceTypes": ["m7a.large"], "ExcludedInstanceTypes": ["c*"],
        },
    )  # fmt: skip
    assert invalid(
        "Only one of AllowedInstanceTypes and ExcludedInstanceTypes can be specified."
    ) == both  # fmt: skip
    assert missing(arn_of(account, "none")) == refusal(
        client.update_capacity_provider, CapacityProviderName="none"
    )
    assert missing(arn_of(account, "none")) == refusal(
        client.list_function_versions_by_capacity_provider, CapacityProviderName="none"
    )


@pytest.fixture
def on_fast(client: Any, account: str) -> dict[str, Any]:
    """The members of a function on the provider `fast`."""
    create(client)
    arn = arn_of(account, "fast")
    config = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": arn}}
    return {"Runtime": "python3.13", "MemorySize": 2048, "CapacityProviderConfig": config}


def test_a_used_provider_lists_its_versions_and_stays(
    client: Any, functions: Functions, account: str, on_fast: dict[str, Any]
) -> None:
    functions.create(lambda event, context: 1)
    name = functions.create(lambda event, context: 1, **on_fast)
    client.publish_version(FunctionName=name)
    client.publish_version(FunctionName=name, PublishTo="LATEST_PUBLISHED")
    functions.pileus.idle()
    arn = functions.arn(name)
    found = client.list_function_versions_by_capacity_provider(CapacityProviderName="fast")
    assert arn_of(account, "fast") == found["CapacityProviderArn"]
    assert [
        {"FunctionArn": f"{arn}:$LATEST", "State": "ActiveNonInvocable"},
        {"FunctionArn": f"{arn}:$LATEST.PUBLISHED", "State": "Active"},
        {"FunctionArn": f"{arn}:1", "State": "Active"},
    ] == found["FunctionVersions"]
    page = client.list_function_versions_by_capacity_provider(
        CapacityProviderName="fast", MaxItems=2
    )
    rest = client.list_function_versions_by_capacity_provider(
        CapacityProviderName="fast", Marker=page["NextMarker"]
    )
    assert found["FunctionVersions"] == page["FunctionVersions"] + rest["FunctionVersions"]
    assert conflict(
        f"The capacity provider {arn_of(account, 'fast')} is used by function versions."
    ) == refusal(client.delete_capacity_provider, CapacityProviderName="fast")
    client.delete_function(FunctionName=name)
    client.delete_capacity_provider(CapacityProviderName="fast")


def test_a_provider_takes_time_with_aws_delays(tmp_path_factory: Any) -> None:
    running = RunningLambda(tmp_path_factory.mktemp("delays"), aws_delays=True)
    running.start()
    running.freeze()
    try:
        client = running.client("lambda")
        create(client)
        assert "Pending" == get(client, "fast")["State"]
        early = refusal(client.delete_capacity_provider, CapacityProviderName="fast")
        assert "ResourceConflictException" == early.code
        running.advance(5)
        assert "Active" == get(client, "fast")["State"]
        client.delete_capacity_provider(CapacityProviderName="fast")
        assert "Deleting" == get(client, "fast")["State"]
        running.advance(5)
        assert [] == client.list_capacity_providers()["CapacityProviders"]
    finally:
        running.stop()
