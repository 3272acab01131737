"""Data protection policies of topics: checked, kept and given back; messages are not inspected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.sns import errors, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: API_PutDataProtectionPolicy
_LENGTH_MAX = 30_720


def check(text: str) -> str:
    """The policy; raises AWS's error for one that cannot be one."""
    if len(text) > _LENGTH_MAX:
        raise errors.invalid_because(
            "DataProtectionPolicy", f"the length must be at most {_LENGTH_MAX}"
        )
    try:
        document: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise errors.invalid_because("DataProtectionPolicy", "failed to parse JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list):
        raise errors.invalid_because("DataProtectionPolicy", "Statement is required")
    return text


def get_data_protection_policy(call: Call, *, resource_arn: str) -> dict[str, Any]:
    topic, _ = store.find(call.tx, call.about)
    return {"DataProtectionPolicy": topic.data_protection} if topic.data_protection else {}


def put_data_protection_policy(
    call: Call, *, resource_arn: str, data_protection_policy: str
) -> None:
    topic, _ = store.find(call.tx, call.about)
    policy = check(data_protection_policy) if data_protection_policy else ""
    store.update(call.tx, call.about, topic.attributes, policy)
