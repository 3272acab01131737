"""The wordings are those of answers recorded from AWS."""

from typing import Any

import pytest

from pileus.aws_models import load, validate


def answer(service: str, operation_name: str, /, **params: Any) -> tuple[str, str]:
    operation = load.load(service).operation(operation_name)
    assert operation is not None
    violations = validate.validator(operation)(params)
    if not violations:
        return "", ""
    return validate.error_code(operation), validate.message(operation, violations)


def test_valid_parameters_violate_nothing() -> None:
    assert ("", "") == answer("kms", "GenerateRandom", NumberOfBytes=1024)
    assert ("", "") == answer("sts", "GetCallerIdentity")
    assert ("", "") == answer("sts", "AssumeRole", RoleArn="a" * 20, RoleSessionName="Session1")


def test_a_number_above_its_range() -> None:
    assert (
        "ValidationException",
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy "
        "constraint: Member must have value less than or equal to 1024",
    ) == answer("kms", "GenerateRandom", NumberOfBytes=1025)


def test_a_number_below_its_range() -> None:
    assert (
        "ValidationException",
        "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy "
        "constraint: Member must have value greater than or equal to 1",
    ) == answer("kms", "GenerateRandom", NumberOfBytes=0)


def test_a_missing_member_is_null() -> None:
    assert (
        "ValidationException",
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
        "Member must not be null",
    ) == answer(
        "lambda", "UntagResource", Resource="arn:aws:lambda:us-east-1:000000000000:function:f"
    )


def test_the_query_protocol_has_another_code() -> None:
    assert (
        "ValidationError",
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ) == answer("sts", "AssumeRole", RoleArn="a" * 20, RoleSessionName="Session1:2")


def test_logs_has_an_error_of_its_own_where_it_is_declared() -> None:
    assert (
        "InvalidParameterException",
        "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: "
        "Member must have value less than or equal to 10000",
    ) == answer("logs", "FilterLogEvents", limit=10001)


def test_an_enum_names_all_its_values() -> None:
    assert (
        "ValidationException",
        "1 validation error detected: Value 'HMAC' at 'macAlgorithm' failed to satisfy "
        "constraint: Member must satisfy enum value set: "
        "[HMAC_SHA_224, HMAC_SHA_256, HMAC_SHA_384, HMAC_SHA_512]",
    ) == answer("kms", "GenerateMac", Message=b"x", KeyId="k", MacAlgorithm="HMAC")


def test_elements_of_lists_are_numbered() -> None:
    assert (
        "ValidationException",
        "1 validation error detected: Value '!@#$' at 'targets.1.member.id' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    ) == answer("events", "PutTargets", Rule="r", Targets=[{"Id": "!@#$", "Arn": "arn"}])


def test_values_of_maps_are_named_by_their_keys() -> None:
    assert (
        "ValidationError",
        "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' "
        "failed to satisfy constraint: Member must not be null",
    ) == answer("sns", "Publish", Message="m", MessageAttributes={"attr1": {"StringValue": "s"}})


def test_lists_within_lists_keep_their_paths() -> None:
    entry = {"Id": "1", "Message": "m", "MessageAttributes": {"attr1": {"StringValue": "s"}}}
    code, text = answer("sns", "PublishBatch", TopicArn="t", PublishBatchRequestEntries=[entry])
    assert "ValidationError" == code
    assert "'publishBatchRequestEntries.1.member.messageAttributes.attr1.member.dataType'" in text


def test_a_lists_scalars_are_judged_together() -> None:
    code, text = answer("lambda", "PublishLayerVersion", LayerName="l", Content={},
                        CompatibleArchitectures=["X86_64"])  # fmt: skip
    assert (
        "ValidationException",
        "1 validation error detected: Value '[X86_64]' at 'compatibleArchitectures' failed to "
        "satisfy constraint: Member must satisfy constraint: "
        "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
    ) == (code, text)


def test_a_lists_scalars_are_judged_by_all_their_constraints() -> None:
    _, text = answer("lambda", "UpdateFunctionConfiguration", FunctionName="f",
                     VpcConfig={"SubnetIds": ["subnet-1", "bad!"]})  # fmt: skip
    assert (
        "1 validation error detected: Value '[subnet-1, bad!]' at 'vpcConfig.subnetIds' failed to "
        "satisfy constraint: Member must satisfy constraint: [Member must have length less than or "
        "equal to 1024, Member must have length greater than or equal to 0, Member must satisfy "
        "regular expression pattern: subnet-[0-9a-z]*]"
    ) == text


def alias(weights: dict[str, float]) -> str:
    routing = {"AdditionalVersionWeights": weights}
    return answer("lambda", "CreateAlias", FunctionName="f", Name="a", FunctionVersion="1",
                  RoutingConfig=routing)[1]  # fmt: skip


def test_a_maps_values_are_judged_together() -> None:
    assert (
        "1 validation error detected: Value '{2=-1.0}' at "
        "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must "
        "satisfy constraint: [Member must have value less than or equal to 1.0, Member must have "
        "value greater than or equal to 0.0, Member must not be null]"
    ) == alias({"2": -1.0})


def test_a_maps_keys_are_judged_together() -> None:
    assert (
        "1 validation error detected: Value '{$LATEST=0.5}' at "
        "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must "
        "satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
        "length greater than or equal to 1, Member must satisfy regular expression pattern: "
        "[0-9]+]"
    ) == alias({"$LATEST": 0.5})


def test_secret_values_are_not_repeated() -> None:
    assert (
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    ) == answer("kms", "Encrypt", KeyId="k", Plaintext=b"x" * 4097)[1]


def test_structures_are_printed_as_java_prints_them() -> None:
    metric = {"metricName": "metric1", "metricNamespace": "n", "metricValue": "1"}
    code, text = answer("logs", "PutMetricFilter", logGroupName="g", filterName="f",
                        filterPattern="", metricTransformations=[metric, metric])  # fmt: skip
    assert "InvalidParameterException" == code
    assert text.startswith(
        "1 validation error detected: Value '[MetricTransformation(metricName=metric1, "
        "metricNamespace=n, metricValue=1, defaultValue=null, "
    )
    assert text.endswith("Member must have length less than or equal to 1")


def test_several_violations_are_joined() -> None:
    _, text = answer("kms", "GenerateMac", KeyId="", MacAlgorithm="x", Message=b"m")
    assert text.startswith("2 validation errors detected: Value ")
    assert 1 == text.count("; Value ")


def test_api_gateway_names_the_request_before_members_of_the_body() -> None:
    configuration = {"ipAddressType": "wrong"}
    _, text = answer("apigateway", "CreateRestApi", name="n", endpointConfiguration=configuration)
    assert "Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType'" in text
    _, text = answer("apigateway", "UpdateGatewayResponse", restApiId="r", responseType="wrong")
    assert "Value 'wrong' at 'responseType'" in text


def test_sqs_names_the_parameter_that_is_missing() -> None:
    assert ("MissingParameter", "The request must contain the parameter MessageBody.") == answer(
        "sqs", "SendMessage", QueueUrl="q"
    )


def test_sqs_leaves_all_other_rules_to_itself() -> None:
    assert ("", "") == answer("sqs", "GetQueueAttributes", QueueUrl="q", AttributeNames=["Nothing"])


def test_s3_is_not_validated_by_its_model() -> None:
    assert ("", "") == answer("s3", "PutBucketAcl", ACL="nothing")


@pytest.mark.parametrize(
    ("value", "is_valid"), [("Zürich 1", True), ("a_b:/=+-@", True), ("a!", False)]
)
def test_javas_classes_of_letters_are_understood(value: str, is_valid: bool) -> None:
    text = answer("iam", "TagRole", RoleName="r", Tags=[{"Key": value, "Value": "v"}])[1]
    assert is_valid == (text == "")


def test_shapes_inside_themselves_are_checked_at_every_depth() -> None:
    deep = {"Not": {"Or": [{"And": [{"CostCategories": {"Key": "x" * 51}}]}]}}
    _, text = answer("ce", "GetTags", TimePeriod={"Start": "2020-01-01", "End": "2020-01-02"},
                     Filter=deep)  # fmt: skip
    assert "'filter.not.or.1.member.and.1.member.costCategories.key'" in text
