"""Schemas and their versions by boto3; search, export and inference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.schemas.asking import answer, content, create, json_schema, refusal, schema_arn
from support.running import Running

ORDER = {"RegistryName": "shop", "SchemaName": "order"}
EVENT = {
    "version": "0", "id": "1", "detail-type": "Order Placed", "source": "shop", "account": "1",
    "time": "2020-01-01T00:00:00Z", "region": "eu", "resources": [], "detail": {"id": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Pileus with AWS's quotas."""
    running = Running(tmp_path_factory.mktemp("strict"), limits="aws").start()
    yield running
    running.stop()


def update(schemas: Any, *fields: str, **params: Any) -> Any:
    return schemas.update_schema(**ORDER, Content=content(*fields), Type="OpenApi3", **params)


def versions_of(schemas: Any, **params: Any) -> list[str]:
    found = schemas.list_schema_versions(**{**ORDER, **params})
    return [version["SchemaVersion"] for version in found["SchemaVersions"]]


def test_a_schema_has_what_it_was_made_with(schemas: Any, pileus: Running, account: str) -> None:
    made = create(schemas, Description="an order", Tags={"team": "a"})
    times = [made["LastModified"], made["VersionCreatedDate"]]
    assert [pileus.now // 1000] * 2 == [int(time.timestamp()) for time in times]
    assert {
        "SchemaArn": schema_arn(account),
        "SchemaName": "order",
        "SchemaVersion": "1",
        "Type": "OpenApi3",
        "Description": "an order",
        "Tags": {"team": "a"},
    } == {name: value for name, value in made.items() if value not in times}
    found = answer(schemas.describe_schema(**ORDER))
    assert content("id") == found.pop("Content")
    assert made == found


def test_each_change_of_the_content_is_a_version(schemas: Any) -> None:
    create(schemas)
    assert "2" == update(schemas, "id", "name")["SchemaVersion"]
    assert "3" == update(schemas, "id")["SchemaVersion"]
    assert ["1", "2", "3"] == versions_of(schemas)
    found = schemas.describe_schema(**ORDER, SchemaVersion="2")
    assert ("2", content("id", "name")) == (found["SchemaVersion"], found["Content"])
    assert "3" == schemas.describe_schema(**ORDER)["SchemaVersion"]


def test_what_does_not_change_makes_no_version(schemas: Any) -> None:
    create(schemas)
    assert "1" == update(schemas, "id")["SchemaVersion"]
    found = schemas.update_schema(**ORDER, Description="ours")
    assert ("1", "ours") == (found["SchemaVersion"], found["Description"])


def test_a_repeated_update_makes_one_version(schemas: Any) -> None:
    create(schemas)
    for field in ("a", "b"):
        assert "2" == update(schemas, field, ClientTokenId="t")["SchemaVersion"]
    assert content("a") == schemas.describe_schema(**ORDER)["Content"]


def test_a_schema_may_change_its_type_with_its_content(schemas: Any) -> None:
    create(schemas)
    schemas.update_schema(**ORDER, Content=json_schema(), Type="JSONSchemaDraft4")
    found = schemas.list_schema_versions(**ORDER)["SchemaVersions"]
    assert ["OpenApi3", "JSONSchemaDraft4"] == [version["Type"] for version in found]
    assert "BadRequestException" == refusal(schemas.update_schema, **ORDER, Type="OpenApi3").code


def test_the_latest_version_may_go_and_its_number_is_not_used_again(schemas: Any) -> None:
    create(schemas)
    update(schemas, "two")
    schemas.delete_schema_version(**ORDER, SchemaVersion="2")
    assert "1" == schemas.describe_schema(**ORDER)["SchemaVersion"]
    assert ("NotFoundException", "Version 2 of schema order does not exist.", 404) == refusal(
        schemas.describe_schema, **ORDER, SchemaVersion="2"
    )
    assert "3" == update(schemas, "three")["SchemaVersion"]


def test_the_only_version_stays(schemas: Any) -> None:
    create(schemas)
    found = refusal(schemas.delete_schema_version, **ORDER, SchemaVersion="1")
    assert "BadRequestException" == found.code
    assert ["1"] == versions_of(schemas)


def test_a_deleted_schema_begins_anew(schemas: Any, pileus: Running) -> None:
    create(schemas, Tags={"a": "b"})
    update(schemas, "two")
    schemas.delete_schema(**ORDER)
    assert ("NotFoundException", "Schema with name order does not exist.", 404) == refusal(
        schemas.describe_schema, **ORDER
    )
    assert ("1", {}) == (create(schemas)["SchemaVersion"], schemas.describe_schema(**ORDER)["Tags"])
    pileus.advance(1)
    assert ["1"] == versions_of(schemas)


def test_schemas_are_listed_by_prefix_and_page(schemas: Any, account: str) -> None:
    for name in ("a", "order.b", "order.c"):
        create(schemas, name)
    pages = schemas.get_paginator("list_schemas").paginate(
        RegistryName="shop", PaginationConfig={"PageSize": 2}
    )
    assert [["a", "order.b"], ["order.c"]] == [
        [schema["SchemaName"] for schema in page["Schemas"]] for page in pages
    ]
    found = schemas.list_schemas(RegistryName="shop", SchemaNamePrefix="order.")["Schemas"]
    assert [(schema_arn(account, "order.b"), 1), (schema_arn(account, "order.c"), 1)] == [
        (schema["SchemaArn"], schema["VersionCount"]) for schema in found
    ]


def test_versions_are_listed_by_page(schemas: Any) -> None:
    create(schemas)
    for field in ("a", "b"):
        update(schemas, field)
    first = schemas.list_schema_versions(**ORDER, Limit=2)
    assert ["3"] == versions_of(schemas, NextToken=first["NextToken"])


def test_two_schemas_cannot_have_one_name(schemas: Any) -> None:
    create(schemas)
    assert ("ConflictException", "Schema with name order already exists.", 409) == (
        refusal(lambda: create(schemas))
    )


@pytest.mark.parametrize("name", ["a b", "a" * 386, "a:b"])
def test_a_schema_name_that_cannot_be_is_refused(schemas: Any, name: str) -> None:
    schemas.create_registry(RegistryName="shop")
    found = refusal(
        schemas.create_schema,
        RegistryName="shop", SchemaName=name, Content=content(), Type="OpenApi3",
    )  # fmt: skip
    assert "BadRequestException" == found.code


def test_content_that_is_no_document_of_its_type_is_refused(schemas: Any) -> None:
    create(schemas)
    for text, kind, reason in (
        ("{", "OpenApi3", "Content is not valid JSON."),
        (
            json_schema(),
            "OpenApi3",
            r"Content is not valid: 'openapi' does not match pattern '^3\.0\.\d(-.+)?$'",
        ),
        (
            json.dumps({**json.loads(content()), "$schema": "s"}),
            "OpenApi3",
            "Content is not valid: additionalProperties '$schema' not allowed",
        ),
        ('{"$schema": "other"}', "JSONSchemaDraft4", None),
        ('{"type": "thing"}', "JSONSchemaDraft4", None),
    ):
        found = refusal(lambda t=text, k=kind: create(schemas, "x", Content=t, Type=k))
        assert "BadRequestException" == found.code
        if reason:
            assert reason == found.message
        assert found == refusal(schemas.update_schema, **ORDER, Content=text, Type=kind)


def test_awss_limits_bound_schemas_and_versions(strict: Running) -> None:
    schemas = strict.client("schemas", account="111111111111")
    create(schemas)
    for number in range(99):
        update(schemas, str(number))
        schemas.create_schema(
            RegistryName="shop", SchemaName=str(number), Content=content(), Type="OpenApi3"
        )
    assert "ForbiddenException" == refusal(lambda: update(schemas, "last")).code
    assert "ForbiddenException" == refusal(lambda: create(schemas, "last")).code


def test_search_finds_versions_by_their_words(schemas: Any) -> None:
    create(schemas, "one", Content=content("customer", "Street"))
    create(schemas, "two", Content=content("customer"))
    create(schemas, Content=content("price"))
    for number in range(30):
        update(schemas, f"price{number}")
    update(schemas, "customer", "street")
    found = schemas.search_schemas(RegistryName="shop", Keywords="CUSTOMER street")["Schemas"]
    assert [("one", ["1"]), ("order", ["32"])] == [
        (schema["SchemaName"], [each["SchemaVersion"] for each in schema["SchemaVersions"]])
        for schema in found
    ]
    everything = schemas.search_schemas(RegistryName="shop", Keywords="properties")["Schemas"]
    assert {"one": 1, "order": 32, "two": 1} == {
        schema["SchemaName"]: len(schema["SchemaVersions"]) for schema in everything
    }


def test_search_has_pages_and_needs_words(schemas: Any) -> None:
    for name in ("a", "b", "c"):
        create(schemas, name)
    pages = schemas.get_paginator("search_schemas").paginate(
        RegistryName="shop", Keywords="detail", PaginationConfig={"PageSize": 2}
    )
    assert [["a", "b"], ["c"]] == [
        [schema["SchemaName"] for schema in page["Schemas"]] for page in pages
    ]
    assert [] == schemas.search_schemas(RegistryName="shop", Keywords="nowhere")["Schemas"]
    found = refusal(schemas.search_schemas, RegistryName="shop", Keywords=" ")
    assert "BadRequestException" == found.code


def test_aws_has_schemas_of_its_own_events(schemas: Any) -> None:
    name = "aws.ec2@EC2InstanceStateChangeNotification"
    found = schemas.describe_schema(RegistryName="aws.events", SchemaName=name)
    assert f"arn:aws:schemas:us-east-1::schema/aws.events/{name}" == found["SchemaArn"]
    event = json.loads(found["Content"])["components"]["schemas"]["AWSEvent"]
    assert "EC2 Instance State-change Notification" == event["x-amazon-events-detail-type"]
    search = schemas.search_schemas(RegistryName="aws.events", Keywords="instance-id")
    assert [name] == [schema["SchemaName"] for schema in search["Schemas"]]
    assert ["1"] == versions_of(schemas, RegistryName="aws.events", SchemaName=name)


def test_open_api_is_exported_as_json_schema(schemas: Any, account: str) -> None:
    create(schemas)
    found = answer(schemas.export_schema(**ORDER, Type="JSONSchemaDraft4"))
    assert {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "Order",
        "type": "object",
        "properties": {"detail": {"$ref": "#/definitions/Order"}},
        "definitions": {"Order": {"type": "object", "properties": {"id": {"type": "string"}}}},
    } == json.loads(found.pop("Content"))
    assert {
        "SchemaArn": schema_arn(account),
        "SchemaName": "order",
        "SchemaVersion": "1",
        "Type": "JSONSchemaDraft4",
    } == found


def test_what_cannot_be_exported_is_refused(schemas: Any) -> None:
    create(schemas, Content=json_schema(), Type="JSONSchemaDraft4")
    for kind in ("JSONSchemaDraft4", "OpenApi3"):
        found = refusal(schemas.export_schema, **ORDER, Type=kind)
        assert "BadRequestException" == found.code


@pytest.mark.parametrize("components", [None, {}, {"schemas": {"Order": {}, "Item": {}}}])
def test_a_document_without_an_event_is_not_exported(schemas: Any, components: Any) -> None:
    document: Any = {"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {}}
    if components is not None:
        document["components"] = components
    create(schemas, Content=json.dumps(document))
    found = refusal(schemas.export_schema, **ORDER, Type="JSONSchemaDraft4")
    assert "BadRequestException" == found.code


def test_a_schema_is_inferred_from_events(schemas: Any) -> None:
    events = [EVENT, {**EVENT, "detail": {"id": 2, "name": "x"}}]
    texts = [json.dumps(event) for event in events]
    found = schemas.get_discovered_schema(Type="OpenApi3", Events=texts)
    components = json.loads(found["Content"])["components"]["schemas"]
    assert ["AWSEvent", "OrderPlaced"] == list(components)
    assert {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "integer", "format": "int64"},
            "name": {"type": "string"},
        },
    } == components["OrderPlaced"]
    other = schemas.get_discovered_schema(Type="JSONSchemaDraft4", Events=texts)
    document = json.loads(other["Content"])
    assert components["OrderPlaced"] == document["definitions"]["OrderPlaced"]


@pytest.mark.parametrize(
    "events",
    [["{"], ["[]"], [json.dumps(EVENT), json.dumps({**EVENT, "source": "b"})]],
)
def test_events_that_have_no_schema_are_refused(schemas: Any, events: list[str]) -> None:
    found = refusal(schemas.get_discovered_schema, Type="OpenApi3", Events=events)
    assert "BadRequestException" == found.code


def test_at_most_ten_events_are_looked_at(schemas: Any) -> None:
    found = refusal(schemas.get_discovered_schema, Type="OpenApi3", Events=["{}"] * 11)
    assert "ValidationException" == found.code
