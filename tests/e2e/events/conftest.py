"""Fixtures of the tests of EventBridge."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def events(aws: Any) -> Any:
    return aws("events")


@pytest.fixture
def sqs(aws: Any) -> Any:
    return aws("sqs")
