"""What requests are about: a topic by its ARN or its name, a subscription's topic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.services.sns import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call

FIFO_SUFFIX = ".fifo"
_ELEMENTS_MIN = 6
# docs: API_CreateTopic; 256 characters of these, and the suffix counts.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SUBSCRIPTION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REMEMBERED_LENGTH_MAX = 400
_ACCOUNT = re.compile(r"\d{12}")


def split(parameter: str, text: str) -> arns.Arn:
    """The parts of an ARN of SNS; raises AWS's words for a text that is none."""
    if not text:
        raise errors.invalid_because(parameter, "no value for required parameter")
    count = text.count(":") + 1
    if count < _ELEMENTS_MIN:
        raise errors.invalid_because(
            parameter, f"An ARN must have at least {_ELEMENTS_MIN} elements, not {count}"
        )
    parsed = arns.parse(text)
    if parsed is None or parsed.service != "sns" or not _ACCOUNT.fullmatch(parsed.account):
        raise errors.invalid_parameter(parameter)
    return parsed


def topic_of(call: Call, parameter: str, text: str) -> str:
    """Check the ARN of a topic of the caller's region."""
    if len(text) <= _REMEMBERED_LENGTH_MAX:
        _check_again(parameter, text, call.region)
    else:
        _check_topic(parameter, text, call.region)
    return text


def _check_topic(parameter: str, text: str, region: str) -> None:
    parsed = split(parameter, text)
    if parsed.region != region or not is_name(parsed.resource):
        raise errors.invalid_parameter(parameter)


# Publishers name the same few topics again and again; what is refused is not remembered.
_check_again = lru_cache(maxsize=1_024)(_check_topic)


def the_topic(call: Call, params: Mapping[str, Any]) -> str:
    return topic_of(call, "TopicArn", params["TopicArn"])


def the_tagged_topic(call: Call, params: Mapping[str, Any]) -> str:
    return topic_of(call, "ResourceArn", params["ResourceArn"])


def the_named_topic(call: Call, params: Mapping[str, Any]) -> str:
    name = params["Name"]
    attributes = params.get("Attributes") or {}
    is_fifo = attributes.get("FifoTopic") == "true"
    if not is_name(name) or name.endswith(FIFO_SUFFIX) != is_fifo:
        raise errors.invalid_parameter("Topic Name")
    return call.arn(name)


def the_topic_of_a_subscription(call: Call, params: Mapping[str, Any]) -> str:
    """The topic before the last colon of a subscription's ARN."""
    text: str = params["SubscriptionArn"]
    parsed = split("SubscriptionArn", text)
    topic_name, _, subscription_id = parsed.resource.partition(":")
    if not _SUBSCRIPTION_ID.fullmatch(subscription_id):
        raise errors.invalid_parameter("SubscriptionId")
    if parsed.region != call.region or not is_name(topic_name):
        raise errors.invalid_parameter("SubscriptionArn")
    return text.rpartition(":")[0]


def id_of(subscription_arn: str) -> str:
    return subscription_arn.rpartition(":")[2]


def name_of(topic_arn: str) -> str:
    return topic_arn.rpartition(":")[2]


def is_name(name: str) -> bool:
    return len(name) <= 256 and _NAME.fullmatch(name.removesuffix(FIFO_SUFFIX)) is not None
