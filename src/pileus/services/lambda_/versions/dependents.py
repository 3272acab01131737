"""What hangs on a version or an alias, and ends with it: its policy, settings, URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.services.lambda_.asynchronous import store as asynchronous_store
from pileus.services.lambda_.durable import store as durable_store
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.urls import store as urls_store

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction


def forget(tx: Transaction, latest: Function, qualifier: str) -> None:
    functions_store.remove_policy(tx, latest.id, qualifier)
    asynchronous_store.remove_invoke_config(tx, latest.id, qualifier)
    urls_store.remove(tx, latest.id, qualifier)
    tx.wake(f"{latest.arn}:{qualifier}")


def sweep(tx: Transaction, owner: str, limit: int) -> int:
    """Remove those of a function that is gone; how many there were."""
    swept = functions_store.sweep_policies(tx, owner, limit)
    swept += urls_store.sweep(tx, owner, limit)
    swept += durable_store.sweep(tx, owner, limit)
    return swept + asynchronous_store.sweep_invoke_configs(tx, owner, limit)
