"""Schedule groups and their tags by boto3."""

from __future__ import annotations

from typing import Any

from e2e.scheduler.asking import Asking
from support.refusals import Refusal, refusal


def names(asking: Asking, **asked: Any) -> list[str]:
    answer = asking.client.list_schedule_groups(**asked)
    return [group["Name"] for group in answer["ScheduleGroups"]]


def missing(name: str) -> Refusal:
    message = f"Schedule group {name} does not exist."
    return Refusal("ResourceNotFoundException", message, 404)


def test_a_group_is_made_and_shown(asking: Asking) -> None:
    made = asking.client.create_schedule_group(Name="g")
    found = asking.client.get_schedule_group(Name="g")
    arn = asking.arn("schedule-group/g")
    assert (arn, arn, "g", "ACTIVE", asking.now) == (
        made["ScheduleGroupArn"], found["Arn"], found["Name"], found["State"],
        found["CreationDate"].replace(microsecond=0),
    )  # fmt: skip


def test_the_default_group_is_always_there(asking: Asking) -> None:
    assert "ACTIVE" == asking.client.get_schedule_group(Name="default")["State"]
    assert ["default"] == names(asking)
    words = "This operation cannot be performed on schedule group default."
    expected = Refusal("ValidationException", words, 400)
    assert expected == refusal(asking.client.delete_schedule_group, Name="default")
    assert expected == refusal(asking.client.create_schedule_group, Name="default")


def test_a_name_is_taken_once(asking: Asking) -> None:
    asking.client.create_schedule_group(Name="g", ClientToken="t")
    asking.client.create_schedule_group(Name="g", ClientToken="t")
    found = refusal(asking.client.create_schedule_group, Name="g", ClientToken="u")
    assert Refusal("ConflictException", "Schedule group g already exists.", 409) == found


def test_a_group_that_is_not_there(asking: Asking) -> None:
    assert missing("g") == refusal(asking.client.get_schedule_group, Name="g")
    assert missing("g") == refusal(asking.client.delete_schedule_group, Name="g")


def test_groups_are_listed_in_pages_by_prefix(asking: Asking) -> None:
    for number in range(4):
        asking.client.create_schedule_group(Name=f"g{number}")
    assert ["default", "g0", "g1", "g2", "g3"] == names(asking)
    assert ["g0", "g1", "g2", "g3"] == names(asking, NamePrefix="g")
    first = asking.client.list_schedule_groups(MaxResults=2)
    rest = names(asking, NextToken=first["NextToken"])
    assert ["g1", "g2", "g3"] == rest


def test_a_group_goes_with_all_its_schedules(asking: Asking) -> None:
    asking.client.create_schedule_group(Name="g", Tags=[{"Key": "k", "Value": "v"}])
    asking.create("stays")
    for number in range(230):
        asking.create(f"s{number}", GroupName="g", target={"Input": "gone"})
    asking.client.delete_schedule_group(Name="g")
    asking.pileus.advance(0)
    assert missing("g") == refusal(asking.client.get_schedule_group, Name="g")
    assert ["stays"] == asking.names()
    asking.pileus.advance(3600)
    assert ["ring"] == asking.bodies()
    asking.client.create_schedule_group(Name="g")
    arn = asking.arn("schedule-group/g")
    assert [] == asking.client.list_tags_for_resource(ResourceArn=arn)["Tags"]


def test_the_number_of_groups_is_limited(asking: Asking) -> None:
    for number in range(500):
        asking.client.create_schedule_group(Name=f"g{number}")
    found = refusal(asking.client.create_schedule_group, Name="one-more")
    assert ("ServiceQuotaExceededException", 402) == (found.code, found.status)


def test_tags_are_put_listed_and_taken_away(asking: Asking) -> None:
    asking.client.create_schedule_group(Name="g", Tags=[{"Key": "a", "Value": "1"}])
    arn = asking.arn("schedule-group/g")
    asking.client.tag_resource(
        ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    )
    found = asking.client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}] == found
    asking.client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    found = asking.client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert [{"Key": "b", "Value": "3"}] == found


def test_bad_tags_are_refused(asking: Asking) -> None:
    client, arn = asking.client, asking.arn("schedule-group/g")
    assert missing("g") == refusal(client.list_tags_for_resource, ResourceArn=arn)
    assert missing("g") == refusal(client.untag_resource, ResourceArn=arn, TagKeys=["a"])
    client.create_schedule_group(Name="g")
    for key in ("aws:x", "a\nb<"):
        found = refusal(client.tag_resource, ResourceArn=arn, Tags=[{"Key": key, "Value": "v"}])
        assert "ValidationException" == found.code
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
    found = refusal(client.tag_resource, ResourceArn=arn, Tags=many)
    assert Refusal("ValidationException", "A resource can have at most 50 tags.", 400) == found


def test_the_groups_of_others_are_not_there(asking: Asking) -> None:
    arn = "arn:aws:scheduler:us-east-1:999999999999:schedule-group/default"
    assert missing("default") == refusal(asking.client.list_tags_for_resource, ResourceArn=arn)
