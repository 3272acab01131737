"""What of an import could not be read, told in CloudWatch Logs as AWS does."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.services.dynamodb.imports.store import Import

log = logging.getLogger(__name__)

GROUP = "/aws-dynamodb/imports"
# docs: S3DataImport.Validation
_ERRORS_MAX = 10_000


def group_arn(kept: Import) -> str:
    _, _, _, region, account, _ = kept.table_arn.split(":", 5)
    return arns.build("logs", region, account, f"log-group:{GROUP}:*")


async def write(
    call: Call, kept: Import, object_key: str, problems: Sequence[tuple[int, str]]
) -> None:
    """Where logs refuse, the import goes on."""
    if kept.errors >= _ERRORS_MAX:
        return
    stream = f"{kept.id}/error"
    events = [
        {
            "timestamp": call.now,
            "message": msgspec.json.encode(
                {
                    "itemS3Pointer": {
                        "bucket": kept.source["S3Bucket"], "key": object_key, "itemIndex": place,
                    },
                    "importArn": kept.arn,
                    "errorMessages": [message],
                }
            ).decode(),
        }
        for place, message in problems
    ]  # fmt: skip
    for operation, members in (
        ("CreateLogGroup", {"logGroupName": GROUP}),
        ("CreateLogStream", {"logGroupName": GROUP, "logStreamName": stream}),
        ("PutLogEvents", {"logGroupName": GROUP, "logStreamName": stream, "logEvents": events}),
    ):
        try:
            await call.invoke("logs", operation, **members)
        except AwsError as refusal:
            if refusal.code != "ResourceAlreadyExistsException":
                log.warning("errors of %s are not logged: %s", kept.arn, refusal)
                return
