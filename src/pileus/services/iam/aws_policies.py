"""Policies that AWS manages: the documents of the common ones, and any other by its name.

AWS has more than a thousand and changes them; a name that the table lacks can be attached, but its
document cannot be read.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}|aws):policy((?:/[\x21-\x7e]+)?/)([\w+=,.@-]{1,128})")
AWS = "aws"
# When the table's policies came to be is not told: AWS's own dates are not part of it.
CREATED_AT = 1_423_247_000_000  # 2015-02-06, when AWS began to manage policies
VERSION = "v1"


def is_policy_arn(arn: str) -> bool:
    return _ARN.fullmatch(arn) is not None


def is_aws_arn(arn: str) -> bool:
    found = _ARN.fullmatch(arn)
    return found is not None and found[1] == AWS


def path_and_name(arn: str) -> tuple[str, str]:
    """`/service-role/` and the name, of a policy's ARN."""
    found = _ARN.fullmatch(arn)
    assert found is not None, arn
    return found[2], found[3]


@cache
def table() -> dict[str, Any]:
    """Documents by path and name: `service-role/AWSLambdaBasicExecutionRole`."""
    text = resources.files(__package__).joinpath("aws_policies.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def document(arn: str) -> str | None:
    """The document of a policy; None where the table does not have it."""
    path, name = path_and_name(arn)
    statements = table().get(f"{path}{name}"[1:])
    if statements is None:
        return None
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def arns(partition: str) -> list[str]:
    """All ARNs of the table in order."""
    return sorted(f"arn:{partition}:iam::{AWS}:policy/{name}" for name in table())
