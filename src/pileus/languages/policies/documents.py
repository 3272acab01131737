"""Policy documents: parsed once, refused in IAM's words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NoReturn

from pileus.languages.policies.conditions import AnyCondition, condition

VERSION_2008 = "2008-10-17"
VERSION_2012 = "2012-10-17"
PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_SID = re.compile(r"[0-9A-Za-z]*", re.ASCII)
_VENDOR = re.compile(r"[a-zA-Z0-9-]+", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_STATEMENT_KEYS = frozenset(
    {
        "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
        "NotResource", "Condition",
    }
)  # fmt: skip
_SYNTAX = "Syntax errors in policy."


class MalformedPolicy(Exception):
    """Why a document is refused, as IAM words it."""

    def __init__(self, message: str = _SYNTAX) -> None:
        super().__init__(message)
        self.message = message


class Kind(Enum):
    """What a document is attached to: it decides which elements it must and may have."""

    INLINE = auto()  # to a user, group or role
    MANAGED = auto()
    TRUST = auto()  # to a role: who may assume it
    RESOURCE = auto()  # to a queue, a topic, a bucket ...
    SESSION = auto()


@dataclass(frozen=True)
class Principals:
    """The principals by kind: `{"AWS": ("*",)}` for everybody."""

    by_kind: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Statement:
    sid: str
    is_allow: bool
    principals: Principals | None
    is_not_principal: bool
    actions: tuple[str, ...]
    is_not_action: bool
    # None: the element is missing, as in trust policies; the statement is about any resource.
    resources: tuple[str, ...] | None
    is_not_resource: bool
    conditions: tuple[AnyCondition, ...]


@dataclass(frozen=True)
class Document:
    has_variables: bool
    statements: tuple[Statement, ...]


def parse(text: str, kind: Kind) -> Document:
    """Read a document; raises MalformedPolicy."""
    try:
        raw = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicy("This policy contains invalid Json") from error
    if not isinstance(raw, dict) or not raw.keys() <= {"Version", "Id", "Statement"}:
        raise MalformedPolicy
    version = raw.get("Version", VERSION_2008)
    if version not in (VERSION_2008, VERSION_2012):
        _refuse()
    if kind is Kind.MANAGED and version != VERSION_2012:
        _refuse("Policy document must be version 2012-10-17 or greater.")
    if "Id" in raw and not isinstance(raw["Id"], str):
        raise MalformedPolicy
    listed = raw.get("Statement")
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list) or not listed:
        raise MalformedPolicy
    has_variables = version == VERSION_2012
    statements = tuple(_statement(item, kind, has_variables) for item in listed)
    sids = [statement.sid for statement in statements if statement.sid]
    if len(set(sids)) < len(sids):
        _refuse("Statement IDs (SID) in a single policy must be unique.")
    return Document(has_variables, statements)


def size(text: str) -> int:
    """The characters that count towards quotas: white space does not."""
    return len(re.sub(r"\s", "", text))


def _statement(raw: Any, kind: Kind, has_variables: bool) -> Statement:
    if not isinstance(raw, dict) or not raw.keys() <= _STATEMENT_KEYS:
        raise MalformedPolicy
    sid = raw.get("Sid", "")
    if not isinstance(sid, str):
        raise MalformedPolicy
    if kind is not Kind.RESOURCE and not _SID.fullmatch(sid):
        _refuse(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular"
            " expression [0-9A-Za-z]*"
        )
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy
    principals, is_not_principal = _principal_element(raw, kind)
    actions, is_not_action = _either(raw, "Action", "Policy statement must contain actions.")
    assert actions is not None
    for action in actions:
        _check_action(action, kind)
    resources, is_not_resource = _resource_element(raw, kind)
    return Statement(
        sid,
        raw["Effect"] == "Allow",
        principals,
        is_not_principal,
        actions,
        is_not_action,
        resources,
        is_not_resource,
        _conditions(raw.get("Condition", {}), has_variables),
    )


def _either(
    raw: Mapping[str, Any], name: str, missing: str | None
) -> tuple[tuple[str, ...] | None, bool]:
    """An element or its Not form: a text or a list of texts."""
    if name in raw and f"Not{name}" in raw:
        raise MalformedPolicy
    is_not = f"Not{name}" in raw
    value = raw.get(f"Not{name}" if is_not else name)
    if value is None or value == []:
        if missing is None:
            return None, False
        _refuse(missing)
    return _texts(value), is_not


def _principal_element(raw: Mapping[str, Any], kind: Kind) -> tuple[Principals | None, bool]:
    names = [name for name in ("Principal", "NotPrincipal") if name in raw]
    if kind in (Kind.INLINE, Kind.MANAGED, Kind.SESSION):
        if names:
            _refuse("Policy document should not specify a principal.")
        return None, False
    if len(names) != 1:
        if kind is Kind.TRUST and not names:
            _refuse(
                "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The"
                " passed in policy has a statement with no principals!"
            )
        raise MalformedPolicy
    if kind is Kind.TRUST and names == ["NotPrincipal"]:
        _refuse("Has prohibited field NotPrincipal")
    return _principals(raw[names[0]]), names == ["NotPrincipal"]


def _principals(raw: Any) -> Principals:
    if raw == "*":
        return Principals({"AWS": ("*",)})
    if not isinstance(raw, dict) or not raw or not raw.keys() <= PRINCIPAL_KINDS:
        raise MalformedPolicy
    by_kind = {kind: _texts(value) for kind, value in raw.items()}
    for text in by_kind.get("AWS", ()):
        is_arn = text.startswith("arn:") and len(text.split(":", 5)) == 6
        if text != "*" and not is_arn and not _ACCOUNT.fullmatch(text) and not _is_id(text):
            _refuse(f'Invalid principal in policy: "AWS":"{text}"')
    return Principals(by_kind)


def _is_id(text: str) -> bool:
    """A user's or role's unique id, which stands where the entity has been deleted."""
    return len(text) >= 16 and text[:4] in ("AIDA", "AROA") and text.isalnum()


def _check_action(action: str, kind: Kind) -> None:
    if kind is Kind.TRUST and not action.lower().startswith("sts:"):
        _refuse("AssumeRole policy may only specify STS AssumeRole actions.")
    if action == "*":
        return
    vendor, _, name = action.partition(":")
    if not name:
        _refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        _refuse("Actions/Condition can contain only one colon.")
    if not _VENDOR.fullmatch(vendor):
        _refuse(f"Vendor {vendor} is not valid")


def _resource_element(raw: Mapping[str, Any], kind: Kind) -> tuple[tuple[str, ...] | None, bool]:
    if kind is Kind.TRUST:
        for name in ("Resource", "NotResource"):
            if name in raw:
                _refuse(f"Has prohibited field {name}")
        return None, False
    missing = None if kind is Kind.RESOURCE else "Policy statement must contain resources."
    resources, is_not = _either(raw, "Resource", missing)
    if kind is not Kind.RESOURCE:
        for resource in resources or ():
            if resource != "*" and not resource.startswith("arn:"):
                _refuse(f'Resource {resource} must be in ARN format or "*".')
    return resources, is_not


def _conditions(raw: Any, has_variables: bool) -> tuple[AnyCondition, ...]:
    if not isinstance(raw, dict):
        raise MalformedPolicy
    compiled = []
    for name, keys in raw.items():
        if not isinstance(keys, dict):
            raise MalformedPolicy
        for key, value in keys.items():
            values = [_plain(item) for item in (value if isinstance(value, list) else [value])]
            try:
                compiled.append(condition(name, key, values, has_variables))
            except KeyError as error:
                raise MalformedPolicy from error
    return tuple(compiled)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedPolicy


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) and item for item in values):
        raise MalformedPolicy
    return tuple(values)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: the grammar allows none twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise MalformedPolicy
    return found


def _refuse(message: str = _SYNTAX) -> NoReturn:
    raise MalformedPolicy(message)
