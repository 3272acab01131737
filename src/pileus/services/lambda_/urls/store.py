"""Rows of function URLs; for transactions about their function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.services.lambda_.urls.configurations import UrlConfig

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# The kind under which the account lists the ids of its URLs.
URLS = "function-url"

_READ = """
SELECT config FROM lambda_urls WHERE part = :part AND owner = :owner AND qualifier = :qualifier
"""
_WRITE = """
INSERT INTO lambda_urls (part, owner, qualifier, config)
VALUES (:part, :owner, :qualifier, :config)
ON CONFLICT (part, owner, qualifier) DO UPDATE SET config = excluded.config
"""
_LIST = """
SELECT qualifier, config FROM lambda_urls
WHERE part = :part AND owner = :owner AND qualifier > :after
ORDER BY qualifier LIMIT :limit
"""
_REMOVE = """
DELETE FROM lambda_urls WHERE part = :part AND owner = :owner AND qualifier = :qualifier
RETURNING config
"""
_SWEEP = """
DELETE FROM lambda_urls WHERE part = :part AND owner = :owner AND qualifier IN (
    SELECT qualifier FROM lambda_urls WHERE part = :part AND owner = :owner
    ORDER BY qualifier LIMIT :limit
) RETURNING config
"""


def load(tx: Transaction, owner: str, qualifier: str) -> UrlConfig | None:
    row = tx.one(_READ, owner=owner, qualifier=qualifier)
    return None if row is None else _config(row[0])


def save(tx: Transaction, owner: str, qualifier: str, config: UrlConfig) -> None:
    text = msgspec.json.encode(config).decode()
    tx.run(_WRITE, owner=owner, qualifier=qualifier, config=text)


def listed(tx: Transaction, owner: str, after: str, limit: int) -> list[tuple[str, UrlConfig]]:
    """(qualifier, URL) pairs of aliases, in order of qualifier; that of $LATEST is no part."""
    rows = tx.all(_LIST, at_most=limit, owner=owner, after=after, limit=limit)
    return [(qualifier, _config(text)) for qualifier, text in rows]


def remove(tx: Transaction, owner: str, qualifier: str) -> bool:
    """Remove a URL and its id from the account's list."""
    row = tx.one(_REMOVE, owner=owner, qualifier=qualifier)
    if row is not None:
        tx.delist(URLS, _config(row[0]).id)
    return row is not None


def sweep(tx: Transaction, owner: str, limit: int) -> int:
    rows = tx.all(_SWEEP, at_most=limit, owner=owner, limit=limit)
    for (text,) in rows:
        tx.delist(URLS, _config(text).id)
    return len(rows)


def _config(text: str) -> UrlConfig:
    return msgspec.json.decode(text, type=UrlConfig)
