"""Bucket policies as documents: what S3 refuses, in its words, and what makes one public.

docs: AmazonS3/latest/userguide/bucket-policies, access-control-block-public-access
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pileus.languages import policies
from pileus.services.s3.settings import refusals

# docs: AmazonS3/latest/userguide/bucket-policies
POLICY_BYTES_MAX = 20 * 1024
_VERSIONS = ("2008-10-17", "2012-10-17")
_FIELDS = {"Version", "Id", "Statement"}
_STATEMENT_FIELDS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
    "NotResource", "Condition",
}  # fmt: skip
_ACTION = re.compile(r"(?i)s3:[a-z*?]+")
_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam|sts)::(?:[0-9]{12}|cloudfront):(?:root|[a-z-]+/\S.*)"
    r"|A[A-Z]{2}A[A-Z0-9]{12,}"
)
_PRINCIPALS = {
    "AWS": _PRINCIPAL,
    "Service": re.compile(r"[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)"),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
    "Federated": re.compile(r".+"),
}
# Actions on objects; all others are on buckets.
_OBJECT_ACTION = re.compile(
    r"(?i)(?:Get|Put|Delete|Restore|Replicate|Update)Object|AbortMultipartUpload|"
    r"ListMultipartUploadParts|Replicate|BypassGovernanceRetention|ObjectOwner|InitiateReplication"
)
# A condition on one of these with fixed values keeps a policy from being public.
_FIXING_KEYS = frozenset(
    {
        "aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner",
        "aws:sourceaccount", "aws:sourceorgid", "aws:userid", "aws:username", "aws:principalarn",
        "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:calledvia",
        "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    }
)  # fmt: skip
# Blocks of addresses that are wider than these are the world.
_WIDEST_BITS = {False: 8, True: 32}

Document = Mapping[str, Any]


def read(text: str, bucket_arn: str) -> Document:
    """The document, or AWS's error for a policy that this bucket may not have."""
    if not text.startswith("{"):
        raise refusals.malformed_policy(_NO_JSON)
    if len(text.encode("utf-8", "replace")) > POLICY_BYTES_MAX:
        raise refusals.malformed_policy(
            "Normalized policy document exceeds the maximum allowed size of "
            f"{POLICY_BYTES_MAX} bytes."
        )
    try:
        document: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise refusals.malformed_policy(_NO_JSON) from None
    _check_fields(document, _FIELDS)
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise refusals.malformed_policy("The policy must contain a valid version string")
    if "Statement" not in document:
        raise refusals.malformed_policy("Missing required field Statement")
    statements = _listed(document["Statement"])
    if not statements:
        raise refusals.malformed_policy("Could not parse the policy: Statement is empty!")
    for statement in statements:
        _check_statement(statement, bucket_arn)
    try:
        policies.parse(text, policies.Kind.RESOURCE)
    except policies.MalformedPolicy as error:
        raise refusals.malformed_policy(error.message) from None
    return document


_NO_JSON = "Policies must be valid JSON and the first byte must be '{'"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_fields(given: Mapping[str, Any], known: set[str]) -> None:
    for name in given:
        if name not in known:
            raise refusals.malformed_policy(f"Unknown field {name[:100]}")


def _check_statement(statement: Any, bucket_arn: str) -> None:
    if not isinstance(statement, dict):
        raise refusals.malformed_policy(_NO_JSON)
    _check_fields(statement, _STATEMENT_FIELDS)
    effect = statement.get("Effect")
    if effect is None:
        raise refusals.malformed_policy("Missing required field Effect")
    if effect not in ("Allow", "Deny"):
        raise refusals.malformed_policy(f"Invalid effect: {str(effect)[:100]}")
    principal = _either(statement, "Principal", "Invalid principal in policy")
    actions = _texts(_either(statement, "Action", _INVALID_ACTION), _INVALID_ACTION)
    resources = _texts(_either(statement, "Resource", _INVALID_RESOURCE), _INVALID_RESOURCE)
    if not _is_principal(principal):
        raise refusals.malformed_policy("Invalid principal in policy")
    for action in actions:
        if action != "*" and _ACTION.fullmatch(action) is None:
            raise refusals.malformed_policy(_INVALID_ACTION)
    for resource in resources:
        if not _is_of_bucket(resource, bucket_arn):
            raise refusals.malformed_policy(_INVALID_RESOURCE)
    if "Action" in statement and "Resource" in statement:
        _check_fit(actions, resources)


_INVALID_ACTION = "Policy has invalid action"
_INVALID_RESOURCE = "Policy has invalid resource"


def _either(statement: Mapping[str, Any], name: str, both: str) -> Any:
    if name in statement and f"Not{name}" in statement:
        raise refusals.malformed_policy(both)
    found = statement.get(name, statement.get(f"Not{name}"))
    if found is None:
        raise refusals.malformed_policy(f"Missing required field {name}")
    return found


def _texts(value: Any, refusal: str) -> Sequence[str]:
    found = _listed(value)
    if not found or not all(isinstance(each, str) for each in found):
        raise refusals.malformed_policy(refusal)
    return found


def _is_principal(value: Any) -> bool:
    if value == "*":
        return True
    if not isinstance(value, dict) or not value:
        return False
    return all(
        kind in _PRINCIPALS
        and _listed(given)
        and all(
            isinstance(each, str) and _PRINCIPALS[kind].fullmatch(each) for each in _listed(given)
        )
        for kind, given in value.items()
    )


def _is_of_bucket(resource: str, bucket_arn: str) -> bool:
    """Whether it names the bucket or something in it; its end may be a star."""
    name = resource.partition("/")[0]
    if name == bucket_arn:
        return True
    prefix = bucket_arn.rpartition(":")[0] + ":"
    return (
        "/" not in resource
        and len(resource) > len(prefix) + 1
        and name.endswith("*")
        and bucket_arn.startswith(name[:-1])
    )


def _check_fit(actions: Sequence[str], resources: Sequence[str]) -> None:
    """Each action must be one on a kind of resource that is there."""
    has_objects = any("/" in each or "*" in each for each in resources)
    has_bucket = any("/" not in each for each in resources)
    for action in actions:
        name = action.partition(":")[2]
        fixed = re.split(r"[*?]", name)[0]
        is_object_action = _OBJECT_ACTION.match(fixed) is not None
        if "*" in action and not is_object_action:
            continue
        if "?" in action or (has_objects if is_object_action else has_bucket):
            continue
        raise refusals.malformed_policy("Action does not apply to any resource(s) in statement")


# What is public.


def is_public(document: Document) -> bool:
    """Whether a statement allows something to everybody."""
    return any(_allows_everybody(each) for each in _listed(document["Statement"]))


def _allows_everybody(statement: Mapping[str, Any]) -> bool:
    if statement["Effect"] != "Allow":
        return False
    principal = statement.get("Principal")
    is_everybody = (
        principal is None  # NotPrincipal
        or principal == "*"
        or (isinstance(principal, dict) and "*" in _listed(principal.get("AWS", [])))
    )
    conditions = statement.get("Condition") or {}
    return is_everybody and not any(
        _fixes(operator, key, value)
        for operator, keys in conditions.items()
        for key, value in keys.items()
    )


def _fixes(operator: str, key: str, value: Any) -> bool:
    """Whether a condition leaves only callers that its values name."""
    name = operator.lower()
    # These hold for callers of whom nothing is known, too.
    if name.startswith("forallvalues:") or name.endswith("ifexists") or name == "null":
        return False
    name = name.rpartition(":")[2]
    if key.lower() not in _FIXING_KEYS or "not" in name:
        return False
    values = [str(each) for each in _listed(value)]
    if key.lower() == "aws:sourceip":
        return bool(values) and all(map(_is_narrow, values))
    # Conditions that know no patterns take a star as it is.
    knows_patterns = "like" in name or name.startswith("arn")
    return bool(values) and not any(
        "${" in each or (knows_patterns and re.search(r"[*?]", each)) for each in values
    )


def _is_narrow(block: str) -> bool:
    bits = block.partition("/")[2]
    return not bits.isdecimal() or int(bits) >= _WIDEST_BITS[":" in block]
