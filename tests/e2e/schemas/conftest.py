"""Fixtures of the tests of EventBridge Schemas."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def schemas(aws: Any) -> Any:
    return aws("schemas")
