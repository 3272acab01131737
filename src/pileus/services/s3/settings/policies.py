"""Operations on the policy of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.services.s3 import store
from pileus.services.s3.settings import access, policy_documents, refusals

if TYPE_CHECKING:
    from pileus.kernel.call import Call

KIND = "policy"


def put_bucket_policy(
    call: Call,
    *,
    bucket: str,
    policy: str,
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    confirm_remove_self_bucket_access: bool = False,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    document = policy_documents.read(policy, call.about)
    if policy_documents.is_public(document) and access.blocks_public_policies(call.tx, found):
        raise refusals.public_policy_blocked(call.context.principal_arn, call.about)
    # Escapes keep out what a database cannot keep.
    store.put_setting(call.tx, found, KIND, policy)


def get_bucket_policy(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    return {"Policy": _find(call, expected_bucket_owner)}


def _find(call: Call, owner: str | None) -> str:
    found = store.find_bucket(call.tx, owner)
    text = store.setting(call.tx, found, KIND)
    if text is None:
        raise refusals.no_such_policy(found.name)
    return text


def get_bucket_policy_status(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    document = policy_documents.read(_find(call, expected_bucket_owner), call.about)
    return {"PolicyStatus": {"IsPublic": policy_documents.is_public(document)}}


def delete_bucket_policy(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    store.remove_setting(call.tx, found, KIND)
