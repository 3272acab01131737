"""Policies of forms: until when and with what fields a form may be posted.

docs: AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pileus.services.s3.posts import refusals

# Fields that no condition need name.
_FREE = frozenset({"file", "policy", "signature", "awsaccesskeyid", "x-amz-signature", "bucket"})
_IGNORED = "x-ignore-"
_LENGTH = "content-length-range"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
CONDITIONS_MAX = 1000


class Condition(NamedTuple):
    """`name` as the policy has it, a dollar included."""

    operator: str
    name: str
    value: str

    @property
    def field(self) -> str:
        return self.name.removeprefix("$").lower()


class Policy(NamedTuple):
    expires_at: int
    conditions: tuple[Condition, ...]
    # The size that the file may have.
    size_min_bytes: int = 0
    size_max_bytes: int | None = None


def read(encoded: str) -> Policy:
    """Read a policy; raises AWS's errors."""
    try:
        document = json.loads(base64.b64decode(encoded, validate=False).decode())
    except (binascii.Error, ValueError, RecursionError):
        raise refusals.invalid_policy("Invalid JSON.") from None
    if not isinstance(document, dict):
        raise refusals.invalid_policy("Invalid JSON.")
    if "expiration" not in document:
        raise refusals.invalid_policy("Policy missing expiration.")
    if not isinstance(document.get("conditions"), list):
        raise refusals.invalid_policy("Policy missing conditions.")
    if len(document["conditions"]) > CONDITIONS_MAX:
        raise refusals.invalid_policy("Too many conditions.")
    policy = Policy(_instant(document["expiration"]), ())
    conditions = []
    for each in document["conditions"]:
        if isinstance(each, list) and each and str(each[0]).lower() == _LENGTH:
            low, high = _sizes(each)
            policy = policy._replace(size_min_bytes=low, size_max_bytes=high)
        else:
            conditions.append(_condition(each))
    return policy._replace(conditions=tuple(conditions))


def _instant(text: Any) -> int:
    if not isinstance(text, str) or _DATE.fullmatch(text) is None:
        raise refusals.invalid_policy(f"Invalid 'expiration' value: '{str(text)[:100]}'")
    try:
        moment = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        raise refusals.invalid_policy(f"Invalid 'expiration' value: '{text}'") from None
    return int(moment.timestamp()) * 1000


def _sizes(given: Sequence[Any]) -> tuple[int, int]:
    try:
        low, high = (int(each) for each in given[1:])
    except (ValueError, TypeError):
        raise refusals.condition_failed(given) from None
    if low < 0 or high < low:
        raise refusals.condition_failed(given)
    return low, high


def _condition(given: Any) -> Condition:
    if isinstance(given, dict):
        if len(given) != 1:
            raise refusals.invalid_policy(
                "Invalid Simple-Condition: Simple-Conditions must have exactly one property "
                "specified."
            )
        ((name, value),) = given.items()
        if not isinstance(value, str):
            raise refusals.invalid_policy("Invalid Simple-Condition: value must be a string.")
        return Condition("eq", f"${name}", value)
    if not isinstance(given, list) or len(given) != 3:
        raise refusals.invalid_policy("Invalid Condition: must have three elements.")
    if not all(isinstance(each, str) for each in given):
        raise refusals.invalid_policy("Invalid Condition: elements must be strings.")
    operator = given[0].lower()
    if operator not in ("eq", "starts-with"):
        raise refusals.invalid_policy(f"Invalid Condition: unknown operation '{given[0][:100]}'.")
    return Condition(operator, given[1], given[2])


def check(policy: Policy, fields: Mapping[str, str], nows: Sequence[int]) -> None:
    """Refuse a form that is late, or whose fields are not as the policy has them."""
    if all(now >= policy.expires_at for now in nows):
        raise refusals.against_policy("Policy expired.")
    for condition in policy.conditions:
        # A name without its dollar is none.
        is_named = condition.name.startswith("$")
        if not is_named or not _holds(condition, fields.get(condition.field, "")):
            raise refusals.condition_failed(list(condition))
    named = {condition.field for condition in policy.conditions}
    extra = [
        name
        for name in fields
        if name not in named and name not in _FREE and not name.startswith(_IGNORED)
    ]
    if extra:
        raise refusals.against_policy(f"Extra input fields: {', '.join(extra)}")


def _holds(condition: Condition, value: str) -> bool:
    if condition.operator == "eq":
        return value == condition.value
    if condition.field == "content-type" and "," in value:
        # docs: each of a list must begin so.
        return all(each.strip().startswith(condition.value) for each in value.split(","))
    return value.startswith(condition.value)
