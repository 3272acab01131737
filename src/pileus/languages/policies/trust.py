"""Whether a role's trust policy names a service of AWS."""

from __future__ import annotations

from dataclasses import replace

from pileus.languages.policies.documents import Document, Kind, MalformedPolicy, parse
from pileus.languages.policies.evaluation import Policies, Principal, Request, evaluate

_ASSUME = "sts:AssumeRole"


def trusts(text: str, service: str) -> bool:
    """Whether the policy lets the service (`lambda.amazonaws.com`) assume the role.

    Conditions are about the moment of assuming, which is not there yet: what they allow is taken
    for allowed, and what they deny is not taken for denied.
    """
    try:
        document = parse(text, Kind.TRUST)
    except MalformedPolicy:
        return False
    statements = tuple(
        replace(statement, conditions=())
        for statement in document.statements
        if statement.is_allow or not statement.conditions
    )
    policies = Policies(resource=Document(document.has_variables, statements))
    return evaluate(policies, Request(_ASSUME, "", Principal(service=service))).is_allowed
