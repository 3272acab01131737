"""S3's error answers to posted forms, in AWS's codes and words."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pileus.kernel.errors import AwsError
from pileus.services.s3.errors import error, invalid_argument


def wrong_type() -> AwsError:
    return error(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
        Condition="Bucket POST must be of the enclosure-type multipart/form-data",
    )


def malformed_form() -> AwsError:
    return error(
        "MalformedPOSTRequest",
        "The body of your POST request is not well-formed multipart/form-data.",
    )


def fields_too_large(size_max_bytes: int) -> AwsError:
    return error(
        "MaxPostPreDataLengthExceeded",
        "Your POST request fields preceding the upload file were too large.",
        MaxPostPreDataLengthExceeded=str(size_max_bytes),
    )


def file_missing() -> AwsError:
    return invalid_argument("POST requires exactly one file upload per request.", "file", "0")


def field_missing(name: str) -> AwsError:
    # The two blanks are AWS's.
    return invalid_argument(
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the "
        "order of the fields.",
        name,
        "",
    )


def invalid_policy(reason: str) -> AwsError:
    return error("InvalidPolicyDocument", f"Invalid Policy: {reason}")


def against_policy(reason: str) -> AwsError:
    return error("AccessDenied", f"Invalid according to Policy: {reason}", 403)


def condition_failed(condition: Sequence[object]) -> AwsError:
    shown = json.dumps(condition, ensure_ascii=False)
    return against_policy(f"Policy Condition failed: {shown}")


def too_large(size_bytes: int, size_max_bytes: int) -> AwsError:
    return error(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
        ProposedSize=str(size_bytes),
        MaxSizeAllowed=str(size_max_bytes),
    )


def too_small(size_bytes: int, size_min_bytes: int) -> AwsError:
    return error(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        ProposedSize=str(size_bytes),
        MinSizeAllowed=str(size_min_bytes),
    )
