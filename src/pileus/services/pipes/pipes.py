"""Operations on pipes: create, describe, change, start, stop, delete, list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

import msgspec

from pileus.kernel import pagination, roles
from pileus.kernel.call import Call
from pileus.kernel.shards import progress
from pileus.kernel.transaction import Transaction
from pileus.services.pipes import errors, pipe_settings, store, stream_settings, tagging
from pileus.services.pipes.pipe_settings import RUNNING, STOPPED, Pipe, merged

PIPES = "pipe"
# docs: eb-quota, EventBridge Pipes quotas
PIPES_MAX = 1_000
POLLER = "pipes:poller"
STATE_TIMER = "pipes:state"
PAGE = 100
_PRINCIPAL = "pipes.amazonaws.com"
# How long a change takes where AWS's delays are played.
_CHANGE_MS = 10_000
_NAMES_READ_MAX = 5_000


class Members(TypedDict, total=False):
    """What CreatePipe and UpdatePipe may leave out."""

    description: str
    desired_state: str
    source_parameters: dict[str, Any]
    enrichment: str
    enrichment_parameters: dict[str, Any]
    target_parameters: dict[str, Any]
    log_configuration: dict[str, Any]
    kms_key_identifier: str


_WHOLE = ("description", "desired_state", "enrichment", "log_configuration", "kms_key_identifier")
_MERGED = ("enrichment_parameters", "target_parameters")


async def create_pipe(
    call: Call,
    *,
    name: str,
    source: str,
    target: str,
    role_arn: str,
    tags: dict[str, str] | None = None,
    **more: Unpack[Members],
) -> dict[str, Any]:
    now = call.now
    pipe = Pipe(
        arn=call.about, source=source, target=target, role_arn=role_arn, created_at=now,
        modified_at=now, id=call.kernel.ids.uuid(),
    )  # fmt: skip
    pipe = msgspec.structs.replace(
        pipe, source_parameters=more.pop("source_parameters", None) or {}
    )
    pipe = _changed(pipe, more)
    pipe = msgspec.structs.replace(
        pipe, source_parameters=pipe_settings.with_defaults(pipe, pipe.source_parameters)
    )
    pipe_settings.check(pipe, "CreatePipe", now)
    await _check_role(call, role_arn)
    if pipe.is_fed_by_stream:
        start = await stream_settings.start(call, pipe)
        pipe = msgspec.structs.replace(pipe, start=start)
    shown: Pipe = await call.transaction(_create, pipe, tags or {}, about=pipe.arn)
    return pipe_settings.summary(shown)


async def _check_role(call: Call, role_arn: str) -> None:
    if not await roles.may_assume(call, role_arn, _PRINCIPAL):
        raise errors.role_not_assumable()


def _changed(pipe: Pipe, more: Mapping[str, Any]) -> Pipe:
    """The pipe with the members that were given."""
    changes: dict[str, Any] = {name: more[name] for name in _WHOLE if more.get(name) is not None}
    for name in _MERGED:
        if more.get(name) is not None:
            changes[name] = merged(getattr(pipe, name), more[name])
    if more.get("source_parameters") is not None:
        changes["source_parameters"] = pipe_settings.merged_source(pipe, more["source_parameters"])
    return msgspec.structs.replace(pipe, **changes)


def _create(tx: Transaction, pipe: Pipe, tags: dict[str, str]) -> Pipe:
    if store.find(tx, pipe.arn) is not None:
        raise errors.exists(pipe.name)
    if tx.kernel.quotas.is_enforced and tx.count_listed(PIPES, at_most=PIPES_MAX) == PIPES_MAX:
        raise errors.too_many(pipe.name, PIPES_MAX)
    tagging.add(tx, pipe.arn, tags)
    tx.enlist(PIPES, pipe.name, pipe.arn)
    return _begin(tx, pipe, "CREATING")


async def update_pipe(
    call: Call, *, name: str, role_arn: str, target: str | None = None, **more: Unpack[Members]
) -> dict[str, Any]:
    present: Pipe = await call.read(_find, call.about, about=call.about)
    changes = {"role_arn": role_arn, **({} if target is None else {"target": target})}
    wanted = _changed(msgspec.structs.replace(present, **changes), more)
    pipe_settings.check(wanted, "UpdatePipe", call.now)
    await _check_role(call, role_arn)
    shown: Pipe = await call.transaction(_update, changes, dict(more), about=call.about)
    return pipe_settings.summary(shown)


def _update(tx: Transaction, changes: dict[str, Any], more: dict[str, Any]) -> Pipe:
    pipe = _changeable(tx)
    wanted = _changed(msgspec.structs.replace(pipe, **changes), more)
    pipe_settings.check(wanted, "UpdatePipe", tx.now)
    return _begin(tx, msgspec.structs.replace(wanted, modified_at=tx.now), "UPDATING")


def start_pipe(call: Call, *, name: str) -> dict[str, Any]:
    return _switch(call.tx, RUNNING, "STARTING")


def stop_pipe(call: Call, *, name: str) -> dict[str, Any]:
    return _switch(call.tx, STOPPED, "STOPPING")


def _switch(tx: Transaction, desired: str, state: str) -> dict[str, Any]:
    pipe = msgspec.structs.replace(_changeable(tx), desired_state=desired, modified_at=tx.now)
    return pipe_settings.summary(_begin(tx, pipe, state))


def delete_pipe(call: Call, *, name: str) -> dict[str, Any]:
    tx = call.tx
    pipe = msgspec.structs.replace(_find(tx, call.about), desired_state="DELETED")
    shown = _begin(tx, msgspec.structs.replace(pipe, modified_at=tx.now), "DELETING")
    return pipe_settings.summary(shown)


def _find(tx: Transaction, arn: str) -> Pipe:
    found = store.find(tx, arn)
    if found is None:
        raise errors.not_found(arn.rpartition("/")[2])
    return found


def _changeable(tx: Transaction) -> Pipe:
    pipe = _find(tx, tx.about)
    if pipe.is_changing:
        raise errors.is_changing(pipe.name, pipe.state)
    return pipe


def _begin(tx: Transaction, pipe: Pipe, state: str) -> Pipe:
    """Set a change going, which ends at once unless AWS's delays are played; what is shown."""
    shown = msgspec.structs.replace(pipe, state=state)
    # A running pipe goes on with its new settings; a batch under way ends with the old ones.
    tx.dismiss(POLLER, pipe.arn)
    if tx.kernel.settings.aws_delays:
        store.save(tx, shown)
        tx.set_timer(STATE_TIMER, pipe.arn, tx.now + _CHANGE_MS)
    else:
        _end(tx, shown)
    return shown


def settle(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: what was changing has changed."""
    found = store.find(call.tx, key)
    if found is not None:
        _end(call.tx, found)


def _end(tx: Transaction, pipe: Pipe) -> None:
    if pipe.desired_state == "DELETED":
        store.delete(tx, pipe.arn)
        tx.remove_tags(pipe.arn, list(tx.tags(pipe.arn)))
        tx.delist(PIPES, pipe.name)
        progress.forget_all(tx, pipe.id)
        return
    store.save(tx, msgspec.structs.replace(pipe, state=pipe.desired_state))
    if pipe.desired_state == RUNNING:
        tx.employ(POLLER, pipe.arn)


def describe_pipe(call: Call, *, name: str) -> dict[str, Any]:
    return pipe_settings.described(_find(call.tx, call.about), call.tx.tags(call.about))


async def list_pipes(
    call: Call,
    *,
    name_prefix: str = "",
    desired_state: str | None = None,
    current_state: str | None = None,
    source_prefix: str = "",
    target_prefix: str = "",
    next_token: str | None = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    after = _position(next_token)
    shown: list[dict[str, Any]] = []
    for _ in range(_NAMES_READ_MAX // PAGE):
        names = await call.read(_listed, name_prefix, after, about=call.about)
        for name, arn in names:
            if len(shown) == limit:
                return {"Pipes": shown, "NextToken": pagination.encode(after)}
            after = name
            pipe: Pipe | None = await call.read(store.find, arn, about=arn)
            if (
                pipe is not None
                and desired_state in (None, pipe.desired_state)
                and current_state in (None, pipe.state)
                and pipe.source.startswith(source_prefix)
                and pipe.target.startswith(target_prefix)
            ):
                shown.append(pipe_settings.listed(pipe))
        if len(names) < PAGE:
            return {"Pipes": shown}
    return {"Pipes": shown, "NextToken": pagination.encode(after)}


def _position(token: str | None) -> str:
    if not token:
        return ""
    try:
        (after,) = pagination.decode(token, str)
    except pagination.InvalidToken as error:
        raise errors.invalid_token() from error
    return str(after)


def _listed(tx: Transaction, prefix: str, after: str) -> list[tuple[str, str]]:
    return tx.listed(PIPES, at_most=PAGE, prefix=prefix, after=after)
