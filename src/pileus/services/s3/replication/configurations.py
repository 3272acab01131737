"""Operations on a bucket's replication configuration."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.s3 import errors, store
from pileus.services.s3.replication import rules
from pileus.services.s3.replication.queues import KIND
from pileus.services.s3.store import ENABLED

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket


def get_bucket_replication(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    text = store.setting(call.tx, found, KIND)
    if text is None:
        raise errors.error(
            "ReplicationConfigurationNotFoundError",
            "The replication configuration was not found",
            404,
            BucketName=bucket,
        )
    return {"ReplicationConfiguration": msgspec.json.decode(text)}


async def put_bucket_replication(
    call: Call,
    *,
    bucket: str,
    replication_configuration: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    token: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found: Bucket = await call.read(store.find_bucket, expected_bucket_owner, about=call.about)
    _check_source(found)
    made = base64.b64encode(call.kernel.ids.uuid().encode()).decode()
    document = {
        **replication_configuration,
        "Rules": [
            {**rule, "ID": rule.get("ID") or f"{made}{number}"}
            for number, rule in enumerate(replication_configuration.get("Rules") or ())
        ],
    }
    configuration = rules.of_document(document)
    for destination in {rule.destination for rule in configuration.rules}:
        await _check_destination(call, destination)
    text = msgspec.json.encode(document).decode()
    await call.transaction(put, text, expected_bucket_owner, about=call.about)


def _check_source(bucket: Bucket) -> None:
    if bucket.versioning != ENABLED:
        raise errors.invalid_request(
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        )


async def _check_destination(call: Call, destination: str) -> None:
    if destination == call.about:
        raise errors.invalid_request("Destination bucket cannot be the same as the source bucket.")
    found: Bucket | None = await call.read(store.seek_bucket, about=destination)
    if found is None:
        raise errors.invalid_request("Destination bucket must exist.")
    if found.versioning != ENABLED:
        raise errors.invalid_request("Destination bucket must have versioning enabled.")


def put(tx: Transaction, text: str, owner: str | None) -> None:
    """Step: keep a configuration that has been checked."""
    bucket = store.find_bucket(tx, owner)
    _check_source(bucket)
    store.put_setting(tx, bucket, KIND, text)


def delete_bucket_replication(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    store.remove_setting(call.tx, found, KIND)
