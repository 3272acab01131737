"""AWS::Scheduler::Schedule and AWS::Scheduler::ScheduleGroup for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_NAME = {"Name": "Name"}
_SCHEDULE = {"Name": "Name", "GroupName": "GroupName"}
_SETTINGS = {
    name: name
    for name in (
        "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name",
        "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State", "Target",
    )
}  # fmt: skip

SCHEDULE = ResourceType(
    name="AWS::Scheduler::Schedule",
    create=(Step("CreateSchedule", _SETTINGS),),
    update=(Step("UpdateSchedule", _SETTINGS),),
    delete=(Step("DeleteSchedule", _SCHEDULE),),
    read=Step("GetSchedule", _SCHEDULE),
    reference="Name",
    attributes={"Arn": "Arn"},
    replacing=("Name",),
)

SCHEDULE_GROUP = ResourceType(
    name="AWS::Scheduler::ScheduleGroup",
    create=(Step("CreateScheduleGroup", {"Name": "Name", "Tags": "Tags"}),),
    delete=(Step("DeleteScheduleGroup", _NAME),),
    read=Step("GetScheduleGroup", _NAME),
    reference="Name",
    attributes={
        "Arn": "Arn",
        "State": "State",
        "CreationDate": "CreationDate",
        "LastModificationDate": "LastModificationDate",
    },
    replacing=("Name",),
)
