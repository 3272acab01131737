"""Refusals of Lambda that AWS has been recorded to answer: code, status and wording."""

from __future__ import annotations

import pytest

from pileus.services.lambda_.functions import runtimes
from support.lambdas import RunningLambda
from support.recorded_errors import (
    ACCOUNT,
    QUEUE,
    VALIDATION,
    Recorded,
    World,
    alias,
    conflict,
    create,
    invalid,
    mapping,
    missing,
    permission,
    provisioned,
    recorded,
    violated,
    weights,
)
from support.refusals import Refusal, refusal

STALE = (
    "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve "
    "the latest Revision Id"
)
LARGE = "x" * 4096
ALIAS_PATTERN = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
FUNCTION_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
WEIGHT = (
    "[Member must have value less than or equal to 1.0, Member must have value greater than or "
    "equal to 0.0, Member must not be null]"
)
RUNTIME = (
    "Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
    f"[{', '.join(runtimes.CURRENT)}] or be a valid ARN"
)
TOO_LARGE = (
    "Lambda was unable to configure your environment variables because the environment variables "
    "you have provided exceeded the 4KB limit. String measured: {}"
)
TWICE = (
    "Two different versions of the same layer are not allowed to be referenced in the same "
    "function. {} and {} are versions of the same layer."
)

FUNCTIONS = [
    invalid(
        f"1 validation error detected: Value '{'a' * 65}' at 'functionName' failed to satisfy "
        "constraint: Member must have length less than or equal to 64",
        "create_function", **create(FunctionName="a" * 65),
    ),
    invalid(RUNTIME.format("PYTHON3.9"), "create_function", **create(Runtime="PYTHON3.9")),
    invalid(
        RUNTIME.format("non-existent-runtime"), "update_function_configuration",
        FunctionName="one", Runtime="non-existent-runtime",
    ),
    invalid(
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        "create_function", **create(Code={"ZipFile": b"no zip"}),
    ),
    invalid(
        TOO_LARGE.format(f'{{"LARGE_VAR":"{LARGE}"}}'),
        "create_function", **create(Environment={"Variables": {"LARGE_VAR": LARGE}}),
    ),
    invalid(
        TOO_LARGE.format(f'{{"SMALL_VAR":"ok","LARGE_VAR":"{LARGE}"}}'),
        "update_function_configuration", FunctionName="one",
        Environment={"Variables": {"SMALL_VAR": "ok", "LARGE_VAR": LARGE}},
    ),
    invalid(
        "Please don't provide ImageUri when updating a function with packageType Zip.",
        "update_function_code", FunctionName="one", ImageUri="image",
    ),
    invalid(
        "$LATEST version cannot be deleted without deleting the function.",
        "delete_function", FunctionName="one", Qualifier="$LATEST",
    ),
    invalid(
        "The derived qualifier from the function name does not match the specified qualifier.",
        "get_function", FunctionName="one:1", Qualifier="2",
    ),
    invalid(
        "CodeSHA256 (somenonexistentsha256) is different from current CodeSHA256 in $LATEST "
        "(<sha>). Please try again with the CodeSHA256 in $LATEST.",
        "publish_version", FunctionName="one", CodeSha256="somenonexistentsha256",
    ),
    recorded(
        "PreconditionFailedException", 412, STALE.format("GetFunction/GetAlias"),
        "publish_version", FunctionName="one", RevisionId="wrong",
    ),
    missing(
        "Functions from 'ap-southeast-1' are not reachable in this region ('us-east-1')",
        "get_function",
        FunctionName=f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:one",
    ),
    missing("Function not found: ~none", "get_function", FunctionName="none"),
    missing("Function not found: ~one:1221", "get_function", FunctionName="one", Qualifier="1221"),
    missing("Function not found: ~none", "delete_function", FunctionName="none"),
    missing("Function not found: ~none:$LATEST", "invoke", FunctionName="none:$LATEST"),
    missing("Function not found: ~one:10", "invoke", FunctionName="one", Qualifier="10"),
    missing("Function not found: ~none", "get_function_configuration", FunctionName="none"),
    missing("Function not found: ~none", "publish_version", FunctionName="none"),
    missing("Function not found: ~none", "list_versions_by_function", FunctionName="none"),
    missing("Function not found: ~none", "get_function_recursion_config", FunctionName="none"),
    violated(
        "'r1'", "role",
        r"must satisfy regular expression pattern: "
        r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        "create_function", **create(Role="r1"),
    ),
    violated(
        "'[X86_64]'", "architectures",
        "must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member "
        "must not be null]",
        "create_function", **create(Architectures=["X86_64"]),
    ),
    violated(
        "'[x86_64, arm64]'", "architectures", "must have length less than or equal to 1",
        "create_function", **create(Architectures=["x86_64", "arm64"]),
    ),
    violated(
        "'invalidOption'", "snapStart.applyOn",
        "must satisfy enum value set: [PublishedVersions, None]",
        "create_function", **create(SnapStart={"ApplyOn": "invalidOption"}),
    ),
    violated(
        "'[wrong]'", "vpcConfig.securityGroupIds",
        "must satisfy constraint: [Member must have length less than or equal to 1024, Member must "
        "have length greater than or equal to 0, Member must satisfy regular expression pattern: "
        "sg-[0-9a-zA-Z]*]",
        "create_function",
        **create(VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["wrong"]}),
    ),
    violated(
        "'[wrong]'", "vpcConfig.subnetIds",
        "must satisfy constraint: [Member must have length less than or equal to 1024, Member must "
        "have length greater than or equal to 0, Member must satisfy regular expression pattern: "
        "subnet-[0-9a-z]*]",
        "create_function",
        **create(VpcConfig={"SubnetIds": ["wrong"], "SecurityGroupIds": ["sg-1"]}),
    ),
    violated(
        f"'arn:aws:lambda:us-east-1:{ACCOUNT}@function:myfn'", "functionName",
        f"must satisfy regular expression pattern: {FUNCTION_PATTERN}",
        "get_function", FunctionName=f"arn:aws:lambda:us-east-1:{ACCOUNT}@function:myfn",
    ),
    violated(
        "'invalid-qualifier-with-?-char'", "qualifier",
        r"must satisfy regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
        "get_function", FunctionName="one", Qualifier="invalid-qualifier-with-?-char",
    ),
    violated(
        "'invalid'", "functionVersion", "must satisfy enum value set: [ALL]",
        "list_functions", FunctionVersion="invalid",
    ),
    violated(
        "'InvalidValue'", "recursiveLoop", "must satisfy enum value set: [Terminate, Allow]",
        "put_function_recursion_config", FunctionName="one", RecursiveLoop="InvalidValue",
    ),
]  # fmt: skip

ALIASES = [
    conflict("Alias already exists: ~one:live", "create_alias", **alias(Name="live")),
    invalid(
        "$LATEST is not supported for an alias pointing to more than 1 version",
        "create_alias", **alias(FunctionVersion="$LATEST", RoutingConfig=weights("1", 0.5)),
    ),
    invalid(
        "Invalid function version 1. Function version 1 is already included in routing "
        "configuration.",
        "create_alias", **alias(RoutingConfig=weights("1", 0.5)),
    ),
    invalid(
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
        "create_alias",
        **alias(RoutingConfig={"AdditionalVersionWeights": {"1": 0.2, "2": 0.2}}),
    ),
    recorded(
        "PreconditionFailedException", 412, STALE.format("GetFunction/GetAlias"),
        "update_alias", FunctionName="one", Name="live", RevisionId="wrong",
    ),
    missing(
        "Function not found: ~one:10", "create_alias", **alias(FunctionVersion="10"),
    ),
    missing("Function not found: ~none", "create_alias", **alias(FunctionName="none")),
    missing("Alias not found: ~one:none", "update_alias", FunctionName="one", Name="none"),
    missing("Cannot find alias arn: ~one:none", "get_alias", FunctionName="one", Name="none"),
    missing("Cannot find alias arn: ~none:none", "get_alias", FunctionName="none", Name="none"),
    violated(
        "'2024'", "name",
        "must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        "create_alias", **alias(Name="2024"),
    ),
    recorded(
        VALIDATION, 400,
        "1 validation error detected: Value '{$LATEST=0.5}' at "
        "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must "
        "satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
        "length greater than or equal to 1, Member must satisfy regular expression pattern: "
        "[0-9]+]",
        "create_alias", **alias(RoutingConfig=weights("$LATEST", 0.5)),
    ),
    *(
        recorded(
            VALIDATION, 400,
            f"1 validation error detected: Value '{{2={weight}}}' at "
            "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must "
            f"satisfy constraint: {WEIGHT}",
            "create_alias", **alias(RoutingConfig=weights("2", weight)),
        )
        for weight in (-1.0, 2.0)
    ),
]  # fmt: skip

CONCURRENCY = [
    invalid(
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned "
        "concurrency [2].",
        "put_function_concurrency", FunctionName="kept", ReservedConcurrentExecutions=1,
    ),
    invalid(
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100].",
        "put_function_concurrency", FunctionName="one", ReservedConcurrentExecutions=950,
    ),
    invalid(
        "Specified ConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100].",
        "put_provisioned_concurrency_config", **provisioned("one", "1", 950),
    ),
    invalid(
        "Specified ConcurrentExecutions for function is greater than account's unreserved "
        "concurrency [992].",
        "put_provisioned_concurrency_config", **provisioned("one", "1", 2000),
    ),
    invalid(
        "Requested Provisioned Concurrency should not be greater than the "
        "reservedConcurrentExecution for function",
        "put_provisioned_concurrency_config", **provisioned("reserved", "1", 6),
    ),
    invalid(
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        "put_provisioned_concurrency_config", **provisioned("one", "$LATEST", 1),
    ),
    invalid(
        "The function resource provided must be an alias or a published version.",
        "get_provisioned_concurrency_config", FunctionName="one", Qualifier="$LATEST",
    ),
    recorded(
        "ProvisionedConcurrencyConfigNotFoundException", 404,
        "No Provisioned Concurrency Config found for this function",
        "get_provisioned_concurrency_config", FunctionName="one", Qualifier="1",
    ),
    missing(
        "Cannot find alias arn: ~one:noalias",
        "put_provisioned_concurrency_config", **provisioned("one", "noalias", 1),
    ),
    missing(
        "Function not found: ~one:10",
        "put_provisioned_concurrency_config", **provisioned("one", "10", 1),
    ),
    conflict(
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
        "version",
        "put_provisioned_concurrency_config", **provisioned("kept", "live", 1),
    ),
    conflict(
        "Version is pointed by a Provisioned Concurrency alias",
        "put_provisioned_concurrency_config", **provisioned("aliased", "1", 1),
    ),
    violated(
        "'0'", "provisionedConcurrentExecutions", "must have value greater than or equal to 1",
        "put_provisioned_concurrency_config", **provisioned("one", "1", 0),
    ),
    recorded(
        "TooManyRequestsException", 429, "Rate Exceeded.", "invoke", FunctionName="throttled"
    ),
]  # fmt: skip

LAYERS = [
    invalid(
        "Cannot reference more than 5 layers.",
        "create_function", **create(Layers=[f"%layer-{number}:1" for number in range(6)]),
    ),
    invalid(
        "Layer Version Cannot be less than 1",
        "get_layer_version", LayerName="layer", VersionNumber=0,
    ),
    invalid(
        "Layer version %none:1 does not exist.", "create_function", **create(Layers=["%none:1"])
    ),
    invalid(
        "Layer version %layer:9 does not exist.",
        "update_function_configuration", FunctionName="one", Layers=["%layer:9"],
    ),
    invalid(
        "Layers are not in the same region as the function. Layers are expected to be in region "
        "us-east-1.",
        "create_function",
        **create(Layers=[f"arn:aws:lambda:us-west-2:{ACCOUNT}:layer:layer:1"]),
    ),
    *(
        invalid(
            TWICE.format("%layer:1", second), "create_function",
            **create(Layers=["%layer:1", second]),
        )
        for second in ("%layer:1", "%layer:2")
    ),
    missing(
        "Layer version %layer:3 does not exist.",
        "get_layer_version", LayerName="layer", VersionNumber=3,
    ),
    missing(
        "No policy is associated with the given resource.",
        "get_layer_version_policy", LayerName="layer", VersionNumber=2,
    ),
    missing(
        "Statement doesnotexist is not found in resource policy.",
        "remove_layer_version_permission", LayerName="layer", VersionNumber=1,
        StatementId="doesnotexist",
    ),
    conflict(
        "The statement id (s1) provided already exists. Please provide a new statement id, or "
        "remove the existing statement.",
        "add_layer_version_permission", LayerName="layer", VersionNumber=1, StatementId="s1",
        Action="lambda:GetLayerVersion", Principal="*",
    ),
    recorded(
        "PreconditionFailedException", 412, STALE.format("GetLayerPolicy"),
        "add_layer_version_permission", LayerName="layer", VersionNumber=1, StatementId="s2",
        Action="lambda:GetLayerVersion", Principal="*", RevisionId="wrong",
    ),
    violated(
        "'*'", "action", "must satisfy regular expression pattern: lambda:GetLayerVersion",
        "add_layer_version_permission", LayerName="layer", VersionNumber=1, StatementId="s2",
        Action="*", Principal="*",
    ),
    violated(
        "'archdoesnotexist'", "compatibleArchitecture",
        "must satisfy enum value set: [x86_64, arm64]",
        "list_layers", CompatibleArchitecture="archdoesnotexist",
    ),
]  # fmt: skip

EVENTS = [
    invalid(
        "You can't specify the function as a destination for itself.",
        "put_function_event_invoke_config", FunctionName="one",
        DestinationConfig={"OnSuccess": {"Destination": "~one"}},
    ),
    invalid(
        "You must specify at least one of error handling or destination setting.",
        "put_function_event_invoke_config", FunctionName="one",
    ),
    invalid(
        "The destination ARN ~none is invalid.",
        "put_function_event_invoke_config", FunctionName="one",
        DestinationConfig={"OnFailure": {"Destination": "~none"}},
    ),
    invalid(
        "The provided destination config DestinationConfig(onSuccess=OnSuccess("
        f"destination=arn:aws:iam:us-east-1:{ACCOUNT}:function:one), onFailure=null) is invalid.",
        "put_function_event_invoke_config", FunctionName="one",
        DestinationConfig={
            "OnSuccess": {"Destination": f"arn:aws:iam:us-east-1:{ACCOUNT}:function:one"}
        },
    ),
    missing(
        "The function doesn't exist.",
        "put_function_event_invoke_config", FunctionName="none", MaximumRetryAttempts=1,
    ),
    *(
        missing(
            f"The function ~{named} doesn't have an EventInvokeConfig",
            "get_function_event_invoke_config", FunctionName=named.partition(":")[0],
            **({"Qualifier": qualifier} if qualifier else {}),
        )
        for named, qualifier in (
            ("one:$LATEST", ""), ("one:1", "1"), ("one:1221", "1221"), ("one:none", "none"),
            ("none:$LATEST", ""),
        )
    ),
    invalid("Unrecognized event source.", "create_event_source_mapping",
            **mapping(EventSourceArn=f"arn:aws:iam:us-east-1:{ACCOUNT}:thing")),
    invalid(
        "Function does not exist", "create_event_source_mapping", **mapping(FunctionName="none")
    ),
    invalid(
        "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
        "exist.",
        "create_event_source_mapping", **mapping(EventSourceArn=f"{QUEUE}none"),
    ),
    invalid(
        "Invalid filter pattern definition.", "create_event_source_mapping",
        **mapping(FilterCriteria={"Filters": [{"Pattern": "no pattern"}]}),
    ),
    invalid(
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
        "than 10",
        "create_event_source_mapping", **mapping(BatchSize=11),
    ),
    invalid(
        "Unsupported DestinationConfig parameter for given event source mapping type.",
        "create_event_source_mapping",
        **mapping(DestinationConfig={"OnFailure": {"Destination": f"{QUEUE}dead"}}),
    ),
    conflict(
        f'An event source mapping with SQS arn (" {QUEUE}queue ") and function (" one ") already '
        "exists. Please update or delete the existing mapping with UUID <uuid>",
        "create_event_source_mapping", **mapping(EventSourceArn=f"{QUEUE}queue"),
    ),
    missing(
        "The resource you requested does not exist.", "get_event_source_mapping",
        UUID="12345678-1234-1234-1234-123456789012",
    ),
    violated(
        "'invalid'", "startingPosition",
        "must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        "create_event_source_mapping", **mapping(StartingPosition="invalid"),
    ),
]  # fmt: skip

OTHERS = [
    invalid(
        "We currently do not support adding policies for $LATEST.",
        "add_permission", **permission(Qualifier="$LATEST"),
    ),
    invalid(
        "The provided principal was invalid. Please check the principal and try again.",
        "add_permission", **permission(Principal="invalid.nonaws.com"),
    ),
    conflict(
        "The statement id (s1) provided already exists. Please provide a new statement id, or "
        "remove the existing statement.",
        "add_permission", **permission(StatementId="s1"),
    ),
    recorded(
        "PreconditionFailedException", 412, STALE.format("GetPolicy"),
        "add_permission", **permission(RevisionId="wrong"),
    ),
    missing("The resource you requested does not exist.", "get_policy", FunctionName="kept"),
    missing(
        "Statement non-existent is not found in resource policy.",
        "remove_permission", FunctionName="one", StatementId="non-existent",
    ),
    missing(
        "No policy is associated with the given resource.",
        "remove_permission", FunctionName="kept", StatementId="s1",
    ),
    missing(
        "No policy found for: ~doesnotexist",
        "remove_permission", FunctionName="doesnotexist", StatementId="s1",
    ),
    violated(
        "'example.com'", "statementId",
        "must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
        "add_permission", **permission(StatementId="example.com"),
    ),
    invalid(
        "Number of tags exceeds resource tag limit.",
        "tag_resource", Resource="~one", Tags={f"k{number}": "v" for number in range(51)},
    ),
    invalid(
        "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        "tag_resource", Resource="~one:1", Tags={"a": "b"},
    ),
    missing("Function not found: ~none", "list_tags", Resource="~none"),
    missing(
        "Event source mapping not found: "
        "&event-source-mapping:12345678-1234-1234-1234-123456789012",
        "list_tags", Resource="&event-source-mapping:12345678-1234-1234-1234-123456789012",
    ),
    missing(
        "Capacity provider not found: &capacity-provider:none",
        "list_tags", Resource="&capacity-provider:none",
    ),
    conflict(
        "Failed to create function url config for [functionArn = ~one]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function",
        "create_function_url_config", FunctionName="one", AuthType="NONE",
    ),
    missing(
        "The resource you requested does not exist.",
        "get_function_url_config", FunctionName="kept",
    ),
    missing("Function not found: ~none", "create_function_url_config", FunctionName="none",
            AuthType="NONE"),
    *(
        violated(
            f"'{qualifier}'", "qualifier",
            f"must satisfy regular expression pattern: {ALIAS_PATTERN}",
            "create_function_url_config", FunctionName="one", AuthType="NONE", Qualifier=qualifier,
        )
        for qualifier in ("$LATEST", "1")
    ),
    violated(
        "'UNKNOWN'", "invokeMode", "must satisfy enum value set: [RESPONSE_STREAM, BUFFERED]",
        "create_function_url_config", FunctionName="kept", AuthType="NONE", InvokeMode="UNKNOWN",
    ),
    recorded(
        "CodeSigningConfigNotFoundException", 404,
        "The code signing configuration cannot be found. Check that the provided configuration is "
        "not deleted: &code-signing-config:csc-00000000000000000.",
        "put_function_code_signing_config", FunctionName="one",
        CodeSigningConfigArn="&code-signing-config:csc-00000000000000000",
    ),
    missing(
        "The Lambda code signing configuration &code-signing-config:csc-00000000000000000 can not "
        "be found.",
        "get_code_signing_config",
        CodeSigningConfigArn="&code-signing-config:csc-00000000000000000",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(pileus: RunningLambda) -> World:
    return World(pileus)


def name_of(row: object) -> str:
    assert isinstance(row, Recorded)
    return f"{row.operation}-{row.code}-{row.message[-40:]}"


@pytest.mark.parametrize(
    "row", [*FUNCTIONS, *ALIASES, *CONCURRENCY, *LAYERS, *EVENTS, *OTHERS], ids=name_of
)
def test_a_refusal_is_as_it_was_recorded(world: World, row: Recorded) -> None:
    found = refusal(getattr(world.client, row.operation), **world.said(row.members))
    assert Refusal(row.code, world.said(row.message), row.status) == found
