"""Operations on a bucket's lifecycle configuration."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.s3 import errors, store
from pileus.services.s3.lifecycle import agenda, documents
from pileus.services.s3.lifecycle.agenda import KIND

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def get_bucket_lifecycle_configuration(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    text = store.setting(call.tx, found, KIND)
    if text is None:
        raise errors.error(
            "NoSuchLifecycleConfiguration",
            "The lifecycle configuration does not exist",
            404,
            BucketName=bucket,
        )
    document = msgspec.json.decode(text)
    return {
        "Rules": document["Rules"],
        "TransitionDefaultMinimumObjectSize": document["MinimumSize"],
    }


def put_bucket_lifecycle_configuration(
    call: Call,
    *,
    bucket: str,
    lifecycle_configuration: dict[str, Any] | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
    transition_default_minimum_object_size: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    found = store.find_bucket(tx, expected_bucket_owner)
    rules = [_identified(call, each) for each in (lifecycle_configuration or {}).get("Rules") or ()]
    minimum_size = transition_default_minimum_object_size or documents.ALL_128K
    documents.of_document(rules, minimum_size)
    document = {"Rules": rules, "MinimumSize": minimum_size}
    store.put_setting(tx, found, KIND, msgspec.json.encode(document).decode())
    agenda.begin_anew(tx, found)
    return {"TransitionDefaultMinimumObjectSize": minimum_size}


def _identified(call: Call, rule: Mapping[str, Any]) -> dict[str, Any]:
    made = base64.b64encode(call.kernel.ids.uuid().encode()).decode()
    return {**rule, "ID": rule.get("ID") or made}


def delete_bucket_lifecycle(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    store.remove_setting(call.tx, found, KIND)
    agenda.end(call.tx, found.id)
