"""Rows of pipes."""

from __future__ import annotations

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.pipes.pipe_settings import Pipe

_FIND = "SELECT pipe FROM pipes_pipes WHERE part = :part AND arn = :arn"
_SAVE = """
INSERT INTO pipes_pipes (part, arn, pipe) VALUES (:part, :arn, :pipe)
ON CONFLICT (part, arn) DO UPDATE SET pipe = excluded.pipe
"""
_DELETE = "DELETE FROM pipes_pipes WHERE part = :part AND arn = :arn"


def find(tx: Transaction, arn: str) -> Pipe | None:
    row = tx.one(_FIND, arn=arn)
    return None if row is None else msgspec.json.decode(row[0], type=Pipe)


def save(tx: Transaction, pipe: Pipe) -> None:
    tx.run(_SAVE, arn=pipe.arn, pipe=msgspec.json.encode(pipe).decode())


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)
