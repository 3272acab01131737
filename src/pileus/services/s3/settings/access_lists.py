"""Operations on the ACLs of buckets and objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import msgspec

from pileus.services.s3 import acls, changes, errors, names, store
from pileus.services.s3.acls import Acl
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.settings import access, bucket_acls

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.s3.store import Bucket


class AclSettings(TypedDict, total=False):
    """Members that give an ACL, and those of every request with a body."""

    acl: str
    access_control_policy: dict[str, Any]
    grant_full_control: str
    grant_read: str
    grant_read_acp: str
    grant_write: str
    grant_write_acp: str
    content_md5: str
    checksum_algorithm: str
    expected_bucket_owner: str


class ObjectAclSettings(AclSettings, total=False):
    """Those of an object's."""

    version_id: str
    request_payer: str


def _asked(settings: Mapping[str, Any], bucket: Bucket) -> Acl:
    """The ACL of a request, by its headers or its document."""
    policy = settings.get("access_control_policy")
    if acls.is_given(settings):
        if policy is not None:
            raise errors.error("UnexpectedContent", "This request does not support content")
        return acls.read(settings)
    if policy is None:
        raise errors.error(
            "MissingSecurityHeader",
            "Your request was missing a required header",
            MissingHeaderName="x-amz-acl",
        )
    return acls.of_policy(policy, bucket.account)


def put_bucket_acl(call: Call, *, bucket: str, **settings: Unpack[AclSettings]) -> None:
    found = store.find_bucket(call.tx, settings.get("expected_bucket_owner"))
    wanted = _asked(settings, found)
    access.check_acl(call.tx, found, wanted)
    bucket_acls.keep(call.tx, found, wanted)


def get_bucket_acl(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    return access.visible(call.tx, found, bucket_acls.find(call.tx, found))


def put_object_acl(
    call: Call, *, bucket: str, key: str, **settings: Unpack[ObjectAclSettings]
) -> None:
    tx = call.tx
    found = store.find_bucket(tx, settings.get("expected_bucket_owner"))
    version = shelf.find(tx, found, key, names.key_bytes(key), settings.get("version_id"), "PUT")
    wanted = _asked(settings, found)
    access.check_acl(tx, found, wanted)
    changed = msgspec.structs.replace(facts.of_text(version.facts), acl=wanted)
    versions.set_facts(tx, found, version, facts.text_of(changed))
    changes.written(tx, found, "ObjectAcl:Put", version)


def get_object_acl(
    call: Call,
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    request_payer: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    found = store.find_bucket(tx, expected_bucket_owner)
    version = shelf.find(tx, found, key, names.key_bytes(key), version_id, "GET")
    return access.visible(tx, found, facts.of_text(version.facts).acl)
