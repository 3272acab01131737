"""Fixtures of the tests of topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.sns.listening import Endpoint, listening


@pytest.fixture
def sns(aws: Any) -> Any:
    return aws("sns")


@pytest.fixture
def sqs(aws: Any) -> Any:
    return aws("sqs")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with listening() as found:
        yield found
