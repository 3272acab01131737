"""What the user chose at start; plain values that every part may read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is an option of `pileus up`; docs/reference/settings.md tells what it does."""

    host: str = "127.0.0.1"
    port: int = 4566
    data: Path = Path("data")
    # "sqlite", or a PostgreSQL connection string.
    store: str = "sqlite"
    # How many SQLite files the partitions are split between; fixed when the store is made.
    store_files: int = 1
    # "sandbox", or "process" where the machine refuses namespaces.
    isolation: str = "sandbox"
    log_format: str = "text"
    # "aws" enforces AWS's rates as well as its sizes; "relaxed" only the sizes.
    limits: str = "relaxed"
    # Play AWS's transitional states in (platform) time instead of ending them at the next read.
    aws_delays: bool = False
    # Refuse retired runtimes and members that are not supported, instead of warning.
    strict: bool = False
    # Listen beyond loopback although IAM is not enforced.
    insecure: bool = False
    # Further host names and origins that may reach the server.
    allowed_hosts: tuple[str, ...] = ()
    # Addresses, networks and names of private endpoints that may be called although Pileus listens
    # beyond loopback.
    allowed_egress: tuple[str, ...] = ()
    # Where mail is carried to, as a URL; nowhere if empty.
    smtp: str = ""
    # Keep the threads that answer requests on one processor, which is faster.
    one_processor: bool = True
    # "public", or "isolated": then no function gets a way outside.
    network: str = "public"
    # Subnets whose functions get a way outside, as through a NAT gateway; "all" means every subnet.
    nat_subnets: tuple[str, ...] = ()
    # Let functions reach mail servers outside by port 25.
    open_smtp: bool = False
    # Zips that stand for versions of other accounts' layers: "ARN=FILE".
    layers: tuple[str, ...] = ()
    # Where OCI archives lie that functions may name as their images.
    images: Path | None = None
    # Fixes identifiers and choices; for simulations.
    seed: int | None = None

    @property
    def enforces_rates(self) -> bool:
        return self.limits == "aws"
