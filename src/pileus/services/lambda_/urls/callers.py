"""Who may call a URL, and who does."""

from __future__ import annotations

from pileus.kernel.call import Call, Context
from pileus.kernel.request import Request
from pileus.services.lambda_.urls import url_errors
from pileus.services.lambda_.urls.configurations import AWS_IAM, UrlConfig
from pileus.services.lambda_.urls.events import Caller

SERVICE = "lambda"


async def admit(call: Call, request: Request, config: UrlConfig) -> Caller | None:
    """The caller of a URL that wants signed requests; nobody for one that anybody may call.

    Raises what AWS answers to others. What the function's policy says of the caller, and of
    anybody, is to be judged here once policies are enforced: `lambda:InvokeFunctionUrl`.
    """
    if config.auth_type != AWS_IAM:
        return None
    if not _is_signed(request):
        raise url_errors.forbidden()
    signer = await call.kernel.identify(request, SERVICE)
    context = Context(
        signer.account_id, call.region, SERVICE, signer.principal_arn, signer.access_key_id
    )
    own = call.kernel.call_for(context, SERVICE, "InvokeFunctionUrl")
    identity = await own.invoke("sts", "GetCallerIdentity")
    return Caller(signer.account_id, identity["Arn"], identity["UserId"], signer.access_key_id)


def _is_signed(request: Request) -> bool:
    return "authorization" in request.headers or "X-Amz-Signature=" in request.query
