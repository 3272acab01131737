"""Event buses by boto3: the default one, custom ones, permissions, tags."""

from __future__ import annotations

import json
from typing import Any

from e2e.events.asking import PATTERN, bus_arn, refusal, rule
from support.running import Running


def test_the_default_bus_is_always_there(events: Any, account: str) -> None:
    answer = events.describe_event_bus()
    answer.pop("ResponseMetadata")
    assert {"Name": "default", "Arn": bus_arn(account)} == answer
    assert ["default"] == [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]


def test_a_custom_bus_has_what_it_was_made_with(events: Any, pileus: Running, account: str) -> None:
    letters = {"Arn": f"arn:aws:sqs:us-east-1:{account}:letters"}
    settings = {
        "Description": "all orders",
        "KmsKeyIdentifier": "alias/orders",
        "DeadLetterConfig": letters,
        "LogConfig": {"IncludeDetail": "FULL", "Level": "INFO"},
    }
    arn = bus_arn(account, "orders")
    made = events.create_event_bus(Name="orders", Tags=[{"Key": "team", "Value": "a"}], **settings)
    made.pop("ResponseMetadata")
    assert {"EventBusArn": arn, **settings} == made
    found = events.describe_event_bus(Name="orders")
    found.pop("ResponseMetadata")
    times = {found.pop("CreationTime"), found.pop("LastModifiedTime")}
    assert {"Name": "orders", "Arn": arn, **settings} == found
    assert [pileus.now] == [round(time.timestamp() * 1000) for time in times]
    assert [{"Key": "team", "Value": "a"}] == (
        events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    )


def test_a_bus_is_changed(events: Any) -> None:
    events.create_event_bus(Name="orders", Description="old", KmsKeyIdentifier="alias/a")
    answer = events.update_event_bus(Name="orders", Description="new")
    assert ("orders", "new", "alias/a") == (
        answer["Name"], answer["Description"], answer["KmsKeyIdentifier"],
    )  # fmt: skip
    assert "new" == events.describe_event_bus(Name="orders")["Description"]


def test_the_default_bus_is_changed_too(events: Any) -> None:
    events.update_event_bus(Name="default", Description="ours")
    assert "ours" == events.describe_event_bus()["Description"]


def test_two_buses_cannot_have_one_name(events: Any) -> None:
    events.create_event_bus(Name="orders")
    for name in ("orders", "default"):
        assert ("ResourceAlreadyExistsException", f"Event bus {name} already exists.") == (
            refusal(events.create_event_bus, Name=name)
        )


def test_a_bus_name_has_no_slash(events: Any) -> None:
    assert ("ValidationException", "Event bus name must not contain '/'.") == (
        refusal(events.create_event_bus, Name="a/b")
    )


def test_a_bus_that_is_not_there_is_said_so(events: Any) -> None:
    missing = ("ResourceNotFoundException", "Event bus nowhere does not exist.")
    assert missing == refusal(events.describe_event_bus, Name="nowhere")
    assert missing == refusal(events.update_event_bus, Name="nowhere", Description="x")
    assert missing == refusal(events.list_rules, EventBusName="nowhere")
    assert missing == refusal(
        events.put_rule, Name="r", EventPattern=PATTERN, EventBusName="nowhere"
    )
    assert missing == refusal(events.put_permission, EventBusName="nowhere", Policy="{}")


def test_buses_are_listed_in_pages(events: Any) -> None:
    for name in ("a", "b", "x", "xa"):
        events.create_event_bus(Name=name)
    names = []
    token: dict[str, str] = {}
    while True:
        answer = events.list_event_buses(Limit=2, **token)
        names.append([bus["Name"] for bus in answer["EventBuses"]])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [["a", "b"], ["default", "x"], ["xa"]] == names
    found = events.list_event_buses(NamePrefix="x")["EventBuses"]
    assert ["x", "xa"] == [bus["Name"] for bus in found]


def test_a_foreign_token_is_refused(events: Any) -> None:
    assert ("ValidationException", "Invalid NextToken.") == (
        refusal(events.list_event_buses, NextToken="abc")
    )


def test_a_bus_is_deleted_when_its_rules_are(events: Any) -> None:
    events.create_event_bus(Name="orders")
    rule(events, EventBusName="orders")
    assert ("ValidationException", "Event bus can't be deleted since it has rules.") == (
        refusal(events.delete_event_bus, Name="orders")
    )
    events.delete_rule(Name="r", EventBusName="orders")
    events.delete_event_bus(Name="orders")
    events.delete_event_bus(Name="orders")
    assert ["default"] == [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]


def test_the_default_bus_stays(events: Any) -> None:
    assert ("ValidationException", "Cannot delete event bus default.") == (
        refusal(events.delete_event_bus, Name="default")
    )


# Permissions.


def policy_of(events: Any) -> Any:
    policy = events.describe_event_bus().get("Policy")
    return policy and json.loads(policy)


def permit(events: Any, statement_id: str = "one", **params: Any) -> None:
    events.put_permission(
        Action="events:PutEvents", Principal="111122223333", StatementId=statement_id, **params
    )


def test_statements_make_up_a_policy(events: Any, account: str) -> None:
    permit(events)
    events.put_permission(
        Action="events:PutEvents", Principal="*", StatementId="organisation",
        Condition={"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"},
    )  # fmt: skip
    allow = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus_arn(account)}
    assert {
        "Version": "2012-10-17",
        "Statement": [
            {**allow, "Sid": "one", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
            {
                **allow, "Sid": "organisation", "Principal": "*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            },
        ],
    } == policy_of(events)  # fmt: skip


def test_a_statement_replaces_the_one_of_its_id(events: Any) -> None:
    permit(events)
    permit(events)
    assert 1 == len(policy_of(events)["Statement"])


def test_statements_are_taken_away(events: Any) -> None:
    permit(events)
    permit(events, "two")
    assert (
        "ResourceNotFoundException", "Statement with the provided id does not exist.",
    ) == refusal(events.remove_permission, StatementId="three")  # fmt: skip
    events.remove_permission(StatementId="one")
    assert ["two"] == [each["Sid"] for each in policy_of(events)["Statement"]]
    events.remove_permission(RemoveAllPermissions=True)
    assert policy_of(events) is None
    assert ("ResourceNotFoundException", "EventBus does not have a policy.") == (
        refusal(events.remove_permission, StatementId="two")
    )


def test_a_policy_is_given_whole(events: Any) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": "x", "Effect": "Deny"}]}
    events.put_permission(Policy=json.dumps(policy))
    assert policy == policy_of(events)
    assert "ValidationException" == refusal(events.put_permission, Policy="no json")[0]
    assert "ValidationException" == refusal(events.put_permission, Policy="{}")[0]
    assert "ValidationException" == refusal(events.put_permission, StatementId="x")[0]
    long = json.dumps({"Statement": [{"Sid": "x" * 10_240}]})
    assert "PolicyLengthExceededException" == refusal(events.put_permission, Policy=long)[0]


# Tags.


def test_buses_and_rules_have_tags(events: Any, account: str) -> None:
    arns = [bus_arn(account), rule(events, Tags=[{"Key": "a", "Value": "1"}])]
    for arn in arns:
        events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    found = [events.list_tags_for_resource(ResourceARN=arn)["Tags"] for arn in arns]
    b = {"Key": "b", "Value": "2"}
    assert [[b], [{"Key": "a", "Value": "1"}, b]] == found
    events.untag_resource(ResourceARN=arns[1], TagKeys=["a"])
    assert [b] == events.list_tags_for_resource(ResourceARN=arns[1])["Tags"]


def test_tags_follow_aws_rules(events: Any, account: str) -> None:
    def code(**tag: str) -> str:
        return refusal(events.tag_resource, ResourceARN=bus_arn(account), Tags=[tag])[0]

    assert ["ValidationException"] * 3 == [
        code(Key="aws:x", Value=""), code(Key="a|b", Value=""), code(Key="a", Value="|"),
    ]  # fmt: skip
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    assert (
        "ValidationException"
        == (refusal(events.tag_resource, ResourceARN=bus_arn(account), Tags=many)[0])
    )


def test_only_what_is_there_has_tags(events: Any, account: str) -> None:
    assert ("ResourceNotFoundException", "Rule x does not exist on EventBus default.") == refusal(
        events.list_tags_for_resource, ResourceARN=f"arn:aws:events:us-east-1:{account}:rule/x"
    )
    assert (
        "ResourceNotFoundException"
        == (refusal(events.list_tags_for_resource, ResourceARN=bus_arn(account, "x"))[0])
    )
    assert (
        "ValidationException"
        == (refusal(events.list_tags_for_resource, ResourceARN="arn:aws:s3:::bucket")[0])
    )
