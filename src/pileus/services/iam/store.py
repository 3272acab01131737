"""IAM's rows; the only SQL of the service. All functions are about one account's partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pileus.kernel.transaction import Transaction

_LAST = "\U0010ffff"
# More than any quota lets an account have of what is read whole.
_ALL = 500


class Entity(NamedTuple):
    kind: str
    name: str
    path: str
    unique_id: str
    arn: str
    created_at: int
    description: str = ""
    trust_policy: str = ""
    session_seconds_max: int = 0
    boundary_arn: str = ""
    role_id: str = ""


class Policy(NamedTuple):
    name: str
    path: str
    unique_id: str
    arn: str
    description: str
    default_version: int
    last_version: int
    created_at: int
    updated_at: int


class Version(NamedTuple):
    version: int
    document: str
    created_at: int


class AccessKey(NamedTuple):
    access_key_id: str
    user_id: str
    secret: str
    is_active: int
    created_at: int


# Entities.

_COLUMNS = (
    "kind, name, path, unique_id, arn, created_at, description, trust_policy,"
    " session_seconds_max, boundary_arn, role_id"
)
_ENTITY = f"""
SELECT {_COLUMNS} FROM iam_entities
WHERE part = :part AND account = :account AND kind = :kind AND key = :key
"""
_BY_ID = f"""
SELECT {_COLUMNS} FROM iam_entities
WHERE part = :part AND account = :account AND unique_id = :unique_id
"""
_ENTITIES = f"""
SELECT {_COLUMNS} FROM iam_entities
WHERE part = :part AND account = :account AND kind = :kind AND key > :after
  AND path >= :prefix AND path < :beyond
ORDER BY key LIMIT :limit
"""
_ADD_ENTITY = """
INSERT INTO iam_entities (part, account, kind, key, name, path, unique_id, arn, created_at,
  description, trust_policy, session_seconds_max, boundary_arn, role_id)
VALUES (:part, :account, :kind, :key, :name, :path, :unique_id, :arn, :created_at,
  :description, :trust_policy, :session_seconds_max, :boundary_arn, :role_id)
ON CONFLICT (part, account, kind, key) DO NOTHING
"""
_CHANGE_ENTITY = """
UPDATE iam_entities SET key = :key, name = :name, path = :path, arn = :arn,
  description = :description, trust_policy = :trust_policy,
  session_seconds_max = :session_seconds_max, boundary_arn = :boundary_arn, role_id = :role_id
WHERE part = :part AND account = :account AND unique_id = :unique_id
"""
_REMOVE_ENTITY = """
DELETE FROM iam_entities WHERE part = :part AND account = :account AND unique_id = :unique_id
"""
_PROFILES_OF_ROLE = f"""
SELECT {_COLUMNS} FROM iam_entities
WHERE part = :part AND account = :account AND role_id = :role_id AND key > :after
ORDER BY key LIMIT :limit
"""
_BOUNDED = f"""
SELECT {_COLUMNS} FROM iam_entities
WHERE part = :part AND account = :account AND boundary_arn = :policy_arn ORDER BY kind, key
LIMIT :limit
"""


def entity(tx: Transaction, account: str, kind: str, name: str) -> Entity | None:
    row = tx.one(_ENTITY, account=account, kind=kind, key=name.lower())
    return None if row is None else Entity(*row)


def entity_by_id(tx: Transaction, account: str, unique_id: str) -> Entity | None:
    row = tx.one(_BY_ID, account=account, unique_id=unique_id)
    return None if row is None else Entity(*row)


def entities(
    tx: Transaction, account: str, kind: str, path_prefix: str, after: str, count: int
) -> list[Entity]:
    rows = tx.all(
        _ENTITIES, at_most=count, account=account, kind=kind, after=after, prefix=path_prefix,
        beyond=path_prefix + _LAST, limit=count,
    )  # fmt: skip
    return [Entity(*row) for row in rows]


def add_entity(tx: Transaction, account: str, added: Entity) -> bool:
    """False if there is one of this kind and name."""
    values = {**added._asdict(), "account": account, "key": added.name.lower()}
    return tx.run(_ADD_ENTITY, **values) > 0


def change_entity(tx: Transaction, account: str, changed: Entity) -> None:
    values = {**changed._asdict(), "account": account, "key": changed.name.lower()}
    del values["kind"], values["created_at"]
    tx.run(_CHANGE_ENTITY, **values)


def remove_entity(tx: Transaction, account: str, unique_id: str) -> None:
    tx.run(_REMOVE_ENTITY, account=account, unique_id=unique_id)


def profiles_of_role(
    tx: Transaction, account: str, role_id: str, after: str, count: int
) -> list[Entity]:
    rows = tx.all(
        _PROFILES_OF_ROLE, at_most=count, account=account, role_id=role_id, after=after, limit=count
    )
    return [Entity(*row) for row in rows]


def bounded_by(tx: Transaction, account: str, policy_arn: str) -> list[Entity]:
    """The entities whose permissions boundary is this policy."""
    rows = tx.all(_BOUNDED, at_most=_ALL, account=account, policy_arn=policy_arn, limit=_ALL)
    return [Entity(*row) for row in rows]


# Inline policies.

_INLINE = """
SELECT document FROM iam_inline_policies
WHERE part = :part AND account = :account AND owner_id = :owner_id AND name = :name
"""
_INLINE_NAMES = """
SELECT name FROM iam_inline_policies
WHERE part = :part AND account = :account AND owner_id = :owner_id AND name > :after
ORDER BY name LIMIT :limit
"""
_INLINE_SIZE = """
SELECT COALESCE(SUM(size), 0) FROM iam_inline_policies
WHERE part = :part AND account = :account AND owner_id = :owner_id AND name <> :name
"""
_PUT_INLINE = """
INSERT INTO iam_inline_policies (part, account, owner_id, name, document, size)
VALUES (:part, :account, :owner_id, :name, :document, :size)
ON CONFLICT (part, account, owner_id, name) DO UPDATE
SET document = excluded.document, size = excluded.size
"""
_REMOVE_INLINE = """
DELETE FROM iam_inline_policies
WHERE part = :part AND account = :account AND owner_id = :owner_id AND name = :name
"""


def inline_policy(tx: Transaction, account: str, owner_id: str, name: str) -> str | None:
    row = tx.one(_INLINE, account=account, owner_id=owner_id, name=name)
    return None if row is None else str(row[0])


def inline_names(tx: Transaction, account: str, owner_id: str, after: str, count: int) -> list[str]:
    rows = tx.all(
        _INLINE_NAMES, at_most=count, account=account, owner_id=owner_id, after=after, limit=count
    )
    return [name for (name,) in rows]


def inline_size_beside(tx: Transaction, account: str, owner_id: str, name: str) -> int:
    """The size of an entity's inline policies other than the named one."""
    row = tx.one(_INLINE_SIZE, account=account, owner_id=owner_id, name=name)
    return 0 if row is None else int(row[0])


def put_inline(
    tx: Transaction, account: str, owner_id: str, name: str, document: str, size: int
) -> None:
    tx.run(_PUT_INLINE, account=account, owner_id=owner_id, name=name, document=document, size=size)


def remove_inline(tx: Transaction, account: str, owner_id: str, name: str) -> bool:
    return tx.run(_REMOVE_INLINE, account=account, owner_id=owner_id, name=name) > 0


# Members of groups.

_ADD_MEMBER = """
INSERT INTO iam_members (part, account, group_id, user_id)
VALUES (:part, :account, :group_id, :user_id) ON CONFLICT (part, account, group_id, user_id)
DO NOTHING
"""
_REMOVE_MEMBER = """
DELETE FROM iam_members
WHERE part = :part AND account = :account AND group_id = :group_id AND user_id = :user_id
"""
_MEMBERS = """
SELECT entities.kind, entities.name, entities.path, entities.unique_id, entities.arn,
  entities.created_at, entities.description, entities.trust_policy,
  entities.session_seconds_max, entities.boundary_arn, entities.role_id
FROM iam_members AS members JOIN iam_entities AS entities
  ON entities.part = members.part AND entities.account = members.account
  AND entities.unique_id = members.{other}
WHERE members.part = :part AND members.account = :account AND members.{own} = :own_id
  AND entities.key > :after ORDER BY entities.key LIMIT :limit
"""
_USERS_OF_GROUP = _MEMBERS.format(own="group_id", other="user_id")
_GROUPS_OF_USER = _MEMBERS.format(own="user_id", other="group_id")


def add_member(tx: Transaction, account: str, group_id: str, user_id: str) -> None:
    tx.run(_ADD_MEMBER, account=account, group_id=group_id, user_id=user_id)


def remove_member(tx: Transaction, account: str, group_id: str, user_id: str) -> bool:
    return tx.run(_REMOVE_MEMBER, account=account, group_id=group_id, user_id=user_id) > 0


def users_of_group(
    tx: Transaction, account: str, group_id: str, after: str, count: int
) -> list[Entity]:
    return _members(tx, _USERS_OF_GROUP, account, group_id, after, count)


def groups_of_user(
    tx: Transaction, account: str, user_id: str, after: str, count: int
) -> list[Entity]:
    return _members(tx, _GROUPS_OF_USER, account, user_id, after, count)


def _members(
    tx: Transaction, sql: str, account: str, own_id: str, after: str, count: int
) -> list[Entity]:
    rows: Sequence[Any] = tx.all(
        sql, at_most=count, account=account, own_id=own_id, after=after, limit=count
    )
    return [Entity(*row) for row in rows]


# Access keys.

_KEY_COLUMNS = "access_key_id, user_id, secret, is_active, created_at"
_ACCESS_KEY = f"""
SELECT {_KEY_COLUMNS} FROM iam_access_keys
WHERE part = :part AND account = :account AND access_key_id = :access_key_id
"""
_ACCESS_KEYS = f"""
SELECT {_KEY_COLUMNS} FROM iam_access_keys
WHERE part = :part AND account = :account AND user_id = :user_id AND access_key_id > :after
ORDER BY access_key_id LIMIT :limit
"""
_ADD_ACCESS_KEY = """
INSERT INTO iam_access_keys
  (part, account, access_key_id, user_id, secret, is_active, created_at)
VALUES (:part, :account, :access_key_id, :user_id, :secret, :is_active, :created_at)
"""
_SET_ACTIVE = """
UPDATE iam_access_keys SET is_active = :is_active
WHERE part = :part AND account = :account AND access_key_id = :access_key_id
"""
_REMOVE_ACCESS_KEY = """
DELETE FROM iam_access_keys
WHERE part = :part AND account = :account AND access_key_id = :access_key_id
"""


def access_key(tx: Transaction, account: str, access_key_id: str) -> AccessKey | None:
    row = tx.one(_ACCESS_KEY, account=account, access_key_id=access_key_id)
    return None if row is None else AccessKey(*row)


def access_keys(
    tx: Transaction, account: str, user_id: str, after: str, count: int
) -> list[AccessKey]:
    rows = tx.all(
        _ACCESS_KEYS, at_most=count, account=account, user_id=user_id, after=after, limit=count
    )
    return [AccessKey(*row) for row in rows]


def add_access_key(tx: Transaction, account: str, added: AccessKey) -> None:
    tx.run(_ADD_ACCESS_KEY, account=account, **added._asdict())


def set_active(tx: Transaction, account: str, access_key_id: str, is_active: bool) -> None:
    tx.run(_SET_ACTIVE, account=account, access_key_id=access_key_id, is_active=int(is_active))


def remove_access_key(tx: Transaction, account: str, access_key_id: str) -> None:
    tx.run(_REMOVE_ACCESS_KEY, account=account, access_key_id=access_key_id)


# The account's alias.

_ALIAS = "SELECT alias FROM iam_accounts WHERE part = :part AND account = :account"
_SET_ALIAS = """
INSERT INTO iam_accounts (part, account, alias) VALUES (:part, :account, :alias)
ON CONFLICT (part, account) DO UPDATE SET alias = excluded.alias
"""


def alias(tx: Transaction, account: str) -> str:
    row = tx.one(_ALIAS, account=account)
    return "" if row is None else str(row[0])


def set_alias(tx: Transaction, account: str, text: str) -> None:
    tx.run(_SET_ALIAS, account=account, alias=text)
