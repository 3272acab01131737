"""Names of tables: what a request is about, by a name or an ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.services.dynamodb import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call

NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}", re.ASCII)


def arn_of(call: Call, name: str) -> str:
    """The ARN of the table that a request names; raises AWS's error for what is no name."""
    if name.startswith("arn:"):
        parts = arns.parse(name)
        kind, _, table = parts.resource.partition("/") if parts is not None else ("", "", "")
        if parts is None or parts.service != "dynamodb" or kind != "table":
            raise errors.invalid_table_name()
        _check(table)
        return name
    _check(name)
    return call.arn(f"table/{name}", "dynamodb")


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise errors.invalid_table_name()


def name_of(arn: str) -> str:
    return arn.partition(":table/")[2].partition("/")[0]


def the_table(call: Call, params: Mapping[str, Any]) -> str:
    return arn_of(call, params["TableName"])


def the_resource(call: Call, params: Mapping[str, Any]) -> str:
    """The table that a resource ARN names, or whose stream or index it is."""
    return table_of(params["ResourceArn"])


def table_of(arn: str) -> str:
    """The table of an ARN of a table, an index or a stream."""
    parts = arns.parse(arn)
    kind, _, rest = parts.resource.partition("/") if parts is not None else ("", "", "")
    table = rest.partition("/")[0]
    if parts is None or parts.service != "dynamodb" or kind != "table" or not NAME.fullmatch(table):
        raise errors.invalid(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    return str(parts._replace(resource=f"table/{table}"))


def the_stream(call: Call, params: Mapping[str, Any]) -> str:
    """The table whose stream a request is about."""
    return table_of(params["StreamArn"])


def the_tables_account(call: Call, params: Mapping[str, Any]) -> str:
    """The account as DynamoDB's lists know it, whichever of its two services is asked."""
    return call.arn("", "dynamodb")


def the_first_table(call: Call, params: Mapping[str, Any]) -> str:
    """A batch is about its first table, for who asks what it is about."""
    for name in params["RequestItems"]:
        return arn_of(call, name)
    return call.arn("", "dynamodb")


def the_first_action(call: Call, params: Mapping[str, Any]) -> str:
    """A transaction is about the table of its first action."""
    for item in params["TransactItems"]:
        for action in item.values():
            return arn_of(call, action["TableName"])
    return call.arn("", "dynamodb")
