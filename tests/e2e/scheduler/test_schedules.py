"""Schedules by boto3: made, read, changed, deleted, listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from e2e.scheduler.asking import Asking
from support.refusals import Refusal, refusal

DAY = 86_400
OFF = {"Mode": "OFF"}


def shown(asking: Asking, name: str = "s", **more: str) -> dict[str, Any]:
    answer: dict[str, Any] = asking.client.get_schedule(Name=name, **more)
    answer.pop("ResponseMetadata")
    return answer


def invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message, 400)


def missing(name: str) -> Refusal:
    return Refusal("ResourceNotFoundException", f"Schedule {name} does not exist.", 404)


def test_a_schedule_shows_what_it_was_told_and_the_defaults(asking: Asking) -> None:
    expression = asking.at(3600)
    made = asking.create(expression=expression)
    arn = asking.arn("schedule/default/s")
    assert arn == made["ScheduleArn"]
    policy = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    found = shown(asking)
    assert asking.now == found.pop("CreationDate").replace(microsecond=0)
    assert asking.now == found.pop("LastModificationDate").replace(microsecond=0)
    assert {
        "Arn": arn,
        "GroupName": "default",
        "Name": "s",
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": "UTC",
        "State": "ENABLED",
        "Target": asking.target(RetryPolicy=policy),
        "FlexibleTimeWindow": OFF,
        "ActionAfterCompletion": "NONE",
    } == found


def test_every_member_is_kept(asking: Asking) -> None:
    asking.client.create_schedule_group(Name="g")
    given = {
        "Description": "rings",
        "StartDate": asking.now + timedelta(days=1),
        "EndDate": asking.now + timedelta(days=2),
        "KmsKeyArn": asking.arn("key/k", "kms"),
        "State": "DISABLED",
        "ActionAfterCompletion": "DELETE",
        "ScheduleExpressionTimezone": "Europe/Lisbon",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
    }
    asking.create(expression="rate(1 hour)", GroupName="g", **given)
    found = shown(asking, GroupName="g")
    assert given == {name: found[name] for name in given}
    assert "g" == found["GroupName"]


def test_an_update_replaces_everything(asking: Asking) -> None:
    asking.create(Description="before", State="DISABLED")
    asking.pileus.advance(60)
    asking.client.update_schedule(
        Name="s", ScheduleExpression="rate(2 days)", Target=asking.target(Input="new"),
        FlexibleTimeWindow=OFF,
    )  # fmt: skip
    found = shown(asking)
    assert ("rate(2 days)", "ENABLED", "new", None, 60) == (
        found["ScheduleExpression"], found["State"], found["Target"]["Input"],
        found.get("Description"),
        (found["LastModificationDate"] - found["CreationDate"]).total_seconds(),
    )  # fmt: skip


def test_a_name_is_taken_once_in_its_group(asking: Asking) -> None:
    asking.create()
    asking.client.create_schedule_group(Name="g")
    asking.create(GroupName="g")
    found = refusal(asking.create)
    assert Refusal("ConflictException", "Schedule s already exists.", 409) == found


def test_a_schedule_that_is_not_there(asking: Asking) -> None:
    client = asking.client
    assert missing("s") == refusal(client.get_schedule, Name="s")
    assert missing("s") == refusal(client.delete_schedule, Name="s")
    assert missing("s") == refusal(
        client.update_schedule, Name="s", ScheduleExpression="rate(1 day)",
        Target=asking.target(), FlexibleTimeWindow=OFF,
    )  # fmt: skip


def test_a_schedule_is_found_in_its_own_group_only(asking: Asking) -> None:
    asking.client.create_schedule_group(Name="g")
    asking.create(GroupName="g")
    assert missing("s") == refusal(asking.client.get_schedule, Name="s")


def test_a_group_must_be_there(asking: Asking) -> None:
    found = refusal(asking.create, GroupName="none")
    assert Refusal(
        "ResourceNotFoundException", "Schedule group none does not exist.", 404
    ) == found  # fmt: skip


def test_a_deleted_schedule_does_not_run(asking: Asking) -> None:
    asking.create()
    asking.client.delete_schedule(Name="s")
    asking.pileus.advance(2 * 3600)
    assert ([], []) == (asking.bodies(), asking.names())


def test_a_repeated_request_is_recognised_by_its_token(asking: Asking) -> None:
    expression = asking.at(3600)
    first = asking.create(expression=expression, ClientToken="t")
    again = asking.create(expression=expression, ClientToken="t")
    assert first["ScheduleArn"] == again["ScheduleArn"]
    found = refusal(asking.create, expression="rate(1 day)", ClientToken="t")
    assert "ConflictException" == found.code
    asking.client.delete_schedule(Name="s", ClientToken="d")
    asking.client.delete_schedule(Name="s", ClientToken="d")
    assert missing("s") == refusal(asking.client.delete_schedule, Name="s", ClientToken="e")


def test_a_deletion_is_remembered_for_some_hours(asking: Asking) -> None:
    asking.create()
    asking.client.delete_schedule(Name="s", ClientToken="d")
    asking.pileus.advance(DAY)
    assert missing("s") == refusal(asking.client.delete_schedule, Name="s", ClientToken="d")


@pytest.mark.parametrize(
    "expression",
    [
        "rate(10 seconds)", "rate(10 years)", "rate(10)", "rate()", "rate(-10 minutes)",
        "rate( 10 minutes )", " rate(10 minutes)", "rate(10 minutess)", "rate(foo minutes)",
        "at(2021-12-31)", "at(2021-12-31T23:59:59Z)", "cron()", "cron(INVALID)",
        "cron(0 1 * * * *)", "cron(0 dummy ? * MON-FRI *)", "cron(7 20 * * NOT *)",
        "cron(71 8 1 * ? *)",
    ],
)  # fmt: skip
def test_malformed_expressions_are_refused_as_recorded(asking: Asking, expression: str) -> None:
    expected = invalid(f"Invalid Schedule Expression {expression}.")
    assert expected == refusal(asking.create, expression=expression)


def test_an_unknown_time_zone(asking: Asking) -> None:
    found = refusal(asking.create, ScheduleExpressionTimezone="Mars/Olympus")
    assert invalid("Invalid Schedule Expression Timezone Mars/Olympus.") == found


def test_a_start_may_lie_five_minutes_back(asking: Asking) -> None:
    start = asking.now - timedelta(minutes=6)
    found = refusal(asking.create, expression="rate(1 day)", StartDate=start)
    assert invalid("The StartDate you specify cannot be earlier than 5 minutes ago.") == found
    asking.create(expression="rate(1 day)", StartDate=asking.now - timedelta(minutes=4))


def test_dates_are_not_looked_at_for_one_time_schedules(asking: Asking) -> None:
    past = asking.now - timedelta(days=6)
    asking.create(StartDate=past, EndDate=past)
    asking.pileus.advance(3600)
    assert ["ring"] == asking.bodies()


def test_the_end_comes_after_the_start_and_now(asking: Asking) -> None:
    now = asking.now
    found = refusal(
        asking.create, expression="rate(1 day)", StartDate=now + timedelta(days=2),
        EndDate=now + timedelta(days=1),
    )  # fmt: skip
    assert invalid("The StartDate you specify must come before the EndDate.") == found
    found = refusal(asking.create, expression="rate(1 day)", EndDate=now - timedelta(days=1))
    assert invalid("The EndDate you specify cannot be earlier than now.") == found


def test_a_flexible_window_has_a_length_and_no_other_has(asking: Asking) -> None:
    found = refusal(asking.create, FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    expected = invalid(
        "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE."
    )
    assert expected == found
    window = {"Mode": "OFF", "MaximumWindowInMinutes": 5}
    found = refusal(asking.create, FlexibleTimeWindow=window)
    expected = invalid(
        "MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF."
    )
    assert expected == found


def test_limits_of_the_model(asking: Asking) -> None:
    found = refusal(asking.create, target={"RetryPolicy": {"MaximumRetryAttempts": 186}})
    assert (
        "1 validation error detected: Value '186' at 'target.retryPolicy.maximumRetryAttempts' "
        "failed to satisfy constraint: Member must have value less than or equal to 185"
    ) == found.message
    found = refusal(asking.create, name="n" * 65)
    assert (
        f"1 validation error detected: Value '{'n' * 65}' at 'name' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    ) == found.message


def test_the_role_must_be_there_and_trust_the_scheduler(asking: Asking) -> None:
    expected = invalid(
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    )
    role = f"arn:aws:iam::{asking.account}:role/none"
    assert expected == refusal(asking.create, target={"RoleArn": role})
    foreign = "arn:aws:iam::999999999999:role/clock"
    assert expected == refusal(asking.create, target={"RoleArn": foreign})


def test_lists_by_group_prefix_and_state(asking: Asking) -> None:
    asking.client.create_schedule_group(Name="g")
    for name in ("b", "a1", "a2"):
        asking.create(name)
    asking.create("a3", GroupName="g", State="DISABLED")
    assert ["a1", "a2", "b", "a3"] == asking.names()
    assert ["a1", "a2", "b"] == asking.names(GroupName="default")
    assert ["a3"] == asking.names(GroupName="g")
    assert ["a1", "a2", "a3"] == asking.names(NamePrefix="a")
    assert ["a1", "a2"] == asking.names(NamePrefix="a", GroupName="default")
    assert ["a3"] == asking.names(State="DISABLED")
    [summary] = asking.client.list_schedules(State="DISABLED")["Schedules"]
    assert {"Arn": asking.arn("q", "sqs")} == summary["Target"]


def test_lists_in_pages(asking: Asking) -> None:
    for number in range(7):
        asking.create(f"s{number}")
    first = asking.client.list_schedules(MaxResults=3)
    pages = asking.client.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 3})
    found = [schedule["Name"] for page in pages for schedule in page["Schedules"]]
    assert (3, [f"s{number}" for number in range(7)]) == (len(first["Schedules"]), found)
    found = refusal(asking.client.list_schedules, NextToken="?")
    assert invalid("Invalid NextToken provided.") == found
    found = refusal(asking.client.list_schedules, GroupName="none")
    assert "ResourceNotFoundException" == found.code
