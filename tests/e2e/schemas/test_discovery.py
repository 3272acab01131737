"""Discoverers by boto3: what passes a bus becomes schemas and new versions of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.schemas.asking import answer, refusal
from support.running import Running

FOUND = "discovered-schemas"


@pytest.fixture
def events(aws: Any) -> Any:
    return aws("events")


def bus_arn(account: str, name: str = "default") -> str:
    return f"arn:aws:events:us-east-1:{account}:event-bus/{name}"


def start(schemas: Any, account: str, name: str = "default", **params: Any) -> str:
    made = schemas.create_discoverer(SourceArn=bus_arn(account, name), **params)
    found: str = made["DiscovererId"]
    return found


def put(pileus: Running, events: Any, detail: Any, bus: str = "default") -> None:
    entry = {
        "Source": "my.shop", "DetailType": "Order Placed", "Detail": json.dumps(detail),
        "EventBusName": bus,
    }  # fmt: skip
    assert 0 == events.put_events(Entries=[entry])["FailedEntryCount"]
    pileus.advance(1)


def names_of(schemas: Any) -> list[str]:
    return [each["SchemaName"] for each in schemas.list_schemas(RegistryName=FOUND)["Schemas"]]


def detail_of(schemas: Any, **params: Any) -> Any:
    found = schemas.describe_schema(RegistryName=FOUND, SchemaName="my.shop@OrderPlaced", **params)
    return json.loads(found["Content"])["components"]["schemas"]["OrderPlaced"]


def versions_of(schemas: Any) -> int:
    (found,) = schemas.list_schemas(RegistryName=FOUND)["Schemas"]
    count: int = found["VersionCount"]
    return count


def test_a_discoverer_has_what_it_was_made_with(schemas: Any, account: str) -> None:
    expected = {
        "DiscovererArn": f"arn:aws:schemas:us-east-1:{account}:discoverer/events-event-bus-default",
        "DiscovererId": "events-event-bus-default",
        "SourceArn": bus_arn(account),
        "State": "STARTED",
        "CrossAccount": True,
        "Description": "all",
        "Tags": {"team": "a"},
    }
    made = schemas.create_discoverer(
        SourceArn=bus_arn(account), Description="all", Tags={"team": "a"}
    )
    assert expected == answer(made)
    found = schemas.describe_discoverer(DiscovererId="events-event-bus-default")
    assert expected == answer(found)


def test_an_event_becomes_a_schema(
    schemas: Any, events: Any, account: str, pileus: Running
) -> None:
    start(schemas, account)
    put(pileus, events, {"id": 1})
    assert ["my.shop@OrderPlaced"] == names_of(schemas)
    assert {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer", "format": "int64"}},
    } == detail_of(schemas)
    found = schemas.search_schemas(RegistryName=FOUND, Keywords="my.shop")["Schemas"]
    assert ["my.shop@OrderPlaced"] == [schema["SchemaName"] for schema in found]


def test_a_new_shape_is_a_new_version_and_the_same_is_none(
    schemas: Any, events: Any, account: str, pileus: Running
) -> None:
    start(schemas, account)
    put(pileus, events, {"id": 1})
    put(pileus, events, {"id": 2})
    assert 1 == versions_of(schemas)
    put(pileus, events, {"name": "x"})
    put(pileus, events, {"id": 3, "name": "y"})
    assert 2 == versions_of(schemas)
    assert {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "format": "int64"},
            "name": {"type": "string"},
        },
    } == detail_of(schemas)
    assert ["id"] == detail_of(schemas, SchemaVersion="1")["required"]


def test_a_stopped_discoverer_learns_nothing_until_it_is_started(
    schemas: Any, events: Any, account: str, pileus: Running
) -> None:
    which = {"DiscovererId": start(schemas, account)}
    assert {**which, "State": "STOPPED"} == answer(schemas.stop_discoverer(**which))
    assert "STOPPED" == schemas.describe_discoverer(**which)["State"]
    put(pileus, events, {"id": 1})
    assert [] == names_of(schemas)
    assert {**which, "State": "STARTED"} == answer(schemas.start_discoverer(**which))
    put(pileus, events, {"id": 1})
    assert ["my.shop@OrderPlaced"] == names_of(schemas)


def test_a_deleted_discoverer_leaves_its_bus_and_its_schemas(
    schemas: Any, events: Any, account: str, pileus: Running
) -> None:
    which = {"DiscovererId": start(schemas, account)}
    put(pileus, events, {"id": 1})
    schemas.delete_discoverer(**which)
    assert [] == events.list_rules()["Rules"]
    put(pileus, events, {"name": "x"})
    assert 1 == versions_of(schemas)
    message = "Discoverer with id events-event-bus-default does not exist."
    for ask in (
        schemas.describe_discoverer, schemas.update_discoverer, schemas.start_discoverer,
        schemas.stop_discoverer, schemas.delete_discoverer,
    ):  # fmt: skip
        assert ("NotFoundException", message, 404) == refusal(ask, **which)
    start(schemas, account)


def test_a_discoverer_is_deleted_though_its_rule_has_gone(
    schemas: Any, events: Any, account: str
) -> None:
    which = {"DiscovererId": start(schemas, account)}
    (rule,) = events.list_rules()["Rules"]
    events.remove_targets(Rule=rule["Name"], Ids=["schemas"])
    events.delete_rule(Name=rule["Name"])
    schemas.delete_discoverer(**which)
    assert [] == schemas.list_discoverers()["Discoverers"]


def test_events_of_other_accounts_are_learnt_from_as_asked(
    schemas: Any, events: Any, account: str, pileus: Running
) -> None:
    which = {"DiscovererId": start(schemas, account, CrossAccount=False)}
    stranger = pileus.client("events", account="222222222222")
    put(pileus, stranger, {"id": 1}, bus_arn(account))
    assert [] == names_of(schemas)
    put(pileus, events, {"id": 1})
    assert 1 == versions_of(schemas)
    changed = schemas.update_discoverer(**which, CrossAccount=True, Description="both")
    assert (True, "both") == (changed["CrossAccount"], changed["Description"])
    put(pileus, stranger, {"name": "x"}, bus_arn(account))
    assert 2 == versions_of(schemas)


def test_a_bus_has_one_discoverer(schemas: Any, account: str) -> None:
    start(schemas, account)
    assert "ConflictException" == refusal(lambda: start(schemas, account)).code


def test_what_is_no_bus_has_no_discoverer(schemas: Any, events: Any, account: str) -> None:
    events.create_event_bus(Name="secret", KmsKeyIdentifier="alias/a")
    for arn in (
        bus_arn(account, "nowhere"),
        bus_arn(account, "secret"),
        bus_arn("222222222222"),
        bus_arn(account).replace("us-east-1", "eu-west-1"),
        f"arn:aws:sqs:us-east-1:{account}:queue",
        "a" * 20,
    ):
        assert "BadRequestException" == refusal(schemas.create_discoverer, SourceArn=arn).code


def test_discoverers_are_listed_by_prefix_and_page(schemas: Any, events: Any, account: str) -> None:
    buses = ["a", "b", "default", "x" * 100]
    for name in buses:
        if name != "default":
            events.create_event_bus(Name=name)
        start(schemas, account, name)
    ids = [f"events-event-bus-{name}" for name in buses]
    first = schemas.list_discoverers(Limit=3)
    rest = schemas.list_discoverers(NextToken=first["NextToken"])["Discoverers"]
    assert ids == [found["DiscovererId"] for found in (*first["Discoverers"], *rest)]
    for params, expected in (
        ({"DiscovererIdPrefix": "events-event-bus-d"}, ids[2:3]),
        ({"SourceArnPrefix": bus_arn(account, "b")}, ids[1:2]),
    ):
        found = schemas.list_discoverers(**params)["Discoverers"]
        assert expected == [each["DiscovererId"] for each in found]


def test_a_discoverer_is_tagged(schemas: Any, account: str) -> None:
    start(schemas, account)
    arn = schemas.list_discoverers()["Discoverers"][0]["DiscovererArn"]
    schemas.tag_resource(ResourceArn=arn, Tags={"a": "b"})
    assert {"a": "b"} == schemas.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert {"a": "b"} == schemas.list_discoverers()["Discoverers"][0]["Tags"]


def test_other_registries_take_no_events(
    schemas: Any, events: Any, account: str, pileus: Running
) -> None:
    schemas.create_registry(RegistryName="shop")
    events.put_rule(Name="r", EventPattern='{"source": ["my.shop"]}')
    arn = f"arn:aws:schemas:us-east-1:{account}:registry/shop"
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
    put(pileus, events, {"id": 1})
    assert [] == schemas.list_schemas(RegistryName="shop")["Schemas"]
