"""Rows of code signing configurations; each in its own partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction


class SigningConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    arn: str
    modified_at: int
    publishers: dict[str, Any]
    untrusted: str = "Warn"
    description: str = ""

    @property
    def id(self) -> str:
        return self.arn.rpartition(":")[2]


_READ = "SELECT config FROM lambda_code_signing WHERE part = :part AND arn = :arn"
_WRITE = """
INSERT INTO lambda_code_signing (part, arn, config) VALUES (:part, :arn, :config)
ON CONFLICT (part, arn) DO UPDATE SET config = excluded.config
"""
_REMOVE = "DELETE FROM lambda_code_signing WHERE part = :part AND arn = :arn"


def load(tx: Transaction, arn: str) -> SigningConfig | None:
    row = tx.one(_READ, arn=arn)
    return None if row is None else msgspec.json.decode(row[0], type=SigningConfig)


def save(tx: Transaction, config: SigningConfig) -> None:
    tx.run(_WRITE, arn=config.arn, config=msgspec.json.encode(config).decode())


def remove(tx: Transaction, arn: str) -> None:
    tx.run(_REMOVE, arn=arn)
