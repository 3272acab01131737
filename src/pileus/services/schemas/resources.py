"""CloudFormation's resource types of EventBridge Schemas."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_REGISTRY = {"RegistryName": "RegistryName", "Description": "Description"}

REGISTRY = ResourceType(
    name="AWS::EventSchemas::Registry",
    create=(Step("CreateRegistry", {**_REGISTRY, "Tags": "Tags"}),),
    update=(Step("UpdateRegistry", _REGISTRY),),
    delete=(Step("DeleteRegistry", {"RegistryName": "RegistryName"}),),
    read=Step("DescribeRegistry", {"RegistryName": "RegistryName"}),
    reference="RegistryArn",
    attributes={"RegistryArn": "RegistryArn", "RegistryName": "RegistryName"},
    replacing=("RegistryName",),
)

_ITS_SCHEMA = {"RegistryName": "RegistryName", "SchemaName": "SchemaName"}
_SCHEMA = {**_ITS_SCHEMA, "Content": "Content", "Description": "Description", "Type": "Type"}

SCHEMA = ResourceType(
    name="AWS::EventSchemas::Schema",
    create=(Step("CreateSchema", {**_SCHEMA, "Tags": "Tags"}),),
    update=(Step("UpdateSchema", _SCHEMA),),
    delete=(Step("DeleteSchema", _ITS_SCHEMA),),
    read=Step("DescribeSchema", _ITS_SCHEMA),
    reference="SchemaArn",
    attributes={
        "SchemaArn": "SchemaArn",
        "SchemaName": "SchemaName",
        "SchemaVersion": "SchemaVersion",
        "LastModified": "LastModified",
        "VersionCreatedDate": "VersionCreatedDate",
    },
    replacing=("RegistryName", "SchemaName"),
)

_POLICY = Step(
    "PutResourcePolicy",
    {"RegistryName": "RegistryName", "Policy": "Policy", "RevisionId": "RevisionId"},
)

REGISTRY_POLICY = ResourceType(
    name="AWS::EventSchemas::RegistryPolicy",
    create=(_POLICY,),
    update=(_POLICY,),
    delete=(Step("DeleteResourcePolicy", {"RegistryName": "RegistryName"}),),
    read=Step("GetResourcePolicy", {"RegistryName": "RegistryName"}),
    reference="RevisionId",
    replacing=("RegistryName",),
)

_DISCOVERER = {"Description": "Description", "CrossAccount": "CrossAccount"}

DISCOVERER = ResourceType(
    name="AWS::EventSchemas::Discoverer",
    create=(Step("CreateDiscoverer", {**_DISCOVERER, "SourceArn": "SourceArn", "Tags": "Tags"}),),
    update=(Step("UpdateDiscoverer", {**_DISCOVERER, "DiscovererId": "DiscovererId"}),),
    delete=(Step("DeleteDiscoverer", {"DiscovererId": "DiscovererId"}),),
    read=Step("DescribeDiscoverer", {"DiscovererId": "DiscovererId"}),
    reference="DiscovererArn",
    attributes={
        "DiscovererArn": "DiscovererArn",
        "DiscovererId": "DiscovererId",
        "State": "State",
        "CrossAccount": "CrossAccount",
    },
    replacing=("SourceArn",),
)

RESOURCE_TYPES = (REGISTRY, SCHEMA, REGISTRY_POLICY, DISCOVERER)
