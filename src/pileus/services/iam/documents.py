"""Policy documents on their way in: valid, and not larger than their place allows."""

from __future__ import annotations

from pileus.languages import policies
from pileus.languages.policies import Kind, MalformedPolicy
from pileus.services.iam import errors

# docs: reference_iam-quotas, "IAM and AWS STS character quotas"; white space does not count.
TRUST_SIZE_MAX = 2_048
MANAGED_SIZE_MAX = 6_144
INLINE_SIZE_MAX = {"role": 10_240, "user": 2_048, "group": 5_120}


def check(document: str, kind: Kind) -> int:
    """The document's size; raises MalformedPolicyDocument or LimitExceeded."""
    try:
        policies.parse(document, kind)
    except MalformedPolicy as error:
        raise errors.malformed_policy(error.message) from error
    size = policies.size(document)
    if kind is Kind.TRUST and size > TRUST_SIZE_MAX:
        raise errors.quota("ACLSizePerRole", TRUST_SIZE_MAX)
    if kind is Kind.MANAGED and size > MANAGED_SIZE_MAX:
        raise errors.quota("PolicySize", MANAGED_SIZE_MAX)
    return size
