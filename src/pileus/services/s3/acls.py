"""Access control lists: canned, as headers or as documents; who owns a bucket and what is in it.

docs: AmazonS3/latest/userguide/acl-overview
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from pileus.services.s3 import errors
from pileus.services.s3.settings import refusals

FULL_CONTROL = "FULL_CONTROL"
PRIVATE = "private"
GRANTS_MAX = 100
_GROUPS = "http://acs.amazonaws.com/groups/"
EVERYBODY = f"{_GROUPS}global/AllUsers"
AUTHENTICATED = f"{_GROUPS}global/AuthenticatedUsers"
LOG_DELIVERY = f"{_GROUPS}s3/LogDelivery"
# Whom aws-exec-read names: Amazon EC2.
_EC2 = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"
_ID = re.compile(r"[0-9a-f]{64}")
_PERMISSIONS = frozenset({FULL_CONTROL, "READ", "WRITE", "READ_ACP", "WRITE_ACP"})
# By our keywords, in the order in which S3 lists the grants.
_HEADERS = {
    "grant_full_control": FULL_CONTROL,
    "grant_read": "READ",
    "grant_read_acp": "READ_ACP",
    "grant_write": "WRITE",
    "grant_write_acp": "WRITE_ACP",
}
_NAMED = re.compile(r"\s*([A-Za-z]+)\s*=\s*(?:\"([^\"]*)\"|([^\",\s]+))\s*")


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """A permission, and who has it: an account by its canonical id, or a group by its URI."""

    permission: str
    id: str = ""
    group: str = ""


# What the canned ones give besides all to the owner. Those of other kinds of things give nothing.
_CANNED: Mapping[str, tuple[Grant, ...]] = {
    PRIVATE: (),
    "public-read": (Grant("READ", group=EVERYBODY),),
    "public-read-write": (Grant("READ", group=EVERYBODY), Grant("WRITE", group=EVERYBODY)),
    "authenticated-read": (Grant("READ", group=AUTHENTICATED),),
    "aws-exec-read": (Grant("READ", id=_EC2),),
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
    "log-delivery-write": (
        Grant("WRITE", group=LOG_DELIVERY),
        Grant("READ_ACP", group=LOG_DELIVERY),
    ),
}


class Acl(msgspec.Struct, frozen=True, omit_defaults=True):
    """As it was asked for: by a canned name, or by grants where that is empty."""

    canned: str = PRIVATE
    grants: tuple[Grant, ...] = ()

    def all_grants(self, owner_id: str) -> tuple[Grant, ...]:
        if not self.canned:
            return self.grants
        return (Grant(FULL_CONTROL, id=owner_id), *_CANNED[self.canned])

    def is_plain(self, owner_id: str) -> bool:
        """Whether it says nothing else than that the owner may do everything."""
        if self.canned:
            return not _CANNED[self.canned]
        return self.grants == (Grant(FULL_CONTROL, id=owner_id),)

    @property
    def is_public(self) -> bool:
        """docs: access-control-block-public-access, the meaning of public."""
        return any(grant.group in (EVERYBODY, AUTHENTICATED) for grant in self.all_grants(""))


NONE = Acl()


@lru_cache(maxsize=1000)
def canonical_id(account: str) -> str:
    """An account's canonical user id: 64 hexadecimal digits that are always the same."""
    return hashlib.sha256(f"s3:{account}".encode()).hexdigest()


def is_given(settings: Mapping[str, Any]) -> bool:
    """Whether a request's headers bring an ACL."""
    return any(settings.get(keyword) is not None for keyword in ("acl", *_HEADERS))


def read(settings: Mapping[str, Any]) -> Acl:
    """An ACL as headers give it; raises AWS's errors."""
    canned = settings.get("acl")
    given = {keyword: settings[keyword] for keyword in _HEADERS if settings.get(keyword)}
    if canned is not None and given:
        raise errors.invalid_request("Specifying both Canned ACLs and Header Grants is not allowed")
    if canned is not None:
        if canned not in _CANNED:
            raise errors.invalid_argument("", "x-amz-acl", canned)
        return NONE if canned == PRIVATE else Acl(canned)
    if not given:
        return NONE
    grants = tuple(
        Grant(_HEADERS[keyword], id_, group)
        for keyword, text in given.items()
        for id_, group in _grantees(text, f"x-amz-{keyword.replace('_', '-')}")
    )
    _check_number(grants)
    return Acl("", grants)


def _grantees(text: str, header: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        found = _NAMED.fullmatch(part)
        kind = found[1].lower() if found is not None else ""
        if found is None or kind not in ("id", "uri", "emailaddress"):
            raise errors.invalid_argument("Argument format not recognized", header, text)
        yield _grantee(kind, found[2] or found[3] or "")


def _grantee(kind: str, text: str) -> tuple[str, str]:
    """The id and the group, one of which is empty."""
    if kind == "id":
        if _ID.fullmatch(text) is None:
            raise errors.invalid_argument("Invalid id", "CanonicalUser/ID", text)
        return text, ""
    if kind == "uri":
        if text not in (EVERYBODY, AUTHENTICATED, LOG_DELIVERY):
            raise errors.invalid_argument("Invalid group uri", "Group/URI", text)
        return "", text
    # Accounts have no addresses here.
    raise errors.error(
        "UnresolvableGrantByEmailAddress",
        "The email address you provided does not match any account on record.",
    )


def of_policy(policy: Mapping[str, Any], account: str) -> Acl:
    """An ACL as a document gives it; raises AWS's errors."""
    owner = (policy.get("Owner") or {}).get("ID")
    if owner is None or policy.get("Grants") is None:
        raise refusals.malformed_acl()
    if owner != canonical_id(account):
        raise errors.access_denied()
    grants = tuple(map(_grant_of, policy["Grants"]))
    _check_number(grants)
    return Acl("", grants)


def _grant_of(given: Mapping[str, Any]) -> Grant:
    grantee = given.get("Grantee") or {}
    member, kind = {
        "CanonicalUser": ("ID", "id"),
        "Group": ("URI", "uri"),
        "AmazonCustomerByEmail": ("EmailAddress", "emailaddress"),
    }.get(grantee.get("Type", ""), ("", ""))
    if given.get("Permission") not in _PERMISSIONS or grantee.get(member) is None:
        raise refusals.malformed_acl()
    return Grant(given["Permission"], *_grantee(kind, grantee[member]))


def _check_number(grants: tuple[Grant, ...]) -> None:
    if len(grants) > GRANTS_MAX:
        raise refusals.malformed_acl()


def described(acl: Acl, account: str) -> dict[str, Any]:
    """The answer of GetBucketAcl and GetObjectAcl."""
    owner = canonical_id(account)
    return {
        "Owner": {"ID": owner},
        "Grants": [
            {
                "Grantee": {"URI": grant.group, "Type": "Group"}
                if grant.group
                else {"ID": grant.id, "Type": "CanonicalUser"},
                "Permission": grant.permission,
            }
            for grant in acl.all_grants(owner)
        ],
    }
