"""The errors that EventBridge Schemas answers. The model gives each its HTTP status."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def bad_request(message: str) -> AwsError:
    return AwsError("BadRequestException", message, Code="BadRequestException")


def not_found(message: str) -> AwsError:
    return AwsError("NotFoundException", message, Code="NotFoundException")


def conflict(message: str) -> AwsError:
    return AwsError("ConflictException", message, Code="ConflictException")


def forbidden(message: str) -> AwsError:
    return AwsError("ForbiddenException", message, Code="ForbiddenException")


def invalid_token() -> AwsError:
    return bad_request("Invalid NextToken.")


def invalid_limit() -> AwsError:
    return bad_request("Limit must be between 1 and 100.")


def quota_exceeded(noun: str, at_most: int) -> AwsError:
    return forbidden(f"The maximum number of {noun} ({at_most}) has been reached.")


# Registries and their policies.


def registry_not_found(name: str) -> AwsError:
    return not_found(f"Registry with name {name} does not exist.")


def registry_exists(name: str) -> AwsError:
    return conflict(f"Registry with name {name} already exists.")


def invalid_registry_name() -> AwsError:
    return bad_request(
        "RegistryName must have 1 to 64 characters: letters, digits, '.', '-', '_' and '@'."
    )


def registry_is_read_only() -> AwsError:
    return forbidden(
        "You do not have the permission to create/modify an AWS managed registry with name "
        "prefixed with 'aws.'."
    )


def registry_is_permanent(name: str) -> AwsError:
    return forbidden(f"Registry {name} cannot be deleted.")


def invalid_scope() -> AwsError:
    return bad_request("Scope must be one of: LOCAL, AWS.")


def registry_name_required() -> AwsError:
    return bad_request("RegistryName is required.")


def policy_not_found(name: str) -> AwsError:
    return not_found(f"Registry {name} does not have a policy.")


def invalid_policy(reason: str) -> AwsError:
    return bad_request(f"Provided registry policy is invalid: {reason}")


def revision_mismatch() -> AwsError:
    return AwsError(
        "PreconditionFailedException",
        "RevisionId does not match the revision of the current policy.",
        Code="PreconditionFailedException",
    )


# Schemas and their versions.


def schema_not_found(name: str) -> AwsError:
    return not_found(f"Schema with name {name} does not exist.")


def schema_exists(name: str) -> AwsError:
    return conflict(f"Schema with name {name} already exists.")


def invalid_schema_name() -> AwsError:
    return bad_request(
        "SchemaName must have 1 to 385 characters: letters, digits, '.', '-', '_' and '@'."
    )


def version_not_found(name: str, version: str) -> AwsError:
    return not_found(f"Version {version} of schema {name} does not exist.")


def only_version(name: str) -> AwsError:
    return bad_request(f"Schema {name} has no other version; delete the schema instead.")


def invalid_content(reason: str) -> AwsError:
    return bad_request(f"Content is not valid: {reason}")


def content_not_json() -> AwsError:
    return bad_request("Content is not valid JSON.")


def content_required() -> AwsError:
    return bad_request("Content is required where Type is given.")


def keywords_required() -> AwsError:
    return bad_request("Keywords must not be empty.")


def cannot_export(reason: str) -> AwsError:
    return bad_request(f"The schema cannot be exported: {reason}")


# Inference, discoverers and code bindings.


def invalid_events(reason: str) -> AwsError:
    return bad_request(f"Events are not valid: {reason}")


def discoverer_not_found(discoverer_id: str) -> AwsError:
    return not_found(f"Discoverer with id {discoverer_id} does not exist.")


def discoverer_exists(source_arn: str) -> AwsError:
    return conflict(f"A discoverer for {source_arn} already exists.")


def source_is_no_bus() -> AwsError:
    return bad_request("Source ARN must be a valid event bus ARN.")


def source_of_other_region() -> AwsError:
    return bad_request("Cross region Event Bus sourcing is not supported.")


def invalid_source(reason: str) -> AwsError:
    return bad_request(f"SourceArn is not valid: {reason}")


def invalid_language(language: str) -> AwsError:
    return bad_request(f"Language {language} is not one of: Java8, Python36, TypeScript3, Go1.")


def no_code_for(schema_type: str) -> AwsError:
    return bad_request(f"Code bindings cannot be made for schemas of type {schema_type}.")


def binding_not_found(language: str) -> AwsError:
    return not_found(f"Code binding for {language} does not exist.")


def invalid_tags(reason: str) -> AwsError:
    return bad_request(f"Tags are not valid: {reason}")


def resource_not_found(arn: str) -> AwsError:
    return not_found(f"Resource {arn} does not exist.")


def invalid_resource_arn(arn: str) -> AwsError:
    return bad_request(f"{arn} is not the ARN of a registry, schema or discoverer.")
