"""The errors that Lambda answers, in its own words: one function for each."""

from __future__ import annotations

from typing import Any

from pileus.kernel.errors import AwsError


def user(code: str, message: str, status: int, **members: Any) -> AwsError:
    return AwsError(code, message, status=status, Type="User", **members)


def invalid_parameter(message: str) -> AwsError:
    return user("InvalidParameterValueException", message, 400)


def log_level_of_text() -> AwsError:
    return invalid_parameter(
        'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your '
        'request or change the LogFormat to "JSON" and try again.'
    )


def out_of_range(member: str, value: object, constraint: str) -> AwsError:
    """A value that the model lets pass and Lambda does not."""
    return user(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
        f"constraint: Member must {constraint}",
        400,
    )


def name_too_long(name: str) -> AwsError:
    return invalid_parameter(
        f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy "
        "constraint: Member must have length less than or equal to 64"
    )


def wrong_region(asked: str, here: str) -> AwsError:
    return not_found(f"Functions from '{asked}' are not reachable in this region ('{here}')")


def qualifier_mismatch() -> AwsError:
    return invalid_parameter(
        "The derived qualifier from the function name does not match the specified qualifier."
    )


def unqualified_only() -> AwsError:
    return invalid_parameter(
        "This operation is permitted on Lambda functions only. Aliases and versions do not "
        "support this operation. Please specify either a function name or an unqualified "
        "function ARN."
    )


def tags_on_unqualified_only() -> AwsError:
    return invalid_parameter(
        "Tags on function aliases and versions are not supported. Please specify a function ARN."
    )


def not_found(message: str) -> AwsError:
    return user("ResourceNotFoundException", message, 404)


def function_not_found(arn: str) -> AwsError:
    return not_found(f"Function not found: {arn}")


def function_missing() -> AwsError:
    """How the settings of asynchronous invocation word it."""
    return not_found("The function doesn't exist.")


def function_exists(name: str) -> AwsError:
    return conflict(f"Function already exist: {name}")


def latest_not_deletable() -> AwsError:
    return invalid_parameter("$LATEST version cannot be deleted without deleting the function.")


def conflict(message: str) -> AwsError:
    return user("ResourceConflictException", message, 409)


def update_in_progress(arn: str) -> AwsError:
    return conflict(
        "The operation cannot be performed at this time. An update is in progress for resource: "
        f"{arn}"
    )


def function_in_state(state: str) -> AwsError:
    return conflict(
        "The operation cannot be performed at this time. The function is currently in the "
        f"following state: {state}"
    )


def stale_revision(reader: str = "GetFunction/GetAlias") -> AwsError:
    return user(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the "
        f"{reader} API to retrieve the latest Revision Id",
        412,
    )


def role_not_assumable() -> AwsError:
    return invalid_parameter("The role defined for the function cannot be assumed by Lambda.")


def runtime_and_handler_needed() -> AwsError:
    return invalid_parameter(
        "Runtime and Handler are mandatory parameters for functions created with deployment "
        "packages."
    )


def environment_too_large(measured: str) -> AwsError:
    return invalid_parameter(
        "Lambda was unable to configure your environment variables because the environment "
        f"variables you have provided exceeded the 4KB limit. String measured: {measured}"
    )


def environment_reserved(keys: str) -> AwsError:
    return invalid_parameter(
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided contains reserved keys that are currently not supported for "
        f"modification. Reserved keys used in this request: {keys}"
    )


def bad_zip() -> AwsError:
    return invalid_parameter(
        "Could not unzip uploaded file. Please check your file, then try to upload again."
    )


def unzipped_too_large() -> AwsError:
    return invalid_parameter("Unzipped size must be smaller than 262144000 bytes")


def zip_too_large() -> AwsError:
    return user(
        "RequestEntityTooLargeException", "Zipped size must be smaller than 52428800 bytes", 413
    )


def zip_unreadable() -> AwsError:
    return AwsError(
        "InvalidZipFileException",
        "Lambda could not unzip the deployment package.",
        status=502,
        fault="Receiver",
    )


def code_missing() -> AwsError:
    return invalid_parameter("Please provide a source for function code.")


def code_twice() -> AwsError:
    return invalid_parameter(
        "Please do not provide other FunctionCode parameters when providing a ZipFile."
    )


def image_for_zip(doing: str) -> AwsError:
    return invalid_parameter(
        f"Please don't provide ImageUri when {doing} a function with packageType Zip."
    )


def image_needed(doing: str) -> AwsError:
    return invalid_parameter(
        f"Please provide ImageUri when {doing} a function with packageType Image."
    )


def not_for_images() -> AwsError:
    return invalid_parameter(
        "Please don't provide Handler or Runtime or Layer when the intended function PackageType "
        "is Image."
    )


def image_config_for_zip() -> AwsError:
    return invalid_parameter(
        "Please don't provide ImageConfig when the intended function PackageType is Zip."
    )


def image_invalid(uri: str) -> AwsError:
    return invalid_parameter(f"Source image {uri} is not valid. Provide a valid source image.")


def image_missing(uri: str) -> AwsError:
    return invalid_parameter(f"Source image {uri} does not exist. Provide a valid source image.")


def image_unsupported(uri: str) -> AwsError:
    return invalid_parameter(
        f"The image manifest, config or layer media type for the source image {uri} is not "
        "supported."
    )


def image_too_large(uri: str, at_most: int) -> AwsError:
    return invalid_parameter(
        f"Source image {uri} is too large. Its uncompressed size, including all layers, must be "
        f"smaller than {at_most} bytes."
    )


def tags_too_many() -> AwsError:
    return invalid_parameter("Number of tags exceeds resource tag limit.")


def tags_invalid(key: str) -> AwsError:
    return invalid_parameter(f"The tag key {key} or its value is not valid.")


def tags_reserved() -> AwsError:
    return invalid_parameter("System tags cannot be added/updated by requester.")


def marker_invalid() -> AwsError:
    return invalid_parameter("Invalid marker value.")


# Concurrency.


def throttled(reason: str) -> AwsError:
    return user("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)


# Invocation.


def request_too_large(limit_bytes: int) -> AwsError:
    """AWS's model calls it RequestTooLargeException; this is what is answered."""
    return user(
        "RequestEntityTooLargeException",
        f"Request must be smaller than {limit_bytes} bytes for the InvokeFunction operation",
        413,
    )


def event_too_large(size_bytes: int, limit_bytes: int) -> AwsError:
    return user(
        "RequestEntityTooLargeException",
        f"{size_bytes} byte payload is too large for the Event invocation type (limit "
        f"{limit_bytes} bytes)",
        413,
    )


def content_type_unsupported(content_type: str) -> AwsError:
    """docs: Invoke, UnsupportedMediaTypeException; the wording is ours."""
    return user("UnsupportedMediaTypeException", f"Unsupported content type: {content_type}", 415)


def payload_not_json(problem: str) -> AwsError:
    return user(
        "InvalidRequestContentException",
        f"Could not parse request body into json: Could not parse payload into json: {problem}",
        400,
    )


def client_context_invalid() -> AwsError:
    return user(
        "InvalidRequestContentException",
        "Client context must be a valid Base64-encoded JSON object.",
        400,
    )


def recursive() -> AwsError:
    return user(
        "RecursiveInvocationException",
        "Lambda has detected your function being invoked in a recursive loop with other Amazon Web "
        "Services resources and stopped your function's invocation.",
        400,
    )


def service_failed(message: str) -> AwsError:
    return AwsError("ServiceException", message, status=500, fault="Receiver", Type="Service")


def stopping() -> AwsError:
    return service_failed("The server is stopping.")


# Configuration of asynchronous invocation.


def invoke_config_not_found(arn: str) -> AwsError:
    return not_found(f"The function {arn} doesn't have an EventInvokeConfig")


def invoke_config_empty() -> AwsError:
    return invalid_parameter(
        "You must specify at least one of error handling or destination setting."
    )


def destination_config_invalid(on_success: str | None, on_failure: str | None) -> AwsError:
    success = f"OnSuccess(destination={on_success})" if on_success else "null"
    failure = f"OnFailure(destination={on_failure})" if on_failure else "null"
    return invalid_parameter(
        f"The provided destination config DestinationConfig(onSuccess={success}, "
        f"onFailure={failure}) is invalid."
    )


def destination_unknown(arn: str) -> AwsError:
    return invalid_parameter(f"The destination ARN {arn} is invalid.")


def destination_is_itself() -> AwsError:
    return invalid_parameter("You can't specify the function as a destination for itself.")


def dead_letter_target_invalid() -> AwsError:
    return invalid_parameter(
        "The provided DeadLetterConfig TargetArn is not a valid SQS or SNS ARN."
    )


# Resource policies.


def policy_not_found() -> AwsError:
    return not_found("The resource you requested does not exist.")


def statement_not_found(statement_id: str) -> AwsError:
    return not_found(f"Statement {statement_id} is not found in resource policy.")


def no_policy() -> AwsError:
    return not_found("No policy is associated with the given resource.")


def no_policy_found(arn: str) -> AwsError:
    """Where there is not even a function to have one."""
    return not_found(f"No policy found for: {arn}")


def statement_exists(statement_id: str) -> AwsError:
    return conflict(
        f"The statement id ({statement_id}) provided already exists. Please provide a new "
        "statement id, or remove the existing statement."
    )


def policy_for_latest() -> AwsError:
    return invalid_parameter("We currently do not support adding policies for $LATEST.")


def principal_invalid() -> AwsError:
    return invalid_parameter(
        "The provided principal was invalid. Please check the principal and try again."
    )


def policy_invalid(problem: str) -> AwsError:
    """The wording is ours."""
    return invalid_parameter(f"The resource policy is not valid: {problem}")


def policy_too_long(size_bytes: int, limit_bytes: int) -> AwsError:
    return user(
        "PolicyLengthExceededException",
        f"The final policy size ({size_bytes}) is bigger than the limit ({limit_bytes}).",
        400,
    )
