"""Replays: an archive's events of a span of time once more, page by page, marked as replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, event, names, pages, routing
from pileus.services.events import store as bus_store
from pileus.services.events.archives import archives, store
from pileus.services.events.archives.store import Archived, Kept, Progress, Replay

if TYPE_CHECKING:
    from pileus.kernel.call import Call

REPLAYS = "replay"
# Those of them that have not ended.
ACTIVE = "active-replay"
# docs: eb-replay-archived-event, ten active replays in an account and region
ACTIVE_MAX = 10
TIMER = "events:replay"
# How long a replay is STARTING where AWS's delays are played.
_START_MS = 30_000
_EVENTS_AT_ONCE = 50
_RUNNING = ("STARTING", "RUNNING")
_POLICY = RetryPolicy(final_codes=("ResourceNotFoundException",))


def the_replay(call: Call, params: Mapping[str, Any]) -> str:
    return call.arn(f"replay/{params['ReplayName']}")


async def start_replay(
    call: Call,
    *,
    replay_name: str,
    description: str | None = None,
    event_source_arn: str,
    event_start_time: int,
    event_end_time: int,
    destination: dict[str, Any],
) -> dict[str, Any]:
    bus = destination["Arn"]
    if not names.is_bus(bus):
        raise errors.invalid_parameter("Destination.Arn", "Provided Arn is not in correct format.")
    if await call.read(_seek_bus, about=bus) is None:
        raise errors.bus_not_found(names.bus_name(bus))
    for arn in destination.get("FilterArns") or ():
        found = names.rule_of(arn)
        if found is None or found[0] != bus:
            raise errors.invalid_parameter(
                "Destination.FilterArns", "They must be rules of the destination's event bus."
            )
    if event_start_time >= event_end_time:
        raise errors.invalid_parameter(
            "EventEndTime", "EventStartTime must be before EventEndTime."
        )
    if await call.read(_seek, about=call.about) is not None:
        raise errors.already_exists("Replay", replay_name)
    kept: Kept | None = await call.read(_seek_archive, about=event_source_arn)
    if kept is None:
        name = archives.name_of(event_source_arn)
        raise errors.invalid_parameter("EventSourceArn", f"Archive {name} does not exist.")
    if kept.archive.source != bus:
        raise errors.invalid_parameter(
            "Destination.Arn", "Cross event bus replay is not permitted."
        )
    replay = Replay(
        event_source_arn, destination, event_start_time, event_end_time, call.now, description
    )
    await call.transaction(_start, replay, about=call.about)
    return {
        "ReplayArn": call.about, "State": "STARTING", "ReplayStartTime": replay.started_at
    }  # fmt: skip


def _start(tx: Transaction, replay: Replay) -> None:
    name = archives.name_of(tx.about)
    if store.seek_replay(tx, tx.about) is not None:
        raise errors.already_exists("Replay", name)
    is_enforced = tx.kernel.quotas.is_enforced
    if is_enforced and tx.count_listed(ACTIVE, at_most=ACTIVE_MAX) == ACTIVE_MAX:
        raise errors.limit_exceeded()
    store.insert_replay(tx, tx.about, replay, "STARTING")
    tx.enlist(REPLAYS, name, tx.about)
    tx.enlist(ACTIVE, name, tx.about)
    tx.set_timer(TIMER, tx.about, tx.now + (_START_MS if tx.kernel.settings.aws_delays else 0))


async def run(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: send a page of events to the bus."""
    progress: Progress | None = await call.read(_seek, about=key)
    if progress is None or progress.state not in _RUNNING:
        return
    replay = progress.replay
    after = (progress.last_at, progress.last_id)
    if not progress.last_id:
        after = (replay.starts_at, "")
    page = await call.read(_page, after, replay.ends_at, about=replay.archive)
    await call.transaction(_send, page, after, about=key)


def _page(tx: Transaction, after: tuple[int, str], until: int) -> list[Archived]:
    kept = store.seek(tx, tx.about)
    return [] if kept is None else store.page(tx, kept.id, after, until, _EVENTS_AT_ONCE)


def _send(tx: Transaction, page: Sequence[Archived], after: tuple[int, str]) -> None:
    """Step: hand a page to the bus, unless the replay was cancelled meanwhile."""
    progress = store.seek_replay(tx, tx.about)
    tx.finish_timer(TIMER, tx.about)
    if progress is None or progress.state not in _RUNNING:
        return
    destination = progress.replay.destination
    found = [names.rule_of(arn) for arn in destination.get("FilterArns") or ()]
    attributes = {routing.RULES: [rule[1] for rule in found if rule is not None]}
    for archived in page:
        again = event.replayed(archived.event, archives.name_of(tx.about))
        tx.deliver(
            to=destination["Arn"], payload=again.text.encode(), because=tx.about,
            attributes=attributes, policy=_POLICY,
        )  # fmt: skip
    if page:
        progress = progress._replace(last_at=page[-1].at, last_id=page[-1].id)
    if len(page) == _EVENTS_AT_ONCE:
        progress = progress._replace(state="RUNNING")
        tx.set_timer(TIMER, tx.about, tx.now)
    else:
        progress = progress._replace(state="COMPLETED", ended_at=tx.now)
        tx.delist(ACTIVE, archives.name_of(tx.about))
    store.move_replay(tx, tx.about, progress)


def cancel_replay(call: Call, *, replay_name: str) -> dict[str, Any]:
    tx = call.tx
    progress = store.seek_replay(tx, call.about)
    if progress is None:
        raise _not_found(replay_name)
    if progress.state not in _RUNNING:
        raise AwsError(
            "IllegalStatusException",
            f"Replay {replay_name} is not in a valid state for this operation.",
        )
    store.move_replay(tx, call.about, progress._replace(state="CANCELLED", ended_at=tx.now))
    tx.finish_timer(TIMER, call.about)
    tx.delist(ACTIVE, replay_name)
    return {"ReplayArn": call.about, "State": "CANCELLING"}


def describe_replay(call: Call, *, replay_name: str) -> dict[str, Any]:
    progress = store.seek_replay(call.tx, call.about)
    if progress is None:
        raise _not_found(replay_name)
    shown = {
        **_shown(call.about, progress),
        "ReplayArn": call.about,
        "Destination": progress.replay.destination,
    }
    if progress.replay.description is not None:
        shown["Description"] = progress.replay.description
    return shown


async def list_replays(
    call: Call,
    *,
    name_prefix: str | None = None,
    state: str | None = None,
    event_source_arn: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    if sum(each is not None for each in (name_prefix, event_source_arn, state)) > 1:
        raise errors.validation(
            "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, "
            "or NamePrefix."
        )

    def wanted(progress: Progress) -> bool:
        return (not event_source_arn or progress.replay.archive == event_source_arn) and (
            state in (None, progress.state)
        )

    listing = pages.Listing(REPLAYS, name_prefix or "", next_token, limit)
    page, token = await pages.listed(call, listing, _seek, wanted)
    return {"Replays": [_shown(arn, progress) for arn, progress in page], **token}


def _shown(arn: str, progress: Progress) -> dict[str, Any]:
    replay = progress.replay
    shown: dict[str, Any] = {
        "ReplayName": archives.name_of(arn),
        "EventSourceArn": replay.archive,
        "State": progress.state,
        "EventStartTime": replay.starts_at,
        "EventEndTime": replay.ends_at,
        "ReplayStartTime": replay.started_at,
    }
    if progress.last_id:
        shown["EventLastReplayedTime"] = progress.last_at
    if progress.ended_at:
        shown["ReplayEndTime"] = progress.ended_at
    return shown


def _seek(tx: Transaction) -> Progress | None:
    return store.seek_replay(tx, tx.about)


def _seek_bus(tx: Transaction) -> tuple[int, int] | None:
    return bus_store.seek_change(tx, tx.about)


def _seek_archive(tx: Transaction) -> Kept | None:
    return store.seek(tx, tx.about)


def _not_found(name: str) -> AwsError:
    return errors.not_found(f"Replay {name} does not exist.")
