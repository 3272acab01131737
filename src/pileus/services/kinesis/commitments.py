"""Operations on the account: limits, and its commitment to a minimum of throughput."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import errors, store, stream_names
from pileus.services.kinesis.store import Commitment, Stream

# docs: service-sizes-and-limits, of an account in us-east-1
SHARD_LIMIT = 20_000
_ON_DEMAND_LIMIT = 50
_PAGE = 200
# docs: API_UpdateAccountSettings; a commitment lasts a day at least.
_COMMITTED_MS = 24 * 3_600_000


async def describe_limits(call: Call) -> dict[str, Any]:
    shard_count = on_demand_count = 0
    after = ""
    while page := await call.read(streams_after, after, about=call.about):
        for name, arn in page:
            found = await call.read(open_shards, about=arn)
            if found is not None:
                mode, count = found
                on_demand_count += mode == "ON_DEMAND"
                shard_count += count if mode == "PROVISIONED" else 0
            after = name
    return {
        "ShardLimit": SHARD_LIMIT,
        "OpenShardCount": shard_count,
        "OnDemandStreamCount": on_demand_count,
        "OnDemandStreamCountLimit": _ON_DEMAND_LIMIT,
    }


def streams_after(tx: Transaction, after: str) -> list[tuple[str, str]]:
    """Step about the account: a page of its streams."""
    return tx.listed(stream_names.KIND, at_most=_PAGE, after=after)


def open_shards(tx: Transaction) -> tuple[str, int] | None:
    """Step: a stream's mode and how many shards it has open."""
    stream: Stream | None = store.seek(tx, tx.about)
    if stream is None:
        return None
    return stream.mode, len(store.shard_map(tx, stream).open)


def describe_account_settings(call: Call) -> dict[str, Any]:
    return _view(store.commitment(call.tx, call.account), call.now)


def update_account_settings(
    call: Call, *, minimum_throughput_billing_commitment: Mapping[str, Any]
) -> dict[str, Any]:
    tx = call.tx
    wanted = minimum_throughput_billing_commitment["Status"]
    found = store.commitment(tx, call.account)
    is_lasting = found is not None and not found.ended_at
    if wanted == "ENABLED" and not is_lasting:
        found = Commitment(tx.now, 0)
    elif wanted == "DISABLED" and found is not None and is_lasting:
        found = Commitment(found.started_at, max(tx.now, found.started_at + _COMMITTED_MS))
    if found is not None:
        store.put_commitment(tx, call.account, found)
    return _view(found, tx.now)


def _view(found: Commitment | None, now: int) -> dict[str, Any]:
    view: dict[str, Any] = {"Status": "DISABLED"}
    if found is not None:
        view["StartedAt"] = found.started_at
        if not found.ended_at:
            view["Status"] = "ENABLED"
            view["EarliestAllowedEndAt"] = found.started_at + _COMMITTED_MS
        elif found.ended_at > now:
            view["Status"] = "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
            view["EarliestAllowedEndAt"] = found.ended_at
        else:
            view["EndedAt"] = found.ended_at
    return {"MinimumThroughputBillingCommitment": view}


async def must_be_there(call: Call) -> None:
    """Raises ValidationException where the account has made no commitment."""
    found = await call.read(commitment_of, call.account, about=the_account(call, {}))
    if found is None or (found.ended_at and found.ended_at <= call.now):
        raise errors.no_commitment()


def commitment_of(tx: Transaction, account: str) -> Commitment | None:
    """Step about the account."""
    return store.commitment(tx, account)


def shards_for(warm_mibps: int, least: int) -> int:
    """A shard takes 1 MiB a second."""
    return max(least, warm_mibps)


def warm_view(warm_mibps: int) -> dict[str, int]:
    return {"TargetMiBps": warm_mibps, "CurrentMiBps": warm_mibps}
