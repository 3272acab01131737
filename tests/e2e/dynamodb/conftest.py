"""Fixtures of the tests of tables."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def dynamodb(aws: Any) -> Any:
    return aws("dynamodb")


@pytest.fixture
def streams(aws: Any) -> Any:
    return aws("dynamodbstreams")
