"""Partner event sources by boto3: the partner's side and the customer's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.events.asking import arn_of, create, events_in, refusal, route
from support.running import Running

NAME = "aws.partner/example.com/orders"
ARN = f"arn:aws:events:us-east-1::event-source/{NAME}"
MISSING = ("ResourceNotFoundException", f"Event source {NAME} does not exist.")


@pytest.fixture
def partner(pileus: Running, account: str) -> Any:
    return pileus.client("events", account=str(int(account) + 400_000_000_000))


def offer(partner: Any, account: str) -> None:
    assert ARN == partner.create_partner_event_source(Name=NAME, Account=account)["EventSourceArn"]


def put(partner: Any, **entry: Any) -> dict[str, Any]:
    given = {"Source": NAME, "DetailType": "Order", "Detail": json.dumps({"n": 1}), **entry}
    answer: dict[str, Any] = partner.put_partner_events(Entries=[given])
    return answer


def test_a_partner_source_is_pending_until_there_is_a_bus(
    events: Any, partner: Any, account: str
) -> None:
    offer(partner, account)
    found = events.describe_event_source(Name=NAME)
    assert (ARN, "example.com", "PENDING") == (found["Arn"], found["CreatedBy"], found["State"])
    assert 14 == (found["ExpirationTime"] - found["CreationTime"]).days
    events.create_event_bus(Name=NAME, EventSourceName=NAME)
    [listed] = events.list_event_sources(NamePrefix="aws.partner")["EventSources"]
    assert ("ACTIVE", False) == (listed["State"], "ExpirationTime" in listed)
    [theirs] = partner.list_partner_event_source_accounts(EventSourceName=NAME)[
        "PartnerEventSourceAccounts"
    ]
    assert (account, "ACTIVE") == (theirs["Account"], theirs["State"])


def test_events_of_a_partner_reach_the_customer(
    events: Any, sqs: Any, partner: Any, pileus: Running, account: str
) -> None:
    offer(partner, account)
    put(partner)
    events.create_event_bus(Name=NAME, EventSourceName=NAME)
    url = create(sqs)
    route(events, arn_of(sqs, url), bus=NAME, pattern=json.dumps({"account": [account]}))
    answer = put(partner)
    pileus.advance(1)
    [found] = events_in(sqs, url)
    assert (0, NAME, {"n": 1}, account) == (
        answer["FailedEntryCount"], found["source"], found["detail"], found["account"],
    )  # fmt: skip
    events.deactivate_event_source(Name=NAME)
    put(partner)
    pileus.advance(1)
    assert [] == events_in(sqs, url)


def test_a_bad_entry_of_a_partner_fails_alone(partner: Any, account: str) -> None:
    offer(partner, account)
    answer = put(partner, Detail="x")
    assert (1, "MalformedDetail") == (
        answer["FailedEntryCount"], answer["Entries"][0]["ErrorCode"],
    )  # fmt: skip


def test_a_partner_lists_and_deletes_its_sources(events: Any, partner: Any, account: str) -> None:
    offer(partner, account)
    assert ("ResourceAlreadyExistsException", f"Event source {NAME} already exists.") == refusal(
        partner.create_partner_event_source, Name=NAME, Account=account
    )
    assert {"Arn": ARN, "Name": NAME} == {
        name: value
        for name, value in partner.describe_partner_event_source(Name=NAME).items()
        if name != "ResponseMetadata"
    }
    listed = partner.list_partner_event_sources(NamePrefix="aws.partner/example.com/")
    assert [{"Arn": ARN, "Name": NAME}] == listed["PartnerEventSources"]
    partner.delete_partner_event_source(Name=NAME, Account=account)
    assert MISSING == refusal(events.describe_event_source, Name=NAME)
    assert MISSING == refusal(partner.describe_partner_event_source, Name=NAME)
    assert MISSING == refusal(partner.list_partner_event_source_accounts, EventSourceName=NAME)


def test_a_source_that_is_withdrawn_cannot_be_activated(
    events: Any, partner: Any, account: str
) -> None:
    offer(partner, account)
    events.activate_event_source(Name=NAME)
    partner.delete_partner_event_source(Name=NAME, Account=account)
    assert "DELETED" == events.describe_event_source(Name=NAME)["State"]
    deleted = ("InvalidStateException", f"Event source {NAME} is deleted.")
    assert deleted == refusal(events.activate_event_source, Name=NAME)
    assert deleted == refusal(events.create_event_bus, Name=NAME, EventSourceName=NAME)


def test_a_partner_bus_has_the_name_of_a_source(events: Any) -> None:
    assert MISSING == refusal(events.create_event_bus, Name=NAME, EventSourceName=NAME)
    assert MISSING == refusal(events.deactivate_event_source, Name=NAME)
    assert (
        "ValidationException"
        == (refusal(events.create_event_bus, Name="x", EventSourceName=NAME)[0])
    )
