"""What AWS answers when it refuses, in one value to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError


class Refusal(NamedTuple):
    code: str
    message: str
    status: int


def refusal(ask: Callable[..., Any], **members: Any) -> Refusal:
    """Ask, and say how it was refused."""
    with pytest.raises(ClientError) as refused:
        ask(**members)
    answer = refused.value.response
    error = answer["Error"]
    return Refusal(error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"])
