"""What limits the access that others may be given: ownership, and the block of public access.

docs: AmazonS3/latest/userguide/about-object-ownership, access-control-block-public-access
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.services.s3 import acls, errors, store
from pileus.services.s3.acls import Acl
from pileus.services.s3.settings import bucket_acls, documents, refusals

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

OWNERSHIP, BLOCK = "ownershipControls", "publicAccessBlock"
ENFORCED = "BucketOwnerEnforced"
OBJECT_WRITER = "ObjectWriter"
OWNERSHIPS = (ENFORCED, "BucketOwnerPreferred", OBJECT_WRITER)
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# What new buckets have. Removing it is kept as an empty document.
_NEW_OWNERSHIP = {"Rules": [{"ObjectOwnership": ENFORCED}]}
_NEW_BLOCK = dict.fromkeys(_BLOCKS, True)


def _ownership_document(tx: Transaction, bucket: Bucket) -> dict[str, Any]:
    found: dict[str, Any] | None = documents.find(tx, bucket, OWNERSHIP)
    return _NEW_OWNERSHIP if found is None else found


def _block(tx: Transaction, bucket: Bucket) -> dict[str, bool]:
    found: dict[str, bool] | None = documents.find(tx, bucket, BLOCK)
    return _NEW_BLOCK if found is None else found


def ownership(tx: Transaction, bucket: Bucket) -> str:
    document = _ownership_document(tx, bucket)
    return str(document["Rules"][0]["ObjectOwnership"]) if document else OBJECT_WRITER


def blocks_public_policies(tx: Transaction, bucket: Bucket) -> bool:
    return _block(tx, bucket).get("BlockPublicPolicy", False)


def check_acl(tx: Transaction, bucket: Bucket, acl: Acl) -> None:
    """Refuse an ACL of a bucket, or of something in it, that its settings do not allow."""
    if acl.is_plain(acls.canonical_id(bucket.account)):
        return
    if ownership(tx, bucket) == ENFORCED:
        raise refusals.acls_not_supported()
    if acl.is_public and _block(tx, bucket).get("BlockPublicAcls"):
        raise errors.access_denied()


def visible(tx: Transaction, bucket: Bucket, acl: Acl) -> dict[str, Any]:
    """An ACL as it counts: where the bucket's owner owns everything there is only the owner's."""
    if acl.canned != acls.PRIVATE and ownership(tx, bucket) == ENFORCED:
        acl = acls.NONE
    return acls.described(acl, bucket.account)


# Object ownership.


def check_new_ownership(asked: str | None) -> str:
    """As the header of CreateBucket has it."""
    if asked is not None and asked not in OWNERSHIPS:
        raise errors.invalid_argument(
            f"Invalid x-amz-object-ownership header: {asked}", "x-amz-object-ownership", asked
        )
    return asked or ENFORCED


def put_first(tx: Transaction, bucket: Bucket, chosen: str, acl: Acl) -> None:
    """Keep what a bucket is made with; raises where that does not go together."""
    if not acl.is_plain(acls.canonical_id(bucket.account)):
        if chosen == ENFORCED:
            raise refusals.acl_against_ownership()
        if acl.is_public:
            raise refusals.acl_against_block()
        bucket_acls.keep(tx, bucket, acl)
    if chosen != ENFORCED:
        documents.put(tx, bucket, OWNERSHIP, {"Rules": [{"ObjectOwnership": chosen}]})


def put_bucket_ownership_controls(
    call: Call,
    *,
    bucket: str,
    ownership_controls: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    documents.check(call, "OwnershipControls", ownership_controls)
    if len(ownership_controls["Rules"]) != 1:
        raise errors.malformed_xml()
    chosen = ownership_controls["Rules"][0]["ObjectOwnership"]
    present = bucket_acls.find(call.tx, found)
    if chosen == ENFORCED and not present.is_plain(acls.canonical_id(found.account)):
        raise refusals.acl_against_ownership()
    documents.put(call.tx, found, OWNERSHIP, ownership_controls)


def get_bucket_ownership_controls(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    document = _ownership_document(call.tx, found)
    if not document:
        raise refusals.no_ownership_controls(bucket)
    return {"OwnershipControls": document}


def delete_bucket_ownership_controls(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    documents.put(call.tx, found, OWNERSHIP, {})


# The block of public access.


def put_public_access_block(
    call: Call,
    *,
    bucket: str,
    public_access_block_configuration: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    if not public_access_block_configuration:
        raise errors.invalid_request("Must specify at least one configuration.")
    wanted = dict.fromkeys(_BLOCKS, False) | public_access_block_configuration
    documents.put(call.tx, found, BLOCK, wanted)


def get_public_access_block(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    present = _block(call.tx, found)
    if not present:
        raise refusals.no_public_access_block(bucket)
    return {"PublicAccessBlockConfiguration": present}


def delete_public_access_block(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    documents.put(call.tx, found, BLOCK, {})
