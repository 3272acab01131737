"""May this principal do this to that? The logic that joins all policies of a request.

docs: IAM user guide, "Policy evaluation logic" within and across accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from pileus.languages.policies.documents import Document, Principals, Statement
from pileus.languages.policies.matching import Context, Unresolved, action_matches, arn_matcher

EVERYBODY = "*"


class Outcome(Enum):
    ALLOWED = auto()
    DENIED_EXPLICITLY = auto()
    DENIED_IMPLICITLY = auto()


@dataclass(frozen=True)
class Decision:
    """`because` names the kind of policy that decided: identity, resource, boundary, session."""

    outcome: Outcome
    because: str

    @property
    def is_allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED


@dataclass(frozen=True)
class Principal:
    """Who asks. `arn` is empty for a service, `role_arn` is the role's where a session asks."""

    account: str = ""
    arn: str = ""
    role_arn: str = ""
    service: str = ""
    is_root: bool = False
    # The provider of a federated session, or a canonical user id.
    federated: str = ""
    canonical_user: str = ""


@dataclass(frozen=True)
class Request:
    action: str
    resource: str
    principal: Principal
    # The account that owns the resource.
    resource_account: str = ""
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Policies:
    """All that applies to a request. None: there is no such policy, so that it limits nothing."""

    identity: Sequence[Document] = ()
    resource: Document | None = None
    boundary: Sequence[Document] | None = None
    session: Sequence[Document] | None = None
    # Trust policies and key policies must allow by themselves.
    resource_must_allow: bool = False


class _Grant(Enum):
    """How directly a resource policy names the principal that it allows."""

    NONE = auto()
    GENERALLY = auto()  # the account, the role of a session, or everybody
    DIRECTLY = auto()  # this very user or session


def evaluate(policies: Policies, request: Request) -> Decision:
    """Decide a request."""
    for because, documents in _groups(policies):
        if any(
            _applies(statement, document, request, is_allow=False)
            for document in documents
            for statement in document.statements
        ):
            return Decision(Outcome.DENIED_EXPLICITLY, because)
    granted = _grant(policies.resource, request)
    if request.principal.service:
        return _allowed_if(granted is not _Grant.NONE, "resource")
    is_same_account = request.principal.account == request.resource_account
    if policies.resource_must_allow and granted is _Grant.NONE:
        return Decision(Outcome.DENIED_IMPLICITLY, "resource")
    if is_same_account and granted is _Grant.DIRECTLY:
        return Decision(Outcome.ALLOWED, "resource")
    by_identity = request.principal.is_root or _any_allows(policies.identity, request)
    by_resource = granted is not _Grant.NONE
    if is_same_account and not (by_identity or by_resource):
        return Decision(Outcome.DENIED_IMPLICITLY, "identity")
    if not is_same_account and not by_identity:
        return Decision(Outcome.DENIED_IMPLICITLY, "identity")
    if not is_same_account and not by_resource:
        return Decision(Outcome.DENIED_IMPLICITLY, "resource")
    for because, limits in (("boundary", policies.boundary), ("session", policies.session)):
        if limits is not None and not _any_allows(limits, request):
            return Decision(Outcome.DENIED_IMPLICITLY, because)
    return Decision(Outcome.ALLOWED, "identity" if by_identity else "resource")


def _allowed_if(is_allowed: bool, because: str) -> Decision:
    return Decision(Outcome.ALLOWED if is_allowed else Outcome.DENIED_IMPLICITLY, because)


def _groups(policies: Policies) -> Iterable[tuple[str, Sequence[Document]]]:
    yield "identity", policies.identity
    yield "resource", () if policies.resource is None else (policies.resource,)
    yield "boundary", policies.boundary or ()
    yield "session", policies.session or ()


def _any_allows(documents: Sequence[Document], request: Request) -> bool:
    return any(
        _applies(statement, document, request, is_allow=True)
        for document in documents
        for statement in document.statements
    )


def _grant(document: Document | None, request: Request) -> _Grant:
    found = _Grant.NONE
    for statement in document.statements if document is not None else ():
        if not _applies(statement, document, request, is_allow=True):
            continue
        if statement.principals is not None and _names_directly(
            statement.principals, request.principal
        ):
            return _Grant.DIRECTLY
        found = _Grant.GENERALLY
    return found


def _names_directly(principals: Principals, principal: Principal) -> bool:
    return bool(principal.arn) and principal.arn in principals.by_kind.get("AWS", ())


def _applies(
    statement: Statement, document: Document | None, request: Request, *, is_allow: bool
) -> bool:
    assert document is not None
    if statement.is_allow is not is_allow:
        return False
    if statement.principals is not None:
        is_named = _is_named(statement.principals, request.principal)
        if is_named is statement.is_not_principal:
            return False
    is_action = any(action_matches(wanted, request.action) for wanted in statement.actions)
    if is_action is statement.is_not_action:
        return False
    try:
        return _is_about(statement, document, request) and all(
            condition.holds(request.context) for condition in statement.conditions
        )
    except Unresolved:
        return False


def _is_about(statement: Statement, document: Document, request: Request) -> bool:
    if statement.resources is None:
        return True
    is_resource = any(
        wanted == EVERYBODY
        or arn_matcher(wanted, has_variables=document.has_variables)(
            request.resource, request.context
        )
        for wanted in statement.resources
    )
    return is_resource is not statement.is_not_resource


def _is_named(principals: Principals, principal: Principal) -> bool:
    by_kind = principals.by_kind
    if principal.service:
        wanted = by_kind.get("Service", ())
        return principal.service in wanted or EVERYBODY in wanted
    accounts_and_arns = by_kind.get("AWS", ())
    if EVERYBODY in accounts_and_arns:
        return True
    known = {principal.arn, principal.role_arn, principal.account} - {""}
    if principal.account:
        known |= {
            f"arn:{partition}:iam::{principal.account}:root"
            for partition in ("aws", "aws-cn", "aws-us-gov")
        }
    return (
        not known.isdisjoint(accounts_and_arns)
        or bool(principal.federated and principal.federated in by_kind.get("Federated", ()))
        or bool(
            principal.canonical_user
            and principal.canonical_user in by_kind.get("CanonicalUser", ())
        )
    )
