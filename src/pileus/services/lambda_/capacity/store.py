"""Rows of capacity providers; each in its own partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

PENDING, ACTIVE, DELETING = "Pending", "Active", "Deleting"


class Provider(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The members that nothing here reads are kept as they were given."""

    arn: str
    modified_at: int
    state: str
    vpc: dict[str, Any]
    permissions: dict[str, Any]
    requirements: dict[str, Any]
    scaling: dict[str, Any]
    kms_key_arn: str = ""
    propagated_tags: dict[str, Any] | None = None
    telemetry: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def architectures(self) -> list[str]:
        found: list[str] = self.requirements["Architectures"]
        return found


_READ = "SELECT provider FROM lambda_capacity_providers WHERE part = :part AND arn = :arn"
_WRITE = """
INSERT INTO lambda_capacity_providers (part, arn, provider) VALUES (:part, :arn, :provider)
ON CONFLICT (part, arn) DO UPDATE SET provider = excluded.provider
"""
_REMOVE = "DELETE FROM lambda_capacity_providers WHERE part = :part AND arn = :arn"


def load(tx: Transaction, arn: str) -> Provider | None:
    row = tx.one(_READ, arn=arn)
    return None if row is None else msgspec.json.decode(row[0], type=Provider)


def save(tx: Transaction, provider: Provider) -> None:
    tx.run(_WRITE, arn=provider.arn, provider=msgspec.json.encode(provider).decode())


def remove(tx: Transaction, arn: str) -> None:
    tx.run(_REMOVE, arn=arn)
