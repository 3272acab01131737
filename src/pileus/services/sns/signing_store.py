"""The row that holds the key which messages are signed with."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction

_READ = "SELECT private_key, certificate FROM sns_signing WHERE part = :part"
_KEEP = """
INSERT INTO sns_signing (part, private_key, certificate)
VALUES (:part, :private_key, :certificate) ON CONFLICT (part) DO NOTHING
"""


def read(tx: Transaction) -> tuple[str, str] | None:
    """The private key and the certificate, as PEM; None before the first start."""
    row = tx.one(_READ)
    return None if row is None else (row[0], row[1])


def keep(tx: Transaction, private_key: str, certificate: str) -> None:
    """Keep a new key, unless another process was first."""
    tx.run(_KEEP, private_key=private_key, certificate=certificate)
