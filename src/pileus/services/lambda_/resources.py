"""CloudFormation's types of this service: data over operation names."""

from __future__ import annotations

from typing import Any

from pileus.kernel.resource_types import ResourceType, Step

FUNCTION: dict[str, Any] = {
    "type": "AWS::Lambda::Function",
    "create": "CreateFunction",
    "read": "GetFunction",
    "update": ("UpdateFunctionConfiguration", "UpdateFunctionCode"),
    "delete": "DeleteFunction",
    "identifier": "FunctionName",
    "attributes": {"Arn": "Configuration.FunctionArn"},
}
_MAPPING = {"UUID": "attribute.Id"}
_MAPPING_SETTINGS = {
    "KMSKeyArn": "KmsKeyArn",
    **{
        name: name
        for name in (
            "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled",
            "FilterCriteria", "FunctionName", "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts", "MetricsConfig", "ParallelizationFactor",
            "ProvisionedPollerConfig", "ScalingConfig", "SourceAccessConfigurations",
            "TumblingWindowInSeconds",
        )
    },
}  # fmt: skip
_MAPPING_SOURCE = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
EVENT_SOURCE_MAPPING = ResourceType(
    name="AWS::Lambda::EventSourceMapping",
    create=(
        Step(
            "CreateEventSourceMapping",
            {**_MAPPING_SETTINGS, **{name: name for name in _MAPPING_SOURCE}},
        ),
    ),
    update=(Step("UpdateEventSourceMapping", {**_MAPPING_SETTINGS, **_MAPPING}),),
    delete=(Step("DeleteEventSourceMapping", _MAPPING),),
    read=Step("GetEventSourceMapping", _MAPPING),
    reference="UUID",
    attributes={"Id": "UUID", "EventSourceMappingArn": "EventSourceMappingArn"},
    replacing=_MAPPING_SOURCE,
)
PERMISSION: dict[str, Any] = {
    "type": "AWS::Lambda::Permission",
    "create": "AddPermission",
    "read": "GetPolicy",
    "update": (),
    "delete": "RemovePermission",
    "identifier": "StatementId",
    "attributes": {},
}
EVENT_INVOKE_CONFIG: dict[str, Any] = {
    "type": "AWS::Lambda::EventInvokeConfig",
    "create": "PutFunctionEventInvokeConfig",
    "read": "GetFunctionEventInvokeConfig",
    "update": ("PutFunctionEventInvokeConfig",),
    "delete": "DeleteFunctionEventInvokeConfig",
    "identifier": "FunctionName",
    "attributes": {},
}
LAYER_VERSION: dict[str, Any] = {
    "type": "AWS::Lambda::LayerVersion",
    "create": "PublishLayerVersion",
    "read": "GetLayerVersionByArn",
    "update": (),
    "delete": "DeleteLayerVersion",
    "identifier": "LayerVersionArn",
    "attributes": {"LayerVersionArn": "LayerVersionArn"},
}
LAYER_VERSION_PERMISSION: dict[str, Any] = {
    "type": "AWS::Lambda::LayerVersionPermission",
    "create": "AddLayerVersionPermission",
    "read": "GetLayerVersionPolicy",
    "update": (),
    "delete": "RemoveLayerVersionPermission",
    "identifier": "StatementId",
    "attributes": {},
}
URL: dict[str, Any] = {
    "type": "AWS::Lambda::Url",
    "create": "CreateFunctionUrlConfig",
    "read": "GetFunctionUrlConfig",
    "update": ("UpdateFunctionUrlConfig",),
    "delete": "DeleteFunctionUrlConfig",
    "identifier": "FunctionArn",
    "attributes": {"FunctionArn": "FunctionArn", "FunctionUrl": "FunctionUrl"},
}
VERSION: dict[str, Any] = {
    "type": "AWS::Lambda::Version",
    "create": "PublishVersion",
    "read": "GetFunctionConfiguration",
    "update": (),
    "delete": "DeleteFunction",
    "identifier": "FunctionArn",
    "attributes": {"FunctionArn": "FunctionArn", "Version": "Version"},
}
ALIAS: dict[str, Any] = {
    "type": "AWS::Lambda::Alias",
    "create": "CreateAlias",
    "read": "GetAlias",
    "update": ("UpdateAlias",),
    "delete": "DeleteAlias",
    "identifier": "AliasArn",
    "attributes": {"AliasArn": "AliasArn"},
}
CODE_SIGNING_CONFIG: dict[str, Any] = {
    "type": "AWS::Lambda::CodeSigningConfig",
    "create": "CreateCodeSigningConfig",
    "read": "GetCodeSigningConfig",
    "update": ("UpdateCodeSigningConfig",),
    "delete": "DeleteCodeSigningConfig",
    "identifier": "CodeSigningConfig.CodeSigningConfigArn",
    "attributes": {
        "CodeSigningConfigArn": "CodeSigningConfig.CodeSigningConfigArn",
        "CodeSigningConfigId": "CodeSigningConfig.CodeSigningConfigId",
    },
}
CAPACITY_PROVIDER: dict[str, Any] = {
    "type": "AWS::Lambda::CapacityProvider",
    "create": "CreateCapacityProvider",
    "read": "GetCapacityProvider",
    "update": ("UpdateCapacityProvider",),
    "delete": "DeleteCapacityProvider",
    "identifier": "CapacityProviderName",
    "attributes": {
        "Arn": "CapacityProvider.CapacityProviderArn",
        "State": "CapacityProvider.State",
    },
}
