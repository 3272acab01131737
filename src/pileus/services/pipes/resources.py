"""AWS::Pipes::Pipe for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_NAME = {"Name": "Name"}
_CHANGEABLE = {
    name: name
    for name in (
        "Description", "DesiredState", "Enrichment", "EnrichmentParameters", "KmsKeyIdentifier",
        "LogConfiguration", "Name", "RoleArn", "SourceParameters", "Target", "TargetParameters",
    )
}  # fmt: skip

PIPE = ResourceType(
    name="AWS::Pipes::Pipe",
    create=(Step("CreatePipe", {**_CHANGEABLE, "Source": "Source", "Tags": "Tags"}),),
    update=(Step("UpdatePipe", _CHANGEABLE),),
    delete=(Step("DeletePipe", _NAME),),
    read=Step("DescribePipe", _NAME),
    reference="Name",
    attributes={
        "Arn": "Arn",
        "CurrentState": "CurrentState",
        "CreationTime": "CreationTime",
        "LastModifiedTime": "LastModifiedTime",
        "StateReason": "StateReason",
    },
    replacing=("Name", "Source"),
)
