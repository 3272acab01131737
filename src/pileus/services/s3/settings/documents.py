"""Settings of a bucket as documents with AWS's names: checked by AWS's model, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.s3 import errors, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

decode = msgspec.json.decode


def check(call: Call, member: str, document: Mapping[str, Any]) -> None:
    """Refuse a document that lacks what its shape requires, or has a word that it does not know."""
    operation = call.kernel.registry.operation("s3", call.operation)
    assert operation is not None and operation.model.input is not None
    if not _fits(operation.model.input.members[member].shape, document):
        raise errors.malformed_xml()


def _fits(shape: Any, value: Any) -> bool:
    if shape.type == "structure":
        return all(value.get(name) not in (None, []) for name in shape.required) and all(
            name in shape.members and _fits(shape.members[name].shape, each)
            for name, each in value.items()
        )
    if shape.type == "list":
        return all(_fits(shape.member.shape, each) for each in value)
    return not shape.traits.enum or value in shape.traits.enum


def find(tx: Transaction, bucket: Bucket, kind: str) -> Any:
    """None where nothing is set."""
    if "/" not in kind and not bucket.has_setting(kind):
        return None
    text = store.setting(tx, bucket, kind)
    return None if text is None else decode(text)


def put(tx: Transaction, bucket: Bucket, kind: str, document: Any) -> None:
    store.put_setting(tx, bucket, kind, msgspec.json.encode(document).decode())
