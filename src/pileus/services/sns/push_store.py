"""Rows of platform applications and their endpoints."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pileus.kernel.transaction import Row, Transaction
from pileus.services.sns import errors


class Application(NamedTuple):
    number: int
    attributes: dict[str, str]

    @property
    def is_enabled(self) -> bool:
        return _is_enabled(self.attributes)


class Endpoint(NamedTuple):
    id: str
    token: str
    attributes: dict[str, str]

    @property
    def is_enabled(self) -> bool:
        return _is_enabled(self.attributes)


def _is_enabled(attributes: dict[str, str]) -> bool:
    return attributes.get("Enabled", "true").lower() == "true"


_APPLICATION = "SELECT number, attributes FROM sns_applications WHERE part = :part AND arn = :arn"
_PUT_APPLICATION = """
INSERT INTO sns_applications (part, arn, number, attributes)
VALUES (:part, :arn, :number, :attributes)
ON CONFLICT (part, arn) DO UPDATE SET attributes = excluded.attributes
"""
_DELETE_APPLICATION = "DELETE FROM sns_applications WHERE part = :part AND arn = :arn"
_ENDPOINT = """
SELECT id, token, attributes FROM sns_endpoints
WHERE part = :part AND application = :application AND id = :id
"""
_BY_TOKEN = """
SELECT id, token, attributes FROM sns_endpoints
WHERE part = :part AND application = :application AND token = :token ORDER BY id LIMIT 1
"""
_PAGE = """
SELECT id, token, attributes FROM sns_endpoints
WHERE part = :part AND application = :application AND id > :after ORDER BY id LIMIT :limit
"""
_PUT_ENDPOINT = """
INSERT INTO sns_endpoints (part, application, id, token, attributes)
VALUES (:part, :application, :id, :token, :attributes)
ON CONFLICT (part, application, id) DO UPDATE
SET token = excluded.token, attributes = excluded.attributes
"""
_DELETE_ENDPOINT = """
DELETE FROM sns_endpoints WHERE part = :part AND application = :application AND id = :id
"""
_DROP = """
DELETE FROM sns_endpoints WHERE part = :part AND application = :application AND id IN (
  SELECT id FROM sns_endpoints WHERE part = :part AND application = :application LIMIT :limit)
"""


def seek_application(tx: Transaction, arn: str) -> Application | None:
    row = tx.one(_APPLICATION, arn=arn)
    return None if row is None else Application(row[0], _decode(row[1]))


def find_application(tx: Transaction, arn: str) -> Application:
    """The application; raises NotFound."""
    found = seek_application(tx, arn)
    if found is None:
        raise errors.not_found("PlatformApplication")
    return found


def put_application(tx: Transaction, arn: str, attributes: dict[str, str]) -> None:
    number = int.from_bytes(tx.kernel.ids.token(6), "big") >> 1
    tx.run(_PUT_APPLICATION, arn=arn, number=number, attributes=_encode(attributes))


def delete_application(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE_APPLICATION, arn=arn)


def seek_endpoint(tx: Transaction, application: int, endpoint_id: str) -> Endpoint | None:
    row = tx.one(_ENDPOINT, application=application, id=endpoint_id)
    return None if row is None else _endpoint(row)


def find_by_token(tx: Transaction, application: int, token: str) -> Endpoint | None:
    row = tx.one(_BY_TOKEN, application=application, token=token)
    return None if row is None else _endpoint(row)


def page_of_endpoints(tx: Transaction, application: int, after: str, limit: int) -> list[Endpoint]:
    rows = tx.all(_PAGE, at_most=limit, application=application, after=after, limit=limit)
    return [_endpoint(row) for row in rows]


def put_endpoint(tx: Transaction, application: int, endpoint: Endpoint) -> None:
    tx.run(
        _PUT_ENDPOINT, application=application, id=endpoint.id, token=endpoint.token,
        attributes=_encode(endpoint.attributes),
    )  # fmt: skip


def delete_endpoint(tx: Transaction, application: int, endpoint_id: str) -> None:
    tx.run(_DELETE_ENDPOINT, application=application, id=endpoint_id)


def drop_endpoints(tx: Transaction, application: int, limit: int) -> bool:
    """Remove a page of endpoints; whether there may be more."""
    return tx.run(_DROP, application=application, limit=limit) == limit


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(row[0], row[1], _decode(row[2]))


def _decode(text: str) -> dict[str, str]:
    return msgspec.json.decode(text, type=dict[str, str])


def _encode(attributes: dict[str, str]) -> str:
    return msgspec.json.encode(attributes).decode()
