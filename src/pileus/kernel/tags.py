"""Tags of resources: one store for all services; each words its own errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# docs: Tag naming limits and requirements
TAGS_MAX = 50
KEY_LENGTH_MAX = 128
VALUE_LENGTH_MAX = 256
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*", re.UNICODE)

_READ = (
    "SELECT key, value FROM kernel_tags WHERE part = :part AND arn = :arn ORDER BY key LIMIT 100"
)
_PUT = """
INSERT INTO kernel_tags (part, arn, key, value) VALUES (:part, :arn, :key, :value)
ON CONFLICT (part, arn, key) DO UPDATE SET value = excluded.value
"""
_REMOVE = "DELETE FROM kernel_tags WHERE part = :part AND arn = :arn AND key = :key"


class Problem(Enum):
    """Why AWS would refuse a set of tags."""

    TOO_MANY = auto()
    KEY = auto()
    RESERVED_KEY = auto()
    VALUE = auto()


def problem(present: Mapping[str, str], added: Mapping[str, str]) -> tuple[Problem, str] | None:
    """The first reason to refuse adding these tags, with the offending key; None if all is well."""
    for key, value in added.items():
        if not 1 <= len(key) <= KEY_LENGTH_MAX or not _ALLOWED.fullmatch(key):
            return Problem.KEY, key
        if key.lower().startswith("aws:"):
            return Problem.RESERVED_KEY, key
        if len(value) > VALUE_LENGTH_MAX or not _ALLOWED.fullmatch(value):
            return Problem.VALUE, key
    if len({**present, **added}) > TAGS_MAX:
        return Problem.TOO_MANY, ""
    return None


def read(tx: Transaction, arn: str) -> dict[str, str]:
    return dict(tx.all(_READ, at_most=100, arn=arn))


def put(tx: Transaction, arn: str, added: Mapping[str, str]) -> None:
    rows = [{"arn": arn, "key": key, "value": value} for key, value in added.items()]
    if rows:
        tx.run_many(_PUT, rows)


def remove(tx: Transaction, arn: str, keys: Sequence[str]) -> None:
    if keys:
        tx.run_many(_REMOVE, [{"arn": arn, "key": key} for key in keys])
