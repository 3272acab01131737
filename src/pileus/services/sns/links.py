"""The links in messages, followed without a signature: confirm a subscription, or end one."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from pileus.kernel.call import Context
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request, Response
from pileus.services.sns import confirmations, errors, subscriptions, topic_arns

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

_NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
_ACTIONS = ("Action=ConfirmSubscription", "Action=Unsubscribe")


def matches(request: Request) -> bool:
    return (
        request.path == "/"
        and request.method == "GET"
        and any(action in request.query for action in _ACTIONS)
        and "authorization" not in request.headers
        and "X-Amz-Signature=" not in request.query
    )


async def answer(call: Call, request: Request) -> Response:
    """Do what the link says; answered as the query protocol answers."""
    asked = {name: values[0] for name, values in parse_qs(request.query).items()}
    try:
        if asked.get("Action") == "ConfirmSubscription":
            result = await _confirm(call, asked)
        else:
            result = await _unsubscribe(call, asked)
    except AwsError as error:
        return _refusal(error, call.request_id)
    return _xml(200, result)


async def _confirm(call: Call, asked: dict[str, str]) -> str:
    arn = asked.get("TopicArn", "")
    inner = _call(call, topic_arns.split("TopicArn", arn).account, arn)
    authenticates = asked.get("AuthenticateOnUnsubscribe", "").lower() == "true"
    if authenticates:
        raise errors.authorization_error("AuthenticateOnUnsubscribe needs a request that is signed")
    subscription = await inner.transaction(_confirm_step, asked.get("Token", ""), about=arn)
    return (
        f'<ConfirmSubscriptionResponse xmlns="{_NAMESPACE}"><ConfirmSubscriptionResult>'
        f"<SubscriptionArn>{escape(subscription)}</SubscriptionArn></ConfirmSubscriptionResult>"
        f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>"
        "</ConfirmSubscriptionResponse>"
    )


async def _unsubscribe(call: Call, asked: dict[str, str]) -> str:
    arn = asked.get("SubscriptionArn", "")
    parsed = topic_arns.split("SubscriptionArn", arn)
    inner = _call(call, parsed.account, arn)
    topic = topic_arns.the_topic_of_a_subscription(inner, {"SubscriptionArn": arn})
    inner.about = topic
    await inner.transaction(_end_step, arn, about=topic)
    return (
        f'<UnsubscribeResponse xmlns="{_NAMESPACE}">'
        f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>"
        "</UnsubscribeResponse>"
    )


def _call(call: Call, account: str, arn: str) -> Call:
    context = Context(account, arn.split(":")[3], "sns")
    inner = call.kernel.call_for(context, "sns", "Link", arn)
    inner.host_url = call.host_url
    return inner


def _confirm_step(tx: Transaction, token: str) -> str:
    return confirmations.confirm(tx, token, False, is_signed=False)


def _end_step(tx: Transaction, arn: str) -> None:
    assert tx.call is not None
    tx.call.tx = tx
    subscriptions.end_by_link(tx.call, arn)


def _refusal(error: AwsError, request_id: str) -> Response:
    return _xml(
        error.status or 400,
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{error.fault}</Type>'
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>",
    )


def _xml(status: int, text: str) -> Response:
    return Response(status, {"content-type": "text/xml"}, text.encode())
