"""S3's error answers about settings of buckets, in AWS's codes and words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.s3.errors import error, invalid_argument, invalid_request


def absent(code: str, message: str, bucket: str) -> AwsError:
    return error(code, message, 404, BucketName=bucket)


def no_such_tag_set(bucket: str) -> AwsError:
    return absent("NoSuchTagSet", "The TagSet does not exist", bucket)


# Records.


def accelerated_with_period() -> AwsError:
    return invalid_request(
        "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
    )


def no_logging_target(bucket: str) -> AwsError:
    return error(
        "InvalidTargetBucketForLogging",
        "The target bucket for logging does not exist",
        TargetBucket=bucket,
    )


def foreign_logging_target(bucket: str) -> AwsError:
    return error(
        "InvalidTargetBucketForLogging",
        "The owner for the bucket to be logged and the target bucket must be the same.",
        TargetBucket=bucket,
    )


def distant_logging_target(source_region: str, target_region: str) -> AwsError:
    # The blank at the end is AWS's.
    return error(
        "CrossLocationLoggingProhibitted",
        "Cross S3 location logging not allowed. ",
        403,
        SourceBucketLocation=source_region,
        TargetBucketLocation=target_region,
    )


# Configurations with ids.


def no_such_configuration(bucket: str) -> AwsError:
    return absent("NoSuchConfiguration", "The specified configuration does not exist.", bucket)


def id_mismatch() -> AwsError:
    return error("IdMismatch", "Document ID does not match the specified configuration ID.")


def invalid_id(given: str) -> AwsError:
    return invalid_argument("The specified configuration id is invalid.", "id", given)


def too_many_configurations() -> AwsError:
    return error(
        "TooManyConfigurations",
        "You are attempting to create a new configuration but have already reached the "
        "1,000-configuration limit.",
    )


def invalid_destination() -> AwsError:
    return error("InvalidS3DestinationBucket", "Invalid bucket ARN.")


# Encryption.


def key_not_applicable() -> AwsError:
    return invalid_argument(
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or "
        "aws:kms:dsse",
        "ApplyServerSideEncryptionByDefault",
    )


# Access.


def malformed_acl() -> AwsError:
    return error(
        "MalformedACLError",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def acls_not_supported() -> AwsError:
    return error("AccessControlListNotSupported", "The bucket does not allow ACLs")


def acl_against_ownership() -> AwsError:
    return error(
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )


def acl_against_block() -> AwsError:
    return error(
        "InvalidBucketAclWithBlockPublicAccessError",
        "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
    )


def no_ownership_controls(bucket: str) -> AwsError:
    return absent(
        "OwnershipControlsNotFoundError", "The bucket ownership controls were not found", bucket
    )


def no_public_access_block(bucket: str) -> AwsError:
    return absent(
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
        bucket,
    )


# Policies.


def no_such_policy(bucket: str) -> AwsError:
    return absent("NoSuchBucketPolicy", "The bucket policy does not exist", bucket)


def malformed_policy(message: str) -> AwsError:
    return error("MalformedPolicy", message)


def public_policy_blocked(principal: str, bucket_arn: str) -> AwsError:
    return error(
        "AccessDenied",
        f"User: {principal} is not authorized to perform: s3:PutBucketPolicy on resource: "
        f'"{bucket_arn}" because public policies are prevented by the BlockPublicPolicy setting '
        "in S3 Block Public Access.",
        403,
    )


# CORS.


def no_such_cors(bucket: str) -> AwsError:
    return absent("NoSuchCORSConfiguration", "The CORS configuration does not exist", bucket)


def too_many_cors_rules(rules_max: int) -> AwsError:
    return invalid_request(
        f"The number of CORS rules should not exceed allowed limit of {rules_max} rules."
    )


def unsupported_cors_method(method: str) -> AwsError:
    return invalid_request(
        f"Found unsupported HTTP method in CORS config. Unsupported method is {method}"
    )


def several_wildcards(element: str, pattern: str) -> AwsError:
    return invalid_request(f'{element} "{pattern}" can not have more than one wildcard.')


def exposed_wildcard(header: str) -> AwsError:
    return invalid_request(
        f'ExposeHeader "{header}" contains wildcard. We currently do not support wildcard for '
        "ExposeHeader."
    )


def origin_missing() -> AwsError:
    return error("BadRequest", "Insufficient information. Origin request header needed.")


def cors_method_missing() -> AwsError:
    return error("BadRequest", "Invalid Access-Control-Request-Method: null")


def cors_bucket_missing(method: str) -> AwsError:
    return error(
        "AccessForbidden",
        "CORSResponse: Bucket not found",
        403,
        Method=method,
        ResourceType="BUCKET",
    )


def cors_not_enabled(method: str, kind: str) -> AwsError:
    return error(
        "AccessForbidden",
        "CORSResponse: CORS is not enabled for this bucket.",
        403,
        Method=method,
        ResourceType=kind,
    )


def cors_not_allowed(method: str, kind: str) -> AwsError:
    # AWS's spelling.
    return error(
        "AccessForbidden",
        "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
        "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers "
        "are not whitelisted by the resource's CORS spec.",
        403,
        Method=method,
        ResourceType=kind,
    )
