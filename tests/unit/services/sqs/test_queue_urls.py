"""Queue URLs: which queue each form means, and how answers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import AwsError
from pileus.services.sqs.queue_urls import arn_of, url_of

ACCOUNT, REGION = "123456789012", "eu-west-1"


@pytest.mark.parametrize(
    ("url", "arn"),
    [
        ("http://h:1/111122223333/q", "arn:aws:sqs:eu-west-1:111122223333:q"),
        ("http://sqs.us-west-2.h:1/111122223333/q", "arn:aws:sqs:us-west-2:111122223333:q"),
        ("http://us-west-2.queue.h/111122223333/q", "arn:aws:sqs:us-west-2:111122223333:q"),
        ("http://h/queue/us-west-2/111122223333/q", "arn:aws:sqs:us-west-2:111122223333:q"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1" + "1" * 11 + "/q",
         "arn:aws-cn:sqs:cn-north-1:111111111111:q"),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/111122223333/q",
         "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:q"),
        ("https://queue.amazonaws.com/111122223333/q", "arn:aws:sqs:eu-west-1:111122223333:q"),
        ("http://h/111122223333/q.fifo/", "arn:aws:sqs:eu-west-1:111122223333:q.fifo"),
        ("http://h/111122223333/q?x=y", "arn:aws:sqs:eu-west-1:111122223333:q"),
        ("/111122223333/q", "arn:aws:sqs:eu-west-1:111122223333:q"),
        ("111122223333/q", "arn:aws:sqs:eu-west-1:111122223333:q"),
        ("q", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("http://h/q", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("http://h/1111%32222%33333/%71", "arn:aws:sqs:eu-west-1:111122223333:q"),
    ],
)  # fmt: skip
def test_each_form_means_a_queue(url: str, arn: str) -> None:
    assert arn == arn_of(url, ACCOUNT, REGION)


@pytest.mark.parametrize(
    "url",
    ["", "/", "http://", "http://h/", "http://h/x/q", "http://h/a/b/c", "http://h/queue/x/1/q"],
)
def test_what_means_no_queue_is_an_invalid_address(url: str) -> None:
    with pytest.raises(AwsError) as caught:
        arn_of(url, ACCOUNT, REGION)
    assert ("InvalidAddress", 404) == (caught.value.code, caught.value.status)


@given(
    st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-east-1"]),
    st.from_regex(r"\A[0-9]{12}\Z"),
    st.from_regex(r"\A[A-Za-z0-9_-]{1,75}(\.fifo)?\Z"),
)
def test_an_answers_url_means_its_queue(region: str, account: str, name: str) -> None:
    partition = "aws-us-gov" if "gov" in region else "aws"
    arn = f"arn:{partition}:sqs:{region}:{account}:{name}"
    assert arn == arn_of(url_of("http://localhost:4566", arn), ACCOUNT, "us-east-1")
