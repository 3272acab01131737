"""Delivery policies: when a message is tried again, and what AWS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.sns import delivery_policies
from pileus.services.sns.delivery_policies import RetryPhases


def pauses(**members: Any) -> list[int | None]:
    phases = RetryPhases(**members)
    return [phases.pause_ms(attempts) for attempts in range(1, phases.num_retries + 2)]


def test_without_a_policy_there_are_three_retries() -> None:
    assert [20_000, 20_000, 20_000, None] == pauses()


def test_no_retries_at_all() -> None:
    assert [None] == pauses(num_retries=0)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("linear", [1000, 4000, 7000, 10_000, None]),
        ("geometric", [1000, 2000, 5000, 10_000, None]),
        ("exponential", [1000, 2154, 4642, 10_000, None]),
        ("arithmetic", [1000, 2500, 5500, 10_000, None]),
    ],
)
def test_pauses_grow_from_the_least_to_the_greatest(
    function: str, expected: list[int | None]
) -> None:
    assert expected == pauses(
        min_delay_target=1, max_delay_target=10, num_retries=4, backoff_function=function
    )


def test_the_phases_come_one_after_the_other() -> None:
    assert [0, 1000, 1000, 4000, 4000, None] == pauses(
        min_delay_target=1,
        max_delay_target=4,
        num_retries=5,
        num_no_delay_retries=1,
        num_min_delay_retries=1,
        num_max_delay_retries=2,
    )


def test_a_subscription_goes_before_its_topic() -> None:
    topic = json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}})
    own = json.dumps({"healthyRetryPolicy": {"numRetries": 7}})
    assert [3, 5, 7] == [
        delivery_policies.effective(*texts).phases.num_retries
        for texts in (("", ""), (topic, ""), (topic, own))
    ]


def test_a_topic_may_forbid_that() -> None:
    topic = json.dumps({"http": {"disableSubscriptionOverrides": True}})
    own = json.dumps({"healthyRetryPolicy": {"numRetries": 7}})
    assert 3 == delivery_policies.effective(topic, own).phases.num_retries


@pytest.mark.parametrize(
    ("retries", "words"),
    [
        ({"numRetries": -1}, "healthyRetryPolicy.numRetries must be greater than or equal to 0"),
        ({"numRetries": 1.5}, "healthyRetryPolicy.numRetries must be greater than or equal to 0"),
        ({"numRetries": 101}, "healthyRetryPolicy.numRetries must be less than or equal to 100"),
        (
            {"maxDelayTarget": 3601},
            "healthyRetryPolicy.maxDelayTarget must be between 1 and 3600",
        ),
        (
            {"minDelayTarget": 21},
            "healthyRetryPolicy.minDelayTarget must be between 1 and maxDelayTarget",
        ),
        (
            {"numNoDelayRetries": 4},
            "healthyRetryPolicy.numRetries must be at least the retries of its phases",
        ),
        (
            {"numRetries": 3, "minDelayTarget": 2000, "maxDelayTarget": 2000},
            "healthyRetryPolicy: total retry time must not exceed 3600 seconds",
        ),
        (
            {"backoffFunction": "fast"},
            "healthyRetryPolicy.backoffFunction must be one of: "
            "arithmetic|exponential|geometric|linear",
        ),
        ({"retries": 3}, "healthyRetryPolicy.retries is not a valid member"),
        ("x", "healthyRetryPolicy must be an object"),
    ],
)
def test_policies_that_are_refused(retries: Any, words: str) -> None:
    with pytest.raises(AwsError) as caught:
        delivery_policies.check_of_subscription(json.dumps({"healthyRetryPolicy": retries}))
    assert f"Invalid parameter: DeliveryPolicy: {words}" == caught.value.message
