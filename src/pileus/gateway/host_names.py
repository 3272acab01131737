"""What a Host header says besides where to: a service, a region."""

from __future__ import annotations

from typing import NamedTuple


class HostName(NamedTuple):
    """The parts that were recognised; empty where a host says nothing."""

    service: str = ""
    region: str = ""


def parse(host: str) -> HostName:
    """Take a host name apart."""
    return HostName()
