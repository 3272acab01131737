"""Fixtures of the tests of topics."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def sns(aws: Any) -> Any:
    return aws("sns")


@pytest.fixture
def sqs(aws: Any) -> Any:
    return aws("sqs")
