"""Delivery policies for HTTP/S: what AWS allows, what is in force, and when to try again."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from pileus.services.sns import errors

# docs: sns-message-delivery-retries; a policy may last an hour at most.
SECONDS_MAX = 3600
RETRIES_MAX = 100
_FUNCTIONS = ("arithmetic", "exponential", "geometric", "linear")
_CONTENT_TYPE = "text/plain; charset=UTF-8"
_CONTENT_TYPES = frozenset(
    {
        "text/plain",
        "application/json",
        "application/xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/xml",
        "application/atom+xml",
        "application/octet-stream",
        "application/soap+xml",
        "application/x-www-form-urlencoded",
        "application/xhtml+xml",
    }
)


class RetryPhases(msgspec.Struct, frozen=True, rename="camel"):
    """AWS's healthyRetryPolicy: four phases of pauses between attempts."""

    min_delay_target: int = 20
    max_delay_target: int = 20
    num_retries: int = 3
    num_max_delay_retries: int = 0
    num_no_delay_retries: int = 0
    num_min_delay_retries: int = 0
    backoff_function: str = "linear"

    def pause_ms(self, attempts: int) -> int | None:
        """How long to wait after so many failed attempts; None where that was the last."""
        retry = attempts - 1
        if retry >= self.num_retries:
            return None
        if retry < self.num_no_delay_retries:
            return 0
        retry -= self.num_no_delay_retries
        if retry < self.num_min_delay_retries:
            return self.min_delay_target * 1000
        retry -= self.num_min_delay_retries
        backoffs = (
            self.num_retries
            - self.num_no_delay_retries
            - self.num_min_delay_retries
            - self.num_max_delay_retries
        )
        if retry >= backoffs:
            return self.max_delay_target * 1000
        return round(self._backoff(retry, backoffs) * 1000)

    def _backoff(self, retry: int, backoffs: int) -> float:
        """The delay grows from the least to the greatest over the back-off phase."""
        low, high = self.min_delay_target, self.max_delay_target
        if backoffs <= 1 or low == high:
            return low
        share = retry / (backoffs - 1)
        match self.backoff_function:
            case "exponential":
                return low * math.pow(high / low, share)
            case "geometric":
                return low + (high - low) * share**2
            case "arithmetic":
                return low + (high - low) * (retry * (retry + 1)) / (backoffs * (backoffs - 1))
            case _:
                return low + (high - low) * share


class HttpPolicy(msgspec.Struct, frozen=True):
    """What is in force for one subscription."""

    phases: RetryPhases = RetryPhases()
    receives_per_second_max: int = 0
    content_type: str = _CONTENT_TYPE


def effective(topic_text: str, subscription_text: str) -> HttpPolicy:
    """The subscription's policy over the topic's over AWS's own."""
    topic = _http(msgspec.json.decode(topic_text)) if topic_text else {}
    own: dict[str, Any] = msgspec.json.decode(subscription_text) if subscription_text else {}
    if topic.get("disableSubscriptionOverrides"):
        own = {}
    retries = own.get("healthyRetryPolicy") or topic.get("defaultHealthyRetryPolicy") or {}
    throttle = own.get("throttlePolicy") or topic.get("defaultThrottlePolicy") or {}
    request = own.get("requestPolicy") or topic.get("defaultRequestPolicy") or {}
    return HttpPolicy(
        msgspec.convert(retries, RetryPhases),
        throttle.get("maxReceivesPerSecond") or 0,
        request.get("headerContentType") or _CONTENT_TYPE,
    )


def effective_of_topic(text: str) -> str:
    policy = effective(text, "")
    overrides = _http(msgspec.json.decode(text)) if text else {}
    http: dict[str, Any] = {
        "defaultHealthyRetryPolicy": policy.phases,
        "disableSubscriptionOverrides": bool(overrides.get("disableSubscriptionOverrides")),
    }
    if policy.receives_per_second_max:
        http["defaultThrottlePolicy"] = {"maxReceivesPerSecond": policy.receives_per_second_max}
    http["defaultRequestPolicy"] = {"headerContentType": policy.content_type}
    return msgspec.json.encode({"http": http}).decode()


def effective_of_subscription(topic_text: str, text: str) -> str:
    policy = effective(topic_text, text)
    shown: dict[str, Any] = {
        "healthyRetryPolicy": policy.phases,
        "sicklyRetryPolicy": None,
        "throttlePolicy": (
            {"maxReceivesPerSecond": policy.receives_per_second_max}
            if policy.receives_per_second_max
            else None
        ),
        "requestPolicy": {"headerContentType": policy.content_type},
        "guaranteed": False,
    }
    return msgspec.json.encode(shown).decode()


# What AWS refuses.


def check_of_topic(text: str) -> None:
    document = _parse(text)
    http = document.get("http")
    if set(document) - {"http"} or not isinstance(http, dict):
        raise _invalid("http must be specified")
    known = {
        "defaultHealthyRetryPolicy", "disableSubscriptionOverrides", "defaultThrottlePolicy",
        "defaultRequestPolicy", "defaultSicklyRetryPolicy",
    }  # fmt: skip
    for name in http:
        if name not in known:
            raise _invalid(f"http.{name} is not a valid member")
    _check_parts(
        "http.default", http.get("defaultHealthyRetryPolicy"), http.get("defaultThrottlePolicy"),
        http.get("defaultRequestPolicy"),
    )  # fmt: skip


def check_of_subscription(text: str) -> None:
    document = _parse(text)
    known = {
        "healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy", "guaranteed",
    }  # fmt: skip
    for name in document:
        if name not in known:
            raise _invalid(f"{name} is not a valid member")
    _check_parts(
        "", document.get("healthyRetryPolicy"), document.get("throttlePolicy"),
        document.get("requestPolicy"),
    )  # fmt: skip


def _check_parts(prefix: str, retries: Any, throttle: Any, request: Any) -> None:
    name = "HealthyRetryPolicy" if prefix else "healthyRetryPolicy"
    if retries is not None:
        _check_phases(prefix + name, retries)
    if throttle is not None:
        rate = throttle.get("maxReceivesPerSecond") if isinstance(throttle, dict) else 0
        if rate is not None and (not isinstance(rate, int) or isinstance(rate, bool) or rate < 1):
            raise _invalid("throttlePolicy.maxReceivesPerSecond must be an integer of at least 1")
    if request is not None:
        content_type = request.get("headerContentType") if isinstance(request, dict) else ""
        if content_type is not None and (
            not isinstance(content_type, str)
            or content_type.partition(";")[0].strip() not in _CONTENT_TYPES
            or not content_type.isprintable()
        ):
            raise _invalid("requestPolicy.headerContentType is not supported")


def _check_phases(name: str, document: Any) -> None:
    if not isinstance(document, dict):
        raise _invalid(f"{name} must be an object")
    known = {field.encode_name for field in msgspec.structs.fields(RetryPhases)}
    for member, value in document.items():
        if member not in known:
            raise _invalid(f"{name}.{member} is not a valid member")
        if member == "backoffFunction":
            if value not in _FUNCTIONS:
                raise _invalid(f"{name}.backoffFunction must be one of: {'|'.join(_FUNCTIONS)}")
        elif not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _invalid(f"{name}.{member} must be greater than or equal to 0")
    phases = msgspec.convert(document, RetryPhases)
    low, high = phases.min_delay_target, phases.max_delay_target
    if not 1 <= high <= SECONDS_MAX:
        raise _invalid(f"{name}.maxDelayTarget must be between 1 and {SECONDS_MAX}")
    if not 1 <= low <= high:
        raise _invalid(f"{name}.minDelayTarget must be between 1 and maxDelayTarget")
    if phases.num_retries > RETRIES_MAX:
        raise _invalid(f"{name}.numRetries must be less than or equal to {RETRIES_MAX}")
    special = (
        phases.num_no_delay_retries + phases.num_min_delay_retries + phases.num_max_delay_retries
    )
    if special > phases.num_retries:
        raise _invalid(f"{name}.numRetries must be at least the retries of its phases")
    total = sum(phases.pause_ms(attempt) or 0 for attempt in range(1, phases.num_retries + 1))
    if total > SECONDS_MAX * 1000:
        raise _invalid(f"{name}: total retry time must not exceed {SECONDS_MAX} seconds")


def _parse(text: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _invalid("failed to parse JSON") from error
    if not isinstance(document, dict):
        raise _invalid("failed to parse JSON")
    return document


def _http(document: Any) -> dict[str, Any]:
    http = document.get("http") if isinstance(document, dict) else None
    return http if isinstance(http, dict) else {}


def _invalid(reason: str) -> Exception:
    return errors.invalid_parameter(f"DeliveryPolicy: {reason}")
