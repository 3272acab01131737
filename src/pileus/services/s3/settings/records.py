"""Settings that are kept and told, and do nothing here: who pays, acceleration, logging, ABAC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.services.s3 import names, store
from pileus.services.s3.settings import documents, refusals

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

ACCELERATE, LOGGING, PAYMENT, ABAC = "accelerate", "logging", "requestPayment", "abac"


def put_bucket_request_payment(
    call: Call,
    *,
    bucket: str,
    request_payment_configuration: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    documents.check(call, "RequestPaymentConfiguration", request_payment_configuration)
    documents.put(call.tx, found, PAYMENT, request_payment_configuration)


def get_bucket_request_payment(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    return documents.find(call.tx, found, PAYMENT) or {"Payer": "BucketOwner"}


def put_bucket_accelerate_configuration(
    call: Call,
    *,
    bucket: str,
    accelerate_configuration: dict[str, Any],
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    if not accelerate_configuration.get("Status"):
        accelerate_configuration = {"Status": ""}
    documents.check(call, "AccelerateConfiguration", accelerate_configuration)
    if "." in bucket:
        raise refusals.accelerated_with_period()
    documents.put(call.tx, found, ACCELERATE, accelerate_configuration)


def get_bucket_accelerate_configuration(
    call: Call,
    *,
    bucket: str,
    expected_bucket_owner: str | None = None,
    request_payer: str | None = None,
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    return documents.find(call.tx, found, ACCELERATE) or {}


def put_bucket_abac(
    call: Call,
    *,
    bucket: str,
    abac_status: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    documents.check(call, "AbacStatus", {"Status": "", **abac_status})
    documents.put(call.tx, found, ABAC, abac_status)


def get_bucket_abac(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    return {"AbacStatus": documents.find(call.tx, found, ABAC) or {"Status": "Disabled"}}


# Logging.


async def put_bucket_logging(
    call: Call,
    *,
    bucket: str,
    bucket_logging_status: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    owner: store.Bucket = await call.read(
        store.find_bucket, expected_bucket_owner, about=call.about
    )
    documents.check(call, "BucketLoggingStatus", bucket_logging_status)
    wanted = bucket_logging_status.get("LoggingEnabled")
    if wanted is not None:
        # The other bucket lies in a partition of its own.
        name = wanted["TargetBucket"]
        about = names.the_bucket(call, {"Bucket": name})
        target: store.Bucket | None = await call.read(store.seek_bucket, about=about)
        if target is None:
            raise refusals.no_logging_target(name)
        if target.account != owner.account:
            raise refusals.foreign_logging_target(name)
        if target.region != owner.region:
            raise refusals.distant_logging_target(owner.region, target.region)
    await call.transaction(
        _put_logging, bucket_logging_status, expected_bucket_owner, about=call.about
    )


def _put_logging(tx: Transaction, document: dict[str, Any], owner: str | None) -> None:
    """Step about the bucket."""
    documents.put(tx, store.find_bucket(tx, owner), LOGGING, document)


def get_bucket_logging(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    return documents.find(call.tx, found, LOGGING) or {}
