"""The ACL of a bucket as its setting has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.services.s3 import acls, store
from pileus.services.s3.acls import Acl

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

_KIND = "acl"
_decode = msgspec.json.Decoder(Acl).decode


def find(tx: Transaction, bucket: Bucket) -> Acl:
    text = store.setting(tx, bucket, _KIND)
    return acls.NONE if text is None else _decode(text)


def keep(tx: Transaction, bucket: Bucket, acl: Acl) -> None:
    store.put_setting(tx, bucket, _KIND, msgspec.json.encode(acl).decode())
