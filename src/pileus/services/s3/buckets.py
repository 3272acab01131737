"""Operations on buckets: create, delete, find, list, and whether they keep versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from pileus.kernel import pagination
from pileus.kernel.errors import not_implemented
from pileus.services.s3 import acls, errors, names, store
from pileus.services.s3.multipart import upkeep
from pileus.services.s3.settings import access, tagging
from pileus.services.s3.store import ENABLED, SUSPENDED, Bucket

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

BUCKETS = "bucket"
HOME = "us-east-1"
# The setting by which objects are replicated.
REPLICATION = "replication"
PAGE_MAX = 10_000
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+)+-[0-9]")
# The rows of so many buckets are read at a time.
_READ_MAX = 500


class CreateSettings(TypedDict, total=False):
    """Members of CreateBucket besides the name."""

    acl: str
    create_bucket_configuration: dict[str, Any]
    grant_full_control: str
    grant_read: str
    grant_read_acp: str
    grant_write: str
    grant_write_acp: str
    object_lock_enabled_for_bucket: bool
    object_ownership: str
    bucket_namespace: str


def create_bucket(call: Call, *, bucket: str, **settings: Unpack[CreateSettings]) -> dict[str, Any]:
    tx = call.tx
    if not names.is_new_name(bucket):
        raise errors.invalid_bucket_name(bucket)
    if settings.get("bucket_namespace", "global") != "global":
        raise errors.header_not_implemented("x-amz-bucket-namespace")
    configuration = settings.get("create_bucket_configuration") or {}
    for member in ("Location", "Bucket"):
        # Directory buckets.
        if configuration.get(member):
            raise not_implemented("s3", "CreateBucket", f"CreateBucketConfiguration.{member}")
    region = _region(call.region, configuration.get("LocationConstraint"))
    acl = acls.read(settings)
    ownership = access.check_new_ownership(settings.get("object_ownership"))
    locks_objects = settings.get("object_lock_enabled_for_bucket", False)
    present = store.seek_bucket(tx)
    if present is not None and present.account != call.account:
        raise errors.bucket_already_exists(bucket)
    if present is not None and not (present.region == region == HOME):
        raise errors.bucket_already_owned(bucket)
    if present is None:
        versioning = ENABLED if locks_objects else ""
        made = Bucket(
            bucket,
            int.from_bytes(tx.kernel.ids.token(6), "big") >> 1,
            call.account,
            region,
            tx.now // 1000 * 1000,
            versioning,
            locks_objects,
        )
        store.insert_bucket(tx, made)
        access.put_first(tx, made, ownership, acl)
        if configuration.get("Tags"):
            tagging.put_first(tx, made, configuration["Tags"])
        owner = names.owner_of(call.partition, call.account)
        tx.enlist(BUCKETS, bucket, tx.about, owner)
    return {"Location": f"/{bucket}", "BucketArn": tx.about}


def _region(here: str, constraint: str | None) -> str:
    """Where the bucket will be: the endpoint's region, but us-east-1's makes them anywhere."""
    if here == HOME:
        if constraint is None:
            return HOME
        if constraint == "EU":
            return "eu-west-1"
        if constraint == HOME or _REGION.fullmatch(constraint) is None:
            raise errors.invalid_location_constraint(constraint)
        return constraint
    if constraint is None:
        raise errors.illegal_location_constraint("unspecified")
    if constraint == here or (constraint == "EU" and here == "eu-west-1"):
        return here
    raise errors.illegal_location_constraint(constraint)


def delete_bucket(call: Call, *, bucket: str, expected_bucket_owner: str | None = None) -> None:
    tx = call.tx
    found = store.find_bucket(tx, expected_bucket_owner)
    if not store.is_empty(tx, found):
        raise errors.bucket_not_empty(bucket, found.is_versioned)
    store.delete_bucket(tx, found)
    tx.delist(BUCKETS, bucket, names.owner_of(call.partition, found.account))
    upkeep.drop_rest_later(tx, found)


def head_bucket(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    return {"BucketArn": call.about, "BucketRegion": found.region, "AccessPointAlias": False}


def get_bucket_location(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    # Buckets in us-east-1 have an empty constraint.
    return {} if found.region == HOME else {"LocationConstraint": found.region}


async def list_buckets(
    call: Call,
    *,
    max_buckets: int | None = None,
    continuation_token: str | None = None,
    prefix: str | None = None,
    bucket_region: str | None = None,
) -> dict[str, Any]:
    if max_buckets is not None and not 1 <= max_buckets <= PAGE_MAX:
        raise errors.invalid_argument(
            "Argument max-buckets must be an integer between 1 and 10000",
            "max-buckets",
            max_buckets,
        )
    if bucket_region is not None and _REGION.fullmatch(bucket_region) is None:
        raise errors.invalid_argument(
            f"Argument value {bucket_region} is not a valid AWS Region", "bucket-region"
        )
    after = _after(continuation_token)
    wanted = max_buckets or PAGE_MAX
    found: list[Bucket] = []
    has_more = True
    while has_more and len(found) <= wanted:
        listed = await call.read(_names_after, prefix or "", after, about=call.about)
        has_more = len(listed) == _READ_MAX
        for name, arn in listed:
            after = name
            bucket: Bucket | None = await call.read(store.seek_bucket, about=arn)
            if bucket is not None and bucket_region in (None, bucket.region):
                found.append(bucket)
    result: dict[str, Any] = {
        "Buckets": [_described(call, bucket) for bucket in found[:wanted]],
        "Owner": owner(call.account),
    }
    if prefix:
        result["Prefix"] = prefix
    if len(found) > wanted:
        result["ContinuationToken"] = pagination.encode(found[wanted - 1].name)
    return result


def _after(token: str | None) -> str:
    if not token:
        return ""
    try:
        (name,) = pagination.decode(token, str)
    except pagination.InvalidToken:
        raise errors.invalid_argument(
            "The continuation token provided is incorrect", "continuation-token"
        ) from None
    return str(name)


def _names_after(tx: Transaction, prefix: str, after: str) -> list[tuple[str, str]]:
    """Step about the account: names and ARNs of its next buckets."""
    return tx.listed(BUCKETS, at_most=_READ_MAX, prefix=prefix, after=after)


def _described(call: Call, bucket: Bucket) -> dict[str, Any]:
    return {
        "Name": bucket.name,
        "CreationDate": bucket.created_at,
        "BucketRegion": bucket.region,
        "BucketArn": names.arn_of(call, bucket.name),
    }


def owner(account: str) -> dict[str, Any]:
    """An account as S3 names it: by a canonical id of 64 digits, here made from its number."""
    return {"ID": acls.canonical_id(account)}


# Versioning.


def get_bucket_versioning(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    return {"Status": found.versioning} if found.is_versioned else {}


def put_bucket_versioning(
    call: Call,
    *,
    bucket: str,
    versioning_configuration: dict[str, Any],
    checksum_algorithm: str | None = None,
    content_md5: str | None = None,
    mfa: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    status = versioning_configuration.get("Status")
    if status is None:
        raise errors.versioning_missing()
    if status not in (ENABLED, SUSPENDED):
        raise errors.malformed_xml()
    if versioning_configuration.get("MFADelete") == "Enabled" or mfa is not None:
        raise errors.header_not_implemented("x-amz-mfa")
    if found.locks_objects and status == SUSPENDED:
        raise errors.versioning_locked()
    if found.has_setting(REPLICATION) and status == SUSPENDED:
        raise errors.error(
            "InvalidBucketState",
            "A replication configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
            409,
        )
    store.set_versioning(call.tx, found, status)
