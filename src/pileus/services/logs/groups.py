"""Operations on log groups: create, delete, protection, keys, retention."""

from __future__ import annotations

from collections.abc import Mapping

from pileus.kernel import tags as kernel_tags
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.logs import errors, expiry, identifiers, rules, store

STANDARD_CLASS = "STANDARD"
_GROUP_ID_BYTES = 6


def create_log_group(
    call: Call,
    *,
    log_group_name: str,
    kms_key_id: str = "",
    tags: Mapping[str, str] | None = None,
    log_group_class: str = STANDARD_CLASS,
    deletion_protection_enabled: bool = False,
) -> None:
    if log_group_name.lower().startswith("aws/"):
        raise errors.reserved_name()
    added = tags or {}
    check_tags({}, added, call.about)
    is_new = add(
        call.tx, call.about, log_group_name, log_group_class, kms_key_id,
        deletion_protection_enabled,
    )  # fmt: skip
    if not is_new:
        raise errors.group_exists()
    call.tx.put_tags(call.about, added)


def add(
    tx: Transaction,
    arn: str,
    name: str,
    group_class: str = STANDARD_CLASS,
    kms_key_id: str = "",
    is_protected: bool = False,
) -> bool:
    """Make a group, in a transaction about it; False if there is one of this name."""
    is_delivery = group_class == rules.DELIVERY_CLASS
    group = store.Group(
        arn=arn,
        group_id=int.from_bytes(tx.kernel.ids.token(_GROUP_ID_BYTES), "big"),
        name=name,
        created_at=tx.now,
        group_class=group_class,
        is_protected=int(is_protected),
        kms_key_id=kms_key_id,
        retention_days=rules.DELIVERY_RETENTION_DAYS if is_delivery else 0,
        expiry_at=0,
        stored_bytes=0,
    )
    if not store.add_group(tx, group):
        return False
    tx.enlist(identifiers.KIND, name, arn)
    return True


def delete_log_group(call: Call, *, log_group_name: str) -> None:
    tx = call.tx
    group = _group(tx)
    if group.is_protected:
        raise errors.deletion_protected()
    store.remove_group(tx, group.arn)
    tx.remove_tags(group.arn, list(tx.tags(group.arn)))
    tx.delist(identifiers.KIND, log_group_name)
    expiry.purge_group(tx, group)


def put_log_group_deletion_protection(
    call: Call, *, log_group_identifier: str, deletion_protection_enabled: bool
) -> None:
    if not store.set_protection(call.tx, call.about, deletion_protection_enabled):
        raise errors.group_not_found()


def put_retention_policy(call: Call, *, log_group_name: str, retention_in_days: int) -> None:
    if retention_in_days not in rules.RETENTION_DAYS:
        raise errors.invalid_retention(retention_in_days, rules.RETENTION_DAYS)
    tx = call.tx
    if not store.set_retention(tx, call.about, retention_in_days, tx.now):
        raise errors.group_not_found()
    expiry.begin(tx, _group(tx))


def delete_retention_policy(call: Call, *, log_group_name: str) -> None:
    group = _group(call.tx)
    store.set_retention(call.tx, group.arn, 0, 0)
    expiry.end(call.tx, group)


def associate_kms_key(
    call: Call,
    *,
    kms_key_id: str,
    log_group_name: str | None = None,
    resource_identifier: str | None = None,
) -> None:
    if not store.set_key(call.tx, call.about, kms_key_id):
        raise errors.group_not_found()


def disassociate_kms_key(
    call: Call, *, log_group_name: str | None = None, resource_identifier: str | None = None
) -> None:
    if not store.set_key(call.tx, call.about, ""):
        raise errors.group_not_found()


def tag_resource(call: Call, *, resource_arn: str, tags: Mapping[str, str]) -> None:
    group = _group(call.tx)
    check_tags(call.tx.tags(group.arn), tags, group.arn)
    call.tx.put_tags(group.arn, tags)


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
    call.tx.remove_tags(_group(call.tx).arn, tag_keys)


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, dict[str, str]]:
    return {"tags": call.tx.tags(_group(call.tx).arn)}


def tag_log_group(call: Call, *, log_group_name: str, tags: Mapping[str, str]) -> None:
    tag_resource(call, resource_arn=call.about, tags=tags)


def untag_log_group(call: Call, *, log_group_name: str, tags: list[str]) -> None:
    untag_resource(call, resource_arn=call.about, tag_keys=tags)


def list_tags_log_group(call: Call, *, log_group_name: str) -> dict[str, dict[str, str]]:
    return list_tags_for_resource(call, resource_arn=call.about)


def check_tags(present: Mapping[str, str], added: Mapping[str, str], arn: str) -> None:
    found = kernel_tags.problem(present, added)
    if found is None:
        return
    problem, key = found
    if problem is kernel_tags.Problem.TOO_MANY:
        raise errors.too_many_tags(arn)
    raise errors.invalid_tag(key)


def _group(tx: Transaction) -> store.Group:
    group = store.group(tx, tx.about)
    if group is None:
        raise errors.group_not_found()
    return group
