"""Pure decisions: which role is meant, how long a session may last, what it may carry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pileus.kernel.errors import AwsError
from pileus.languages import policies
from pileus.languages.policies import Kind, MalformedPolicy
from pileus.services.sts import errors

ROLE_SECONDS = 3_600
CHAINED_SECONDS_MAX = 3_600
# docs: "does not limit sessions assumed by AWS services"
SERVICE_SECONDS_MAX = 43_200
# docs: API_GetSessionToken
USER_TOKEN_SECONDS = 43_200
ROOT_TOKEN_SECONDS_MAX = 3_600
# docs: "The plaintext ... for both inline and managed session policies can't exceed 2,048"
POLICY_SIZE_MAX = 2_048
POLICY_ARNS_MAX = 10

_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:(\d{12})?:\S+", re.ASCII)
_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):role((?:/[\x21-\x7e]+)?/)([\w+=,.@-]{1,64})")


class RoleName(NamedTuple):
    account: str
    name: str


def role_of(arn: str) -> RoleName:
    """The role that an ARN means; raises ValidationError."""
    found = _ROLE.fullmatch(arn)
    if found is not None:
        return RoleName(found[1], found[3])
    if _ARN.fullmatch(arn) is not None:
        raise errors.not_a_role()
    raise errors.invalid_arn(arn)


def role_seconds(wanted: int | None, role_max: int, *, is_chained: bool, is_service: bool) -> int:
    """How long a role's session lasts; raises ValidationError."""
    if wanted is None:
        return ROLE_SECONDS
    if is_service:
        return min(wanted, SERVICE_SECONDS_MAX)
    if wanted > role_max:
        raise errors.longer_than_the_role_allows()
    if is_chained and wanted > CHAINED_SECONDS_MAX:
        raise errors.longer_than_chaining_allows()
    return wanted


def token_seconds(wanted: int | None, *, is_root: bool) -> int:
    """How long a session of GetSessionToken lasts: an hour at most for the root user."""
    if is_root:
        return min(wanted or ROOT_TOKEN_SECONDS_MAX, ROOT_TOKEN_SECONDS_MAX)
    return wanted or USER_TOKEN_SECONDS


def tags_of(
    tags: Sequence[Mapping[str, str]],
    transitive_keys: Sequence[str],
    inherited: Mapping[str, str],
) -> dict[str, str]:
    """The session's tags; `inherited` are the transitive ones of the calling session."""
    found = {tag["Key"]: tag["Value"] for tag in tags}
    lowered = {key.lower() for key in found}
    if len(lowered) < len(tags):
        raise errors.duplicate_tags()
    if any(key not in found for key in transitive_keys):
        raise errors.transitive_tag_missing()
    if any(key.lower() in lowered for key in inherited):
        raise errors.transitive_tag_conflict()
    return {**inherited, **found}


def packed_percent(policy: str | None, policy_arns: Sequence[str]) -> int | None:
    """How much of the space for session policies is used; None without any. Raises if too much."""
    if len(policy_arns) > POLICY_ARNS_MAX:
        raise errors.too_many_policies(POLICY_ARNS_MAX)
    if policy is None and not policy_arns:
        return None
    if policy is not None and (problem := policy_problem(policy)) is not None:
        raise problem
    size = len(policy or "") + sum(map(len, policy_arns))
    percent = -(-100 * size // POLICY_SIZE_MAX)
    if percent > 100:
        raise errors.packed_policy_too_large(percent)
    return percent


def policy_problem(policy: str) -> AwsError | None:
    try:
        policies.parse(policy, Kind.SESSION)
    except MalformedPolicy as error:
        return errors.malformed_policy(error.message)
    return None
