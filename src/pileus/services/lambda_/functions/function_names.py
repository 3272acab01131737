"""The ways in which a request may name a function, and the ARN that each of them means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.services.lambda_ import errors

NAME_LENGTH_MAX = 64
LATEST = "$LATEST"
# docs: lambda-managed-instances-version-publishing
LATEST_PUBLISHED = "$LATEST.PUBLISHED"

# A name, a partial ARN (`123456789012:function:name`) or an ARN, each with or without a qualifier.
_FORM = re.compile(
    r"(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?"
    r"(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)"
    r"(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)


class Named(NamedTuple):
    """A function as a request names it; `qualifier` is empty where none was given."""

    arn: str  # unqualified
    name: str
    qualifier: str

    @property
    def qualified_arn(self) -> str:
        return f"{self.arn}:{self.qualifier}" if self.qualifier else self.arn


@lru_cache(maxsize=4096)
def _read(text: str, qualifier: str, account: str, region: str) -> Named:
    match = _FORM.fullmatch(text)
    if match is None:
        # The model's pattern has been checked before: only names from inside come here.
        raise errors.function_not_found(text)
    name = match["name"]
    if len(name) > NAME_LENGTH_MAX:
        raise errors.name_too_long(name)
    if match["region"] and match["region"] != region:
        raise errors.wrong_region(match["region"], region)
    derived = match["qualifier"] or ""
    if derived and qualifier and derived != qualifier:
        raise errors.qualifier_mismatch()
    arn = arns.build("lambda", region, match["account"] or account, f"function:{name}")
    return Named(arn, name, qualifier or derived)


def read(call: Call, text: str, qualifier: str | None = None) -> Named:
    return _read(text, qualifier or "", call.account, call.region)


def unqualified(call: Call, text: str) -> Named:
    """For operations on functions as a whole."""
    named = read(call, text)
    if named.qualifier:
        raise errors.unqualified_only()
    return named


def split(arn: str) -> Named:
    """A function's ARN, qualified or not, taken apart."""
    parts = arns.parse(arn)
    assert parts is not None, f"not an ARN: {arn}"
    name, _, qualifier = parts.resource.removeprefix("function:").partition(":")
    return Named(str(parts._replace(resource=f"function:{name}")), name, qualifier)


def function_of(call: Call, params: Mapping[str, Any]) -> str:
    """The function that a request is about."""
    return read(call, params["FunctionName"]).arn
