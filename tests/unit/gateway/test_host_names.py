"""Host names of AWS, of LocalStack's users, and of SDKs that inject prefixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.gateway.host_names import PLAIN, HostName, Kind, parse

SERVICE = Kind.SERVICE
LOCAL = "localhost.localstack.cloud:4566"
CLOUD = "amazonaws.com"

NAMES = {
    "localhost:4566": PLAIN,
    "LOCALHOST": PLAIN,
    "127.0.0.1:4566": PLAIN,
    "[::1]:4566": PLAIN,
    "[::1]": PLAIN,
    "": PLAIN,
    "example.test": PLAIN,
    "sqs.example.test": PLAIN,
    LOCAL: PLAIN,
    "localhost.localstack.cloud.": PLAIN,
    f"sqs.us-east-1.{LOCAL}": HostName(SERVICE, "sqs", "us-east-1"),
    f"sqs.{LOCAL}": HostName(SERVICE, "sqs"),
    "sqs.localhost:4566": HostName(SERVICE, "sqs"),
    f"us-east-1.queue.{LOCAL}": HostName(SERVICE, "sqs", "us-east-1"),
    f"queue.{CLOUD}": HostName(SERVICE, "sqs"),
    f"sqs.eu-central-1.{CLOUD}": HostName(SERVICE, "sqs", "eu-central-1"),
    f"SQS.EU-Central-1.{CLOUD}:443": HostName(SERVICE, "sqs", "eu-central-1"),
    f"sqs-fips.us-gov-west-1.{CLOUD}": HostName(SERVICE, "sqs", "us-gov-west-1"),
    f"sqs.cn-north-1.{CLOUD}.cn": HostName(SERVICE, "sqs", "cn-north-1"),
    "sqs.us-east-1.api.aws": HostName(SERVICE, "sqs", "us-east-1"),
    f"s3.{LOCAL}": HostName(SERVICE, "s3"),
    f"s3.eu-west-1.{CLOUD}": HostName(SERVICE, "s3", "eu-west-1"),
    f"s3-us-west-2.{CLOUD}": HostName(SERVICE, "s3", "us-west-2"),
    f"my-bucket.s3.{LOCAL}": HostName(Kind.BUCKET, "s3", label="my-bucket"),
    f"data-lake-1.s3.{LOCAL}": HostName(Kind.BUCKET, "s3", label="data-lake-1"),
    f"my.dotted.bucket.s3.us-east-1.{LOCAL}": HostName(
        Kind.BUCKET, "s3", "us-east-1", label="my.dotted.bucket"
    ),
    f"bucket.s3.dualstack.us-east-1.{CLOUD}": HostName(
        Kind.BUCKET, "s3", "us-east-1", label="bucket"
    ),
    f"bucket.s3-us-west-2.{CLOUD}": HostName(Kind.BUCKET, "s3", "us-west-2", label="bucket"),
    f"bucket.s3-accelerate.{CLOUD}": HostName(Kind.BUCKET, "s3", label="bucket"),
    f"b--use1-az4--x-s3.s3express-use1-az4.us-east-1.{CLOUD}": HostName(
        Kind.BUCKET, "s3", "us-east-1", label="b--use1-az4--x-s3"
    ),
    f"site.s3-website.{LOCAL}": HostName(Kind.WEBSITE, "s3", label="site"),
    f"site.s3-website-us-east-1.{CLOUD}": HostName(Kind.WEBSITE, "s3", "us-east-1", label="site"),
    f"site.s3-website.eu-central-1.{CLOUD}": HostName(
        Kind.WEBSITE, "s3", "eu-central-1", label="site"
    ),
    f"123456789012.s3-control.us-east-1.{CLOUD}": HostName(
        SERVICE, "s3-control", "us-east-1", "123456789012"
    ),
    f"abc123.execute-api.{LOCAL}": HostName(Kind.STAGE, "execute-api", label="abc123"),
    f"abc123.execute-api.us-east-1.{CLOUD}": HostName(
        Kind.STAGE, "execute-api", "us-east-1", label="abc123"
    ),
    f"xyz.lambda-url.us-east-1.{LOCAL}": HostName(
        Kind.FUNCTION_URL, "lambda", "us-east-1", label="xyz"
    ),
    "xyz.lambda-url.us-east-1.on.aws": HostName(
        Kind.FUNCTION_URL, "lambda", "us-east-1", label="xyz"
    ),
    f"lb-1.elb.{LOCAL}": HostName(Kind.LOAD_BALANCER, "elasticloadbalancing", label="lb-1"),
    f"lb-1.us-east-1.elb.{CLOUD}": HostName(
        Kind.LOAD_BALANCER, "elasticloadbalancing", "us-east-1", label="lb-1"
    ),
    "d111.cloudfront.net": HostName(Kind.DISTRIBUTION, "cloudfront", label="d111"),
    f"d111.cloudfront.{LOCAL}": HostName(Kind.DISTRIBUTION, "cloudfront", label="d111"),
    # Prefixes that SDKs inject.
    "sync-localhost:4566": PLAIN,
    "stream-localhost.localstack.cloud:4566": PLAIN,
    f"sync-states.us-east-1.{CLOUD}": HostName(SERVICE, "states", "us-east-1"),
    f"streaming-logs.us-east-1.{CLOUD}": HostName(SERVICE, "logs", "us-east-1"),
    f"stream-logs.us-east-1.{CLOUD}": HostName(SERVICE, "logs", "us-east-1"),
    f"data-servicediscovery.us-east-1.{CLOUD}": HostName(SERVICE, "servicediscovery", "us-east-1"),
    f"123456789012.data-kinesis.us-east-1.{CLOUD}": HostName(
        SERVICE, "kinesis", "us-east-1", "123456789012"
    ),
    f"123456789012.ddb.us-east-1.{CLOUD}": HostName(
        SERVICE, "dynamodb", "us-east-1", "123456789012"
    ),
    "123456789012.localhost:4566": HostName(Kind.PLAIN, account="123456789012"),
    "api.localhost:4566": PLAIN,
    f"api.iotsitewise.us-east-1.{CLOUD}": HostName(SERVICE, "iotsitewise", "us-east-1"),
    # Names of several labels.
    f"streams.dynamodb.us-east-1.{CLOUD}": HostName(SERVICE, "streams.dynamodb", "us-east-1"),
    f"api.ecr.us-east-1.{CLOUD}": HostName(SERVICE, "api.ecr", "us-east-1"),
    f"data.jobs.iot.us-east-1.{CLOUD}": HostName(SERVICE, "data.jobs.iot", "us-east-1"),
    f"a1b2-ats.iot.us-east-1.{CLOUD}": HostName(
        SERVICE, "data-ats.iot", "us-east-1", label="a1b2-ats"
    ),
    f"us-east-1.{LOCAL}": HostName(Kind.PLAIN, region="us-east-1"),
}


@pytest.mark.parametrize(("host", "expected"), NAMES.items())
def test_host_name_is_read(host: str, expected: HostName) -> None:
    assert parse(host) == expected


@given(st.text(max_size=60))
def test_no_host_name_fails(host: str) -> None:
    assert isinstance(parse(host), HostName)


@given(st.lists(st.sampled_from(["s3", "queue", "us-east-1", "api", "000000000000", "iot", ""])))
def test_no_combination_of_known_labels_fails(labels: list[str]) -> None:
    assert isinstance(parse(".".join([*labels, "localhost"])), HostName)
