"""S3's error answers: codes, statuses and words as AWS gives them.

The wordings were recorded from AWS, or are those of the S3 API error list.
"""

from __future__ import annotations

from typing import Any

from pileus.kernel.errors import AwsError


def error(code: str, message: str, status: int = 400, /, **members: Any) -> AwsError:
    """An answer of S3's; most codes are not in the model."""
    headers = members.pop("headers", None)
    return AwsError(code, message, status=status, headers=headers, **members)


def invalid_argument(message: str, name: str = "", value: Any = "") -> AwsError:
    members = {"ArgumentName": name, "ArgumentValue": value} if name else {}
    return error("InvalidArgument", message, **members)


def invalid_request(message: str) -> AwsError:
    return error("InvalidRequest", message)


def access_denied() -> AwsError:
    return error("AccessDenied", "Access Denied", 403)


def wrong_customer_key() -> AwsError:
    return error(
        "AccessDenied",
        "Requests specifying Server Side Encryption with Customer provided keys must provide the "
        "correct secret key.",
        403,
    )


def malformed_xml() -> AwsError:
    return error(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def method_not_allowed(method: str, resource: str, headers: dict[str, str]) -> AwsError:
    return error(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        405,
        headers=headers,
        Method=method,
        ResourceType=resource,
    )


def header_not_implemented(header: str) -> AwsError:
    return error(
        "NotImplemented",
        "A header you provided implies functionality that is not implemented",
        501,
        Header=header,
    )


# Buckets.


def no_such_bucket(name: str) -> AwsError:
    return error("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)


def invalid_bucket_name(name: str) -> AwsError:
    return error("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)


def bucket_already_owned(name: str) -> AwsError:
    return error(
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        409,
        BucketName=name,
    )


def bucket_already_exists(name: str) -> AwsError:
    return error(
        "BucketAlreadyExists",
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. Please select a different name and try again.",
        409,
        BucketName=name,
    )


def bucket_not_empty(name: str, is_versioned: bool) -> AwsError:
    message = "The bucket you tried to delete is not empty"
    if is_versioned:
        message += ". You must delete all versions in the bucket."
    return error("BucketNotEmpty", message, 409, BucketName=name)


def invalid_location_constraint(constraint: str) -> AwsError:
    return error(
        "InvalidLocationConstraint",
        "The specified location-constraint is not valid",
        LocationConstraint=constraint,
    )


def illegal_location_constraint(constraint: str) -> AwsError:
    return error(
        "IllegalLocationConstraintException",
        f"The {constraint} location constraint is incompatible for the region specific endpoint "
        "this request was sent to.",
    )


def invalid_expected_owner(account: str) -> AwsError:
    return error(
        "InvalidBucketOwnerAWSAccountID",
        "The value of the expected bucket owner parameter must be an AWS Account ID... "
        f"[{account}]",
    )


def versioning_missing() -> AwsError:
    return error(
        "IllegalVersioningConfigurationException", "The Versioning element must be specified"
    )


def versioning_locked() -> AwsError:
    return error(
        "InvalidBucketState",
        "An Object Lock configuration is present on this bucket, so the versioning state cannot "
        "be changed.",
        409,
    )


# Objects.


def no_such_key(key: str, headers: dict[str, str] | None = None) -> AwsError:
    return error(
        "NoSuchKey", "The specified key does not exist.", 404, headers=headers or {}, Key=key
    )


def no_such_version(key: str, version_id: str) -> AwsError:
    return error(
        "NoSuchVersion",
        "The specified version does not exist.",
        404,
        Key=key,
        VersionId=version_id,
    )


def invalid_version_id(version_id: str) -> AwsError:
    return invalid_argument("Invalid version id specified", "versionId", version_id)


def key_too_long(size_bytes: int) -> AwsError:
    return error(
        "KeyTooLongError", "Your key is too long", Size=str(size_bytes), MaxSizeAllowed="1024"
    )


def invalid_uri() -> AwsError:
    return error("InvalidURI", "Couldn't parse the specified URI.")


def not_modified(etag: str, modified: str) -> AwsError:
    headers = {"ETag": f'"{etag}"', "Last-Modified": modified}
    return error("NotModified", "Not Modified", 304, headers=headers)


def precondition_failed(condition: str) -> AwsError:
    return error(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
        Condition=condition,
    )


def invalid_range(asked: str, size_bytes: int) -> AwsError:
    return error(
        "InvalidRange",
        "The requested range is not satisfiable",
        416,
        headers={"Content-Range": f"bytes */{size_bytes}"},
        RangeRequested=asked,
        ActualObjectSize=str(size_bytes),
    )


def invalid_part_number_of_object(asked: int, parts: int) -> AwsError:
    return error(
        "InvalidPartNumber",
        "The requested partnumber is not satisfiable",
        416,
        PartNumberRequested=str(asked),
        ActualPartCount=str(parts),
    )


def invalid_object_state(storage_class: str) -> AwsError:
    return error(
        "InvalidObjectState",
        "The operation is not valid for the object's storage class",
        403,
        StorageClass=storage_class,
    )


def invalid_storage_class(storage_class: str) -> AwsError:
    return error(
        "InvalidStorageClass",
        "The storage class you specified is not valid",
        StorageClassRequested=storage_class,
    )


def metadata_too_large(size_bytes: int, size_max_bytes: int) -> AwsError:
    return error(
        "MetadataTooLarge",
        "Your metadata headers exceed the maximum allowed metadata size",
        Size=str(size_bytes),
        MaxSizeAllowed=str(size_max_bytes),
    )


# Bodies.


def bad_digest(algorithm: str) -> AwsError:
    return error(
        "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
    )


def bad_md5(given: str, found: str) -> AwsError:
    return error(
        "BadDigest",
        "The Content-MD5 you specified did not match what we received.",
        ExpectedDigest=given,
        CalculatedDigest=found,
    )


def invalid_md5(given: str) -> AwsError:
    members = {"Content-MD5": given}
    return error("InvalidDigest", "The Content-MD5 you specified was invalid.", **members)


def invalid_checksum(algorithm: str) -> AwsError:
    return invalid_request(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")


def several_checksums() -> AwsError:
    return invalid_request(
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
    )


def checksum_missing() -> AwsError:
    return invalid_request(
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
        "x-amz-trailer headers were found."
    )


def entity_too_large(size_max_bytes: int) -> AwsError:
    return error(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
        MaxSizeAllowed=str(size_max_bytes),
    )


def incomplete_body() -> AwsError:
    return error(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )


def unsupported_checksum() -> AwsError:
    return invalid_request(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid "
        "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
    )


def conflict() -> AwsError:
    return error(
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against this resource. "
        "Please try again.",
        409,
    )


# Tags.


def invalid_tag(message: str, key: str = "") -> AwsError:
    return error("InvalidTag", message, **({"TagKey": key} if key else {}))


def too_many_tags(noun: str, tags_max: int) -> AwsError:
    return error("BadRequest", f"{noun} tags cannot be greater than {tags_max}")


def tagging_header() -> AwsError:
    return invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
        "parameters without tag name duplicates.",
        "x-amz-tagging",
    )


# Multipart uploads.


def no_such_upload(upload_id: str) -> AwsError:
    return error(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may "
        "have been aborted or completed.",
        404,
        UploadId=upload_id,
    )


def invalid_part_number(number: int) -> AwsError:
    return invalid_argument(
        "Part number must be an integer between 1 and 10000, inclusive", "partNumber", number
    )


def invalid_part(number: int, etag: str, upload_id: str) -> AwsError:
    return error(
        "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag.",
        UploadId=upload_id,
        PartNumber=str(number),
        ETag=etag,
    )


def invalid_part_order(upload_id: str) -> AwsError:
    return error(
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
        UploadId=upload_id,
    )


def entity_too_small(number: int, size_bytes: int, size_min_bytes: int, etag: str) -> AwsError:
    return error(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        ProposedSize=str(size_bytes),
        MinSizeAllowed=str(size_min_bytes),
        PartNumber=str(number),
        ETag=etag,
    )
