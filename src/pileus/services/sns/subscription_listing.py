"""The account's lists of its subscriptions, and of those that have filter policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.services.sns import errors, topic_arns

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.store import Subscription

KIND = "subscription"
_FILTERED = "filtered-subscription"
# docs: sns-quotas, filter policies in an account and region
FILTER_POLICIES_MAX = 10_000


def enlist(tx: Transaction, subscription: Subscription) -> None:
    tx.enlist(KIND, _name(subscription), subscription.arn)
    if subscription.attributes.filter_policy:
        tx.enlist(_FILTERED, _name(subscription), subscription.arn)


def delist(tx: Transaction, subscription: Subscription) -> None:
    tx.delist(KIND, _name(subscription))
    if subscription.attributes.filter_policy:
        tx.delist(_FILTERED, _name(subscription))


def change_filter(tx: Transaction, before: Subscription, after: Subscription) -> None:
    """Note that a subscription has got a filter policy, or has lost the one that it had."""
    if before.attributes.filter_policy and not after.attributes.filter_policy:
        tx.delist(_FILTERED, _name(after))
    elif after.attributes.filter_policy and not before.attributes.filter_policy:
        tx.enlist(_FILTERED, _name(after), after.arn)


def check_filters(tx: Transaction) -> None:
    """Raise AWS's error where the account has no room for another filter policy."""
    if tx.count_listed(_FILTERED, at_most=FILTER_POLICIES_MAX) == FILTER_POLICIES_MAX:
        raise errors.filter_policy_limit_exceeded("account")


def _name(subscription: Subscription) -> str:
    return f"{topic_arns.name_of(subscription.topic_arn)}:{subscription.id}"
