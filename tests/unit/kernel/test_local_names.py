"""The name to put into addresses whose host has labels in front."""

from __future__ import annotations

import pytest

from pileus.kernel.local_names import address_of

RESOLVED = "localhost.localstack.cloud"


@pytest.mark.parametrize(
    ("host_url", "expected"),
    [
        ("http://localhost:4566", ("http", RESOLVED, ":4566")),
        ("http://127.0.0.1:4566", ("http", RESOLVED, ":4566")),
        ("http://[::1]:4566", ("http", RESOLVED, ":4566")),
        ("http://sqs.us-east-1.localhost:4566", ("http", RESOLVED, ":4566")),
        ("https://SQS.us-east-1.localhost.localstack.cloud", ("https", RESOLVED, "")),
        ("http://localstack:4566", ("http", "localstack", ":4566")),
        ("http://lambda.pileus", ("http", "pileus", "")),
        ("http://notpileus", ("http", RESOLVED, "")),
        ("http://localhost:port", ("http", RESOLVED, "")),
        ("http://localhost.pileus:99999999", ("http", "localhost.pileus", ":99999999")),
        ("", ("", RESOLVED, "")),
    ],
)
def test_a_name_below_which_names_are_resolved(
    host_url: str, expected: tuple[str, str, str]
) -> None:
    assert expected == address_of(host_url)
