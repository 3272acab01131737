"""The protocols of subscriptions: which endpoints each takes, and who must confirm."""

from __future__ import annotations

import re
from collections.abc import Callable

from pileus.kernel import arns
from pileus.kernel.errors import AwsError
from pileus.services.sns import errors

# docs: API_Subscribe; those that can be reached by anybody's address ask the address first.
ASKING = frozenset({"http", "https", "email", "email-json"})
ENDPOINT_LENGTH_MAX = 2048
_EMAIL = re.compile(r"[^@\s<>,;:\"\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"\+?[0-9](?:[-. ]?[0-9]){0,18}")
_URL = re.compile(r"(https?)://([^/\s?#@]+@)?[^/\s?#@]+(?:[/?#][^\s]*)?", re.IGNORECASE)
_HIDDEN = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


def check_endpoint(protocol: str, endpoint: str | None, topic_arn: str) -> str:
    """The endpoint as it is kept; raises AWS's errors."""
    check = _CHECKS.get(protocol)
    if check is None:
        raise errors.invalid_parameter(
            f"Amazon SNS does not support this protocol string: {protocol}"
        )
    if not endpoint or len(endpoint) > ENDPOINT_LENGTH_MAX:
        raise errors.invalid_parameter("Endpoint")
    check(protocol, endpoint)
    is_fifo = topic_arn.endswith(".fifo")
    if is_fifo and protocol != "sqs":
        raise errors.invalid_parameter(
            "Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"
        )
    if not is_fifo and protocol == "sqs" and endpoint.endswith(".fifo"):
        raise errors.invalid_parameter(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
            "standard SNS topics"
        )
    return endpoint


def must_confirm(protocol: str, endpoint: str, account: str) -> bool:
    """Whether the endpoint's owner has to agree first."""
    if protocol in ASKING:
        return True
    parsed = arns.parse(endpoint)
    return protocol in ("sqs", "lambda") and parsed is not None and parsed.account != account


def shown_endpoint(endpoint: str) -> str:
    """AWS hides the password of a URL."""
    return _HIDDEN.sub(r"\1:****@", endpoint)


def is_phone_number(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None


def _url(protocol: str, endpoint: str) -> None:
    found = _URL.fullmatch(endpoint)
    if found is None or found[1].lower() != protocol:
        raise errors.invalid_parameter("Endpoint must match the specified protocol")


def _email(protocol: str, endpoint: str) -> None:
    if not _EMAIL.fullmatch(endpoint):
        raise errors.invalid_parameter("Email address")


def _sms(protocol: str, endpoint: str) -> None:
    if not is_phone_number(endpoint):
        raise AwsError("InvalidParameter", f"Invalid SMS endpoint: {endpoint}")


def _arn_of(service: str, words: str, resource: str) -> Callable[[str, str], None]:
    pattern = re.compile(resource)

    def check(protocol: str, endpoint: str) -> None:
        parsed = arns.parse(endpoint)
        if (
            parsed is None
            or parsed.service != service
            or not parsed.region
            or not re.fullmatch(r"\d{12}", parsed.account)
            or not pattern.fullmatch(parsed.resource)
        ):
            raise errors.invalid_parameter(words)

    return check


_CHECKS: dict[str, Callable[[str, str], None]] = {
    "application": _arn_of("sns", "Application endpoint arn invalid", r"endpoint(/[^/\s]+){3}"),
    "email": _email,
    "email-json": _email,
    "firehose": _arn_of("firehose", "Firehose endpoint ARN", r"deliverystream/[\w.-]{1,64}"),
    "http": _url,
    "https": _url,
    "lambda": _arn_of("lambda", "Lambda endpoint ARN", r"function:[\w-]+(:[\w$-]+)?"),
    "sms": _sms,
    "sqs": _arn_of("sqs", "SQS endpoint ARN", r"[\w-]{1,80}(\.fifo)?"),
}
