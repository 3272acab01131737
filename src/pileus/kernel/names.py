"""The list of an account's resources by name, kept in the account's own partition.

A resource's row is the truth and lies in the resource's partition; this list only finds it. Where
both partitions share a database the list changes in the same transaction, else by a delivery
shortly after, as AWS's lists are eventually consistent too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.kernel import arns
from pileus.kernel.deliveries import DEFAULT_POLICY, KERNEL_ARN, Delivery, enqueue

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

_PUT = """
INSERT INTO kernel_names (part, account, kind, name, arn)
VALUES (:part, :account, :kind, :name, :arn)
ON CONFLICT (part, account, kind, name) DO UPDATE SET arn = excluded.arn
"""
_DELETE = """
DELETE FROM kernel_names
WHERE part = :part AND account = :account AND kind = :kind AND name = :name
"""
_LIST = """
SELECT name, arn FROM kernel_names
WHERE part = :part AND account = :account AND kind = :kind AND name > :after AND name >= :prefix
  AND name < :beyond
ORDER BY name LIMIT :limit
"""
_COUNT = """
SELECT COUNT(*) FROM (
  SELECT 1 AS one FROM kernel_names
  WHERE part = :part AND account = :account AND kind = :kind AND name LIKE :pattern
  LIMIT :limit) AS found
"""
# The highest code point that a name may hold: the end of a range of names with one prefix.
_LAST = "\U0010ffff"


class NameChange(msgspec.Struct, frozen=True):
    kind: str
    name: str
    arn: str  # empty: take the name off the list


def account_of(arn: str) -> str:
    """The account's own resource for the service that the ARN belongs to."""
    parts = arns.parse(arn)
    assert parts is not None, f"not an ARN: {arn}"
    return str(parts._replace(resource=""))


def enlist(tx: Transaction, kind: str, name: str, arn: str, account: str) -> None:
    _change(tx, NameChange(kind, name, arn), account)


def delist(tx: Transaction, kind: str, name: str, account: str) -> None:
    _change(tx, NameChange(kind, name, ""), account)


def _change(tx: Transaction, change: NameChange, account: str) -> None:
    account = account or account_of(tx.about)
    store = tx.kernel.store
    if store.is_together(tx.part, store.partition(account)):
        apply(tx.within(account), change)
        return
    payload = msgspec.json.encode(change)
    to = KERNEL_ARN + account
    enqueue(tx, Delivery.new(tx, to, payload, tx.about, {}, DEFAULT_POLICY), error="")


def apply(tx: Transaction, change: NameChange) -> None:
    """Carry out a change in the account's own partition."""
    key = {"account": tx.about, "kind": change.kind, "name": change.name}
    if change.arn:
        tx.run(_PUT, arn=change.arn, **key)
    else:
        tx.run(_DELETE, **key)


def listed(
    tx: Transaction, kind: str, prefix: str, after: str, at_most: int
) -> list[tuple[str, str]]:
    rows = tx.all(
        _LIST, at_most=at_most, account=tx.about, kind=kind, after=after, prefix=prefix,
        beyond=prefix + _LAST, limit=at_most,
    )  # fmt: skip
    return [(name, arn) for name, arn in rows]


def count(tx: Transaction, kind: str, ending: str, at_most: int) -> int:
    """How many names the account of this transaction's resource has, as far as can be seen here."""
    account, store = account_of(tx.about), tx.kernel.store
    if not store.is_together(tx.part, store.partition(account)):
        return 0
    row = tx.within(account).one(
        _COUNT, account=account, kind=kind, pattern=f"%{ending}", limit=at_most
    )
    assert row is not None
    return int(row[0])


def accept(call: Call, delivery: Delivery) -> None:
    """Target: a change of names that came from another partition set."""
    apply(call.tx, msgspec.json.decode(delivery.payload, type=NameChange))
