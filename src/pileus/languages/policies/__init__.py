"""IAM's policy language: documents, their conditions, and the decision that they lead to.

The specification is docs/reference/policies.md.
"""

from __future__ import annotations

from pileus.languages.policies.documents import Document, Kind, MalformedPolicy, parse, size
from pileus.languages.policies.evaluation import (
    Decision,
    Outcome,
    Policies,
    Principal,
    Request,
    evaluate,
)
from pileus.languages.policies.trust import trusts

__all__ = [
    "Decision",
    "Document",
    "Kind",
    "MalformedPolicy",
    "Outcome",
    "Policies",
    "Principal",
    "Request",
    "evaluate",
    "parse",
    "size",
    "trusts",
]
