"""The rows of managed policies, their versions and where they are attached."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.services.iam.store import Entity, Policy, Version

_COLUMNS = (
    "name, path, unique_id, arn, description, default_version, last_version, created_at, updated_at"
)
_LAST = "\U0010ffff"

_POLICY = f"""
SELECT {_COLUMNS} FROM iam_policies WHERE part = :part AND account = :account AND key = :key
"""
_POLICIES = f"""
SELECT {_COLUMNS} FROM iam_policies
WHERE part = :part AND account = :account AND key > :after AND path >= :prefix AND path < :beyond
ORDER BY key LIMIT :limit
"""
_ADD_POLICY = """
INSERT INTO iam_policies (part, account, key, name, path, unique_id, arn, description,
  default_version, last_version, created_at, updated_at)
VALUES (:part, :account, :key, :name, :path, :unique_id, :arn, :description,
  :default_version, :last_version, :created_at, :updated_at)
ON CONFLICT (part, account, key) DO NOTHING
"""
_SET_VERSIONS = """
UPDATE iam_policies SET default_version = :default_version, last_version = :last_version,
  updated_at = :updated_at
WHERE part = :part AND account = :account AND key = :key
"""
_REMOVE_POLICY = "DELETE FROM iam_policies WHERE part = :part AND account = :account AND key = :key"


def policy(tx: Transaction, account: str, name: str) -> Policy | None:
    row = tx.one(_POLICY, account=account, key=name.lower())
    return None if row is None else Policy(*row)


def policies(
    tx: Transaction, account: str, path_prefix: str, after: str, count: int
) -> list[Policy]:
    rows = tx.all(
        _POLICIES, at_most=count, account=account, after=after, prefix=path_prefix,
        beyond=path_prefix + _LAST, limit=count,
    )  # fmt: skip
    return [Policy(*row) for row in rows]


def add_policy(tx: Transaction, account: str, added: Policy) -> bool:
    """False if there is one of this name, whatever its path."""
    values = {**added._asdict(), "account": account, "key": added.name.lower()}
    return tx.run(_ADD_POLICY, **values) > 0


def set_versions(tx: Transaction, account: str, changed: Policy) -> None:
    tx.run(
        _SET_VERSIONS, account=account, key=changed.name.lower(),
        default_version=changed.default_version, last_version=changed.last_version,
        updated_at=changed.updated_at,
    )  # fmt: skip


def remove_policy(tx: Transaction, account: str, name: str) -> None:
    tx.run(_REMOVE_POLICY, account=account, key=name.lower())


# Versions.

_VERSION = """
SELECT version, document, created_at FROM iam_policy_versions
WHERE part = :part AND account = :account AND policy_id = :policy_id AND version = :version
"""
_VERSIONS = """
SELECT version, document, created_at FROM iam_policy_versions
WHERE part = :part AND account = :account AND policy_id = :policy_id
ORDER BY version DESC LIMIT :limit
"""
_ADD_VERSION = """
INSERT INTO iam_policy_versions (part, account, policy_id, version, document, created_at)
VALUES (:part, :account, :policy_id, :version, :document, :now / 1000 * 1000)
"""
_REMOVE_VERSION = """
DELETE FROM iam_policy_versions
WHERE part = :part AND account = :account AND policy_id = :policy_id AND version = :version
"""
VERSIONS_MAX = 5  # docs: "Versions of a managed policy that can be stored"


def version(tx: Transaction, account: str, policy_id: str, number: int) -> Version | None:
    row = tx.one(_VERSION, account=account, policy_id=policy_id, version=number)
    return None if row is None else Version(*row)


def versions(tx: Transaction, account: str, policy_id: str) -> list[Version]:
    """All versions, the newest first."""
    rows = tx.all(
        _VERSIONS, at_most=VERSIONS_MAX, account=account, policy_id=policy_id, limit=VERSIONS_MAX
    )
    return [Version(*row) for row in rows]


def add_version(tx: Transaction, account: str, policy_id: str, number: int, document: str) -> None:
    tx.run(_ADD_VERSION, account=account, policy_id=policy_id, version=number, document=document)


def remove_version(tx: Transaction, account: str, policy_id: str, number: int) -> None:
    tx.run(_REMOVE_VERSION, account=account, policy_id=policy_id, version=number)


# Attachments.

_ATTACH = """
INSERT INTO iam_attachments (part, account, owner_id, policy_arn)
VALUES (:part, :account, :owner_id, :policy_arn)
ON CONFLICT (part, account, owner_id, policy_arn) DO NOTHING
"""
_DETACH = """
DELETE FROM iam_attachments
WHERE part = :part AND account = :account AND owner_id = :owner_id AND policy_arn = :policy_arn
"""
_ATTACHED = """
SELECT policy_arn FROM iam_attachments
WHERE part = :part AND account = :account AND owner_id = :owner_id AND policy_arn > :after
ORDER BY policy_arn LIMIT :limit
"""
_ATTACHED_TO = """
SELECT entities.kind, entities.name, entities.path, entities.unique_id, entities.arn,
  entities.created_at, entities.description, entities.trust_policy,
  entities.session_seconds_max, entities.boundary_arn, entities.role_id
FROM iam_attachments AS attachments JOIN iam_entities AS entities
  ON entities.part = attachments.part AND entities.account = attachments.account
  AND entities.unique_id = attachments.owner_id
WHERE attachments.part = :part AND attachments.account = :account
  AND attachments.policy_arn = :policy_arn AND attachments.owner_id > :after
ORDER BY attachments.owner_id LIMIT :limit
"""
_ATTACHMENT_COUNT = """
SELECT COUNT(*) FROM iam_attachments
WHERE part = :part AND account = :account AND policy_arn = :policy_arn
"""
_BOUNDARY_COUNT = """
SELECT COUNT(*) FROM iam_entities
WHERE part = :part AND account = :account AND boundary_arn = :policy_arn
"""
_ATTACHED_AWS_POLICIES = """
SELECT DISTINCT policy_arn FROM iam_attachments
WHERE part = :part AND account = :account AND policy_arn >= :first AND policy_arn < :beyond
ORDER BY policy_arn LIMIT :limit
"""


def attach(tx: Transaction, account: str, owner_id: str, policy_arn: str) -> None:
    tx.run(_ATTACH, account=account, owner_id=owner_id, policy_arn=policy_arn)


def detach(tx: Transaction, account: str, owner_id: str, policy_arn: str) -> bool:
    return tx.run(_DETACH, account=account, owner_id=owner_id, policy_arn=policy_arn) > 0


def attached(tx: Transaction, account: str, owner_id: str, after: str, count: int) -> list[str]:
    """The ARNs of an entity's managed policies."""
    rows = tx.all(
        _ATTACHED, at_most=count, account=account, owner_id=owner_id, after=after, limit=count
    )
    return [arn for (arn,) in rows]


def attached_to(
    tx: Transaction, account: str, policy_arn: str, after: str, count: int
) -> list[Entity]:
    """The entities that a policy is attached to, in order of their ids."""
    rows = tx.all(
        _ATTACHED_TO, at_most=count, account=account, policy_arn=policy_arn, after=after,
        limit=count,
    )  # fmt: skip
    return [Entity(*row) for row in rows]


def attachment_count(tx: Transaction, account: str, policy_arn: str) -> int:
    row = tx.one(_ATTACHMENT_COUNT, account=account, policy_arn=policy_arn)
    return 0 if row is None else int(row[0])


def boundary_count(tx: Transaction, account: str, policy_arn: str) -> int:
    row = tx.one(_BOUNDARY_COUNT, account=account, policy_arn=policy_arn)
    return 0 if row is None else int(row[0])


def attached_within(tx: Transaction, account: str, arn_prefix: str, count: int) -> list[str]:
    """The ARNs with a prefix that are attached to something."""
    rows = tx.all(
        _ATTACHED_AWS_POLICIES, at_most=count, account=account, first=arn_prefix,
        beyond=arn_prefix + _LAST, limit=count,
    )  # fmt: skip
    return [arn for (arn,) in rows]
