"""EventBridge's resource types for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_BUS_SETTINGS = {
    "Name": "Name",
    "Description": "Description",
    "KmsKeyIdentifier": "KmsKeyIdentifier",
    "DeadLetterConfig": "DeadLetterConfig",
    "LogConfig": "LogConfig",
}

EVENT_BUS = ResourceType(
    name="AWS::Events::EventBus",
    create=(
        Step(
            "CreateEventBus",
            {**_BUS_SETTINGS, "EventSourceName": "EventSourceName", "Tags": "Tags"},
        ),
        Step("PutPermission", {"EventBusName": "Name", "Policy": "Policy"}, needs="Policy"),
    ),
    update=(
        Step("UpdateEventBus", _BUS_SETTINGS),
        Step("PutPermission", {"EventBusName": "Name", "Policy": "Policy"}, needs="Policy"),
    ),
    delete=(Step("DeleteEventBus", {"Name": "Name"}),),
    read=Step("DescribeEventBus", {"Name": "Name"}),
    reference="Name",
    attributes={"Arn": "Arn", "Name": "Name", "Policy": "Policy"},
    replacing=("Name", "EventSourceName"),
)

_STATEMENT = {
    "EventBusName": "EventBusName",
    "StatementId": "StatementId",
    "Action": "Action",
    "Principal": "Principal",
    "Condition": "Condition",
    "Policy": "Statement",
}

EVENT_BUS_POLICY = ResourceType(
    name="AWS::Events::EventBusPolicy",
    create=(Step("PutPermission", _STATEMENT),),
    update=(Step("PutPermission", _STATEMENT),),
    delete=(
        Step("RemovePermission", {"EventBusName": "EventBusName", "StatementId": "StatementId"}),
    ),
    reference="StatementId",
    replacing=("EventBusName", "StatementId"),
)

_RULE = {
    "Name": "Name",
    "EventBusName": "EventBusName",
    "EventPattern": "EventPattern",
    "ScheduleExpression": "ScheduleExpression",
    "State": "State",
    "Description": "Description",
    "RoleArn": "RoleArn",
}
_TARGETS = Step(
    "PutTargets",
    {"Rule": "Name", "EventBusName": "EventBusName", "Targets": "Targets"},
    needs="Targets",
)
_ITS_BUS = {"Name": "Name", "EventBusName": "EventBusName"}

RULE = ResourceType(
    name="AWS::Events::Rule",
    create=(Step("PutRule", {**_RULE, "Tags": "Tags"}), _TARGETS),
    update=(Step("PutRule", _RULE), _TARGETS),
    delete=(
        Step(
            "RemoveTargets",
            {"Rule": "Name", "EventBusName": "EventBusName", "Ids": "item.Id"},
            each="Targets",
        ),
        Step("DeleteRule", _ITS_BUS),
    ),
    read=Step("DescribeRule", _ITS_BUS),
    reference="Name",
    attributes={"Arn": "Arn"},
    replacing=("Name", "EventBusName"),
)

_ARCHIVE = {
    "ArchiveName": "ArchiveName",
    "Description": "Description",
    "EventPattern": "EventPattern",
    "RetentionDays": "RetentionDays",
    "KmsKeyIdentifier": "KmsKeyIdentifier",
}

ARCHIVE = ResourceType(
    name="AWS::Events::Archive",
    create=(Step("CreateArchive", {**_ARCHIVE, "EventSourceArn": "SourceArn"}),),
    update=(Step("UpdateArchive", _ARCHIVE),),
    delete=(Step("DeleteArchive", {"ArchiveName": "ArchiveName"}),),
    read=Step("DescribeArchive", {"ArchiveName": "ArchiveName"}),
    reference="ArchiveName",
    attributes={"Arn": "ArchiveArn"},
    replacing=("ArchiveName", "SourceArn"),
)

_CONNECTION = {
    "Name": "Name",
    "Description": "Description",
    "AuthorizationType": "AuthorizationType",
    "AuthParameters": "AuthParameters",
    "KmsKeyIdentifier": "KmsKeyIdentifier",
}

CONNECTION = ResourceType(
    name="AWS::Events::Connection",
    create=(Step("CreateConnection", _CONNECTION),),
    update=(Step("UpdateConnection", _CONNECTION),),
    delete=(Step("DeleteConnection", {"Name": "Name"}),),
    read=Step("DescribeConnection", {"Name": "Name"}),
    reference="Name",
    attributes={"Arn": "ConnectionArn", "SecretArn": "SecretArn"},
    replacing=("Name",),
)

_API_DESTINATION = {
    "Name": "Name",
    "Description": "Description",
    "ConnectionArn": "ConnectionArn",
    "InvocationEndpoint": "InvocationEndpoint",
    "HttpMethod": "HttpMethod",
    "InvocationRateLimitPerSecond": "InvocationRateLimitPerSecond",
}

API_DESTINATION = ResourceType(
    name="AWS::Events::ApiDestination",
    create=(Step("CreateApiDestination", _API_DESTINATION),),
    update=(Step("UpdateApiDestination", _API_DESTINATION),),
    delete=(Step("DeleteApiDestination", {"Name": "Name"}),),
    read=Step("DescribeApiDestination", {"Name": "Name"}),
    reference="Name",
    attributes={"Arn": "ApiDestinationArn"},
    replacing=("Name",),
)

RESOURCE_TYPES = (EVENT_BUS, EVENT_BUS_POLICY, RULE, ARCHIVE, CONNECTION, API_DESTINATION)
