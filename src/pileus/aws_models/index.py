"""Which services a name on the wire may mean: signing names, target prefixes, API versions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from pileus.aws_models import load

Names = dict[str, tuple[str, ...]]


class Index(NamedTuple):
    """Services, by botocore's names, under each name that requests call them by."""

    by_signing_name: Names
    by_target_prefix: Names
    by_api_version: Names
    by_endpoint_prefix: Names


def index_of(services: Iterable[str]) -> Index:
    """Read the metadata of some models; the models themselves stay unread."""
    tables: tuple[dict[str, list[str]], ...] = ({}, {}, {}, {})
    for service in services:
        metadata = load.metadata(service)
        names = (
            metadata.signing_name or metadata.endpoint_prefix,
            metadata.target_prefix,
            metadata.api_version if _has_forms(metadata) else "",
            metadata.endpoint_prefix,
        )
        for table, name in zip(tables, names, strict=True):
            if name:
                table.setdefault(name, []).append(service)
    return Index(*({name: tuple(found) for name, found in table.items()} for table in tables))


def _has_forms(metadata: load.Metadata) -> bool:
    protocols = metadata.protocols or [metadata.protocol]
    return "query" in protocols or "ec2" in protocols


@cache
def index_of_all() -> Index:
    """The names of every service that AWS has: a quarter of a second, so only when needed."""
    return index_of(load.service_names())
