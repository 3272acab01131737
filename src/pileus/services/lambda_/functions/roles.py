"""Which roles Lambda may run functions as."""

from __future__ import annotations

from pileus.kernel import arns, roles
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.services.lambda_ import errors

PRINCIPAL = "lambda.amazonaws.com"


async def check_assumable(call: Call, role_arn: str) -> None:
    """Raise what CreateFunction answers for a role that is not there or does not trust Lambda."""
    parts = arns.parse(role_arn)
    assert parts is not None, f"not an ARN: {role_arn}"
    if parts.account != call.account:
        raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.", 403)
    if not await roles.may_assume(call, role_arn, PRINCIPAL):
        raise errors.role_not_assumable()
