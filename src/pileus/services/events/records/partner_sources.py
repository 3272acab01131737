"""Partner event sources: what a partner makes for a customer, who has a bus of its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, names, pages, put_events
from pileus.services.events.event import Event, Origin
from pileus.services.events.put_events import Failure
from pileus.services.events.records import store
from pileus.services.events.records.store import EVENT_SOURCE, PARTNER_SOURCE, Record

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: eb-saas; a source that nobody makes a bus for is deleted after two weeks.
_PENDING_MS = 14 * 24 * 3600 * 1000
_SEPARATOR = " "


async def create_partner_event_source(call: Call, *, name: str, account: str) -> dict[str, Any]:
    await call.transaction(_create, name, account, about=call.about)
    await call.transaction(_offer, name, about=_account_arn(call, account))
    return {"EventSourceArn": arn_of(call.region, name)}


def _create(tx: Transaction, name: str, account: str) -> None:
    key = name + _SEPARATOR + account
    if store.seek(tx, PARTNER_SOURCE, key) is not None:
        raise errors.already_exists("Event source", name)
    store.insert(tx, PARTNER_SOURCE, key, {"Name": name, "Account": account})


def _offer(tx: Transaction, name: str) -> None:
    if store.seek(tx, EVENT_SOURCE, name) is None:
        store.insert(tx, EVENT_SOURCE, name, {"State": "PENDING"})


async def delete_partner_event_source(call: Call, *, name: str, account: str) -> None:
    await call.transaction(_withdraw, name, about=_account_arn(call, account))
    await call.transaction(_delete, name + _SEPARATOR + account, about=call.about)


def _withdraw(tx: Transaction, name: str) -> None:
    record = store.seek(tx, EVENT_SOURCE, name)
    if record is None:
        return
    if record.members["State"] == "ACTIVE":
        # docs: API_DeletePartnerEventSource; the customer's bus stays, and gets nothing any more.
        store.update(tx, EVENT_SOURCE, record, {"State": "DELETED"})
    else:
        store.delete(tx, EVENT_SOURCE, name)


def _delete(tx: Transaction, key: str) -> None:
    store.delete(tx, PARTNER_SOURCE, key)


def describe_partner_event_source(call: Call, *, name: str) -> dict[str, Any]:
    if not store.records(call.tx, PARTNER_SOURCE, name + _SEPARATOR, "", 1):
        raise _not_found(name)
    return {"Arn": arn_of(call.region, name), "Name": name}


def list_partner_event_sources(
    call: Call, *, name_prefix: str, next_token: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    found = store.records(
        call.tx, PARTNER_SOURCE, name_prefix, pages.after(next_token),
        (limit or pages.PAGE_MAX) + 1,
    )  # fmt: skip
    page, token = pages.cut(found, limit, lambda record: record.name)
    listed = dict.fromkeys(record.members["Name"] for record in page)
    sources = [{"Arn": arn_of(call.region, name), "Name": name} for name in listed]
    return {"PartnerEventSources": sources, **token}


async def list_partner_event_source_accounts(
    call: Call, *, event_source_name: str, next_token: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    after = pages.after(next_token)
    size = (limit or pages.PAGE_MAX) + 1
    prefix = event_source_name + _SEPARATOR
    found: Sequence[Record] = await call.read(_listed, prefix, after, size, about=call.about)
    if not found and not after:
        raise _not_found(event_source_name)
    page, token = pages.cut(found, limit, lambda record: record.name)
    accounts = []
    for record in page:
        account = record.members["Account"]
        theirs = await call.read(_seek, event_source_name, about=_account_arn(call, account))
        if theirs is not None:
            shown = _times(theirs)
            accounts.append({"Account": account, "State": theirs.members["State"], **shown})
    return {"PartnerEventSourceAccounts": accounts, **token}


def _listed(tx: Transaction, prefix: str, after: str, limit: int) -> list[Record]:
    return store.records(tx, PARTNER_SOURCE, prefix, after, limit)


def _seek(tx: Transaction, name: str) -> Record | None:
    return store.seek(tx, EVENT_SOURCE, name)


# The customer's side.


def describe_event_source(call: Call, *, name: str) -> dict[str, Any]:
    return _shown(call, _find(call, name))


def list_event_sources(
    call: Call,
    *,
    name_prefix: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    found = store.records(
        call.tx, EVENT_SOURCE, name_prefix or "", pages.after(next_token),
        (limit or pages.PAGE_MAX) + 1,
    )  # fmt: skip
    page, token = pages.cut(found, limit, lambda record: record.name)
    return {"EventSources": [_shown(call, record) for record in page], **token}


def activate_event_source(call: Call, *, name: str) -> None:
    _set_state(call, name, "ACTIVE")


def deactivate_event_source(call: Call, *, name: str) -> None:
    _set_state(call, name, "PENDING")


def _set_state(call: Call, name: str, state: str) -> None:
    record = _find(call, name)
    if record.members["State"] == "DELETED":
        raise AwsError("InvalidStateException", f"Event source {name} is deleted.")
    store.update(call.tx, EVENT_SOURCE, record, {"State": state})


def attach(tx: Transaction, name: str) -> None:
    """Step about the account: a bus of the source's name was made, so the source is active."""
    record = store.seek(tx, EVENT_SOURCE, name)
    if record is None:
        raise _not_found(name)
    if record.members["State"] == "DELETED":
        raise AwsError("InvalidStateException", f"Event source {name} is deleted.")
    store.update(tx, EVENT_SOURCE, record, {"State": "ACTIVE"})


def _find(call: Call, name: str) -> Record:
    record = store.seek(call.tx, EVENT_SOURCE, name)
    if record is None:
        raise _not_found(name)
    return record


def _shown(call: Call, record: Record) -> dict[str, Any]:
    return {
        "Arn": arn_of(call.region, record.name),
        "CreatedBy": record.name.split("/")[1],
        "Name": record.name,
        "State": record.members["State"],
        **_times(record),
    }


def _times(record: Record) -> dict[str, int]:
    times = {"CreationTime": record.created_at}
    if record.members["State"] == "PENDING":
        times["ExpirationTime"] = record.created_at + _PENDING_MS
    return times


# PutPartnerEvents.


async def put_partner_events(call: Call, *, entries: list[dict[str, Any]]) -> dict[str, Any]:
    answers = []
    for entry in entries:
        answers.append(await _put(call, entry))
    failures = sum("ErrorCode" in answer for answer in answers)
    return {"FailedEntryCount": failures, "Entries": answers}


async def _put(call: Call, entry: dict[str, Any]) -> dict[str, str]:
    source = entry.get("Source") or ""
    origin = Origin(call.kernel.ids.uuid(), call.account, call.region, call.now)
    made = put_events.said_event(origin, entry)
    if isinstance(made, Failure):
        return {"ErrorCode": made.code, "ErrorMessage": made.message}
    prefix = source + _SEPARATOR
    found = await call.read(_listed, prefix, "", pages.PAGE_MAX, about=call.about)
    for record in found:
        account = record.members["Account"]
        about = _account_arn(call, account)
        theirs: Record | None = await call.read(_seek, source, about=about)
        if theirs is not None and theirs.members["State"] == "ACTIVE":
            bus = names.sibling(about, "event-bus", source)
            sent = put_events.said_event(origin._replace(account=account), entry)
            assert isinstance(sent, Event), "it was one before"
            await call.transaction(_send, bus, sent, about=call.about)
    return {"EventId": made.id}


def _send(tx: Transaction, bus: str, sent: Event) -> None:
    put_events.send_on(tx, bus, sent)


def arn_of(region: str, name: str) -> str:
    return f"arn:{arns.partition_of(region)}:events:{region}::event-source/{name}"


def _account_arn(call: Call, account: str) -> str:
    return arns.build("events", call.region, account, "")


def _not_found(name: str) -> AwsError:
    return errors.not_found(f"Event source {name} does not exist.")
