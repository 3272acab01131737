"""Names of buckets and keys: which are allowed, and what a request is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pileus.services.s3 import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call

KEY_BYTES_MAX = 1024
# docs: AmazonS3/latest/userguide/bucketnamingrules
_NEW = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
# Buckets of an older time may be longer and in capitals, but these do not exist here.
_ANY = re.compile(r"[A-Za-z0-9._-]{1,255}")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def is_new_name(name: str) -> bool:
    """Whether a bucket may be given this name."""
    return (
        _NEW.fullmatch(name) is not None
        and _ADDRESS.fullmatch(name) is None
        and not name.startswith(_PREFIXES)
        and not name.endswith(_SUFFIXES)
    )


def arn_of(call: Call, name: str) -> str:
    return f"arn:{call.partition}:s3:::{name}"


def bucket_of(arn: str) -> str:
    """The name of the bucket whose ARN it is."""
    return arn.rpartition(":")[2]


def the_bucket(call: Call, params: Mapping[str, Any]) -> str:
    """What requests on a bucket, or on something in it, are about."""
    return _arn(call.partition, params["Bucket"])


@lru_cache(maxsize=1024)
def _arn(partition: str, name: str) -> str:
    if _ANY.fullmatch(name) is None:
        raise errors.invalid_bucket_name(name)
    return f"arn:{partition}:s3:::{name}"


def the_owner(call: Call, params: Mapping[str, Any]) -> str:
    """The account, whose list of buckets spans all regions."""
    return owner_of(call.partition, call.account)


def owner_of(partition: str, account: str) -> str:
    return f"arn:{partition}:s3::{account}:"


def key_bytes(key: str) -> bytes:
    """A key as it is stored and ordered."""
    try:
        found = key.encode()
    except UnicodeEncodeError:
        raise errors.invalid_uri() from None
    if len(found) > KEY_BYTES_MAX:
        raise errors.key_too_long(len(found))
    return found
