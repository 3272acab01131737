"""Registries by boto3: AWS's, the discovered one, and users' own; policies and tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.schemas.asking import answer, create, refusal, registry_arn, schema_arn
from support.running import Running

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "schemas:*", "Resource": "*"}
        ],
    }
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Pileus with AWS's quotas."""
    running = Running(_path(tmp_path_factory), limits="aws").start()
    yield running
    running.stop()


def _path(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("strict")


def names_of(found: dict[str, Any]) -> list[str]:
    return [registry["RegistryName"] for registry in found["Registries"]]


def test_two_registries_are_always_there(schemas: Any, account: str) -> None:
    assert ["aws.events", "discovered-schemas"] == names_of(schemas.list_registries())
    assert (
        "arn:aws:schemas:us-east-1::registry/aws.events"
        == (schemas.describe_registry(RegistryName="aws.events")["RegistryArn"])
    )
    assert (
        registry_arn(account, "discovered-schemas")
        == (schemas.describe_registry(RegistryName="discovered-schemas")["RegistryArn"])
    )


def test_a_registry_has_what_it_was_made_with(schemas: Any, account: str) -> None:
    expected = {
        "RegistryArn": registry_arn(account),
        "RegistryName": "shop",
        "Description": "our events",
        "Tags": {"team": "a"},
    }
    assert expected == answer(
        schemas.create_registry(RegistryName="shop", Description="our events", Tags={"team": "a"})
    )
    assert expected == answer(schemas.describe_registry(RegistryName="shop"))


def test_a_registry_is_described_anew(schemas: Any) -> None:
    schemas.create_registry(RegistryName="shop", Description="old")
    schemas.update_registry(RegistryName="shop", Description="new")
    assert "new" == schemas.describe_registry(RegistryName="shop")["Description"]
    schemas.update_registry(RegistryName="shop")
    assert "new" == schemas.describe_registry(RegistryName="shop")["Description"]


def test_two_registries_cannot_have_one_name(schemas: Any) -> None:
    schemas.create_registry(RegistryName="shop")
    for name in ("shop", "discovered-schemas"):
        assert ("ConflictException", f"Registry with name {name} already exists.", 409) == refusal(
            schemas.create_registry, RegistryName=name
        )


@pytest.mark.parametrize("name", ["a b", "a" * 65, "ä"])
def test_a_registry_name_that_cannot_be_is_refused(schemas: Any, name: str) -> None:
    found = refusal(schemas.create_registry, RegistryName=name)
    assert ("BadRequestException", 400) == (found.code, found.status)


RESERVED = (
    "ForbiddenException",
    "You do not have the permission to create/modify an AWS managed registry with name prefixed "
    "with 'aws.'.",
    403,
)


def test_names_of_awss_registries_are_reserved(schemas: Any) -> None:
    assert RESERVED == refusal(schemas.create_registry, RegistryName="aws.mine")


@pytest.mark.parametrize(
    "operation", ["describe_registry", "update_registry", "delete_registry", "list_schemas"]
)
def test_a_registry_that_is_not_there_is_not_found(schemas: Any, operation: str) -> None:
    assert ("NotFoundException", "Registry with name shop does not exist.", 404) == refusal(
        getattr(schemas, operation), RegistryName="shop"
    )


def test_registries_are_listed_by_scope_prefix_and_page(schemas: Any) -> None:
    for name in ("b", "dab", "zoo"):
        schemas.create_registry(RegistryName=name)
    assert ["aws.events"] == names_of(schemas.list_registries(Scope="AWS"))
    local = ["b", "dab", "discovered-schemas", "zoo"]
    assert local == names_of(schemas.list_registries(Scope="LOCAL"))
    assert ["dab", "discovered-schemas"] == names_of(
        schemas.list_registries(RegistryNamePrefix="d")
    )
    pages = schemas.get_paginator("list_registries").paginate(PaginationConfig={"PageSize": 2})
    assert [["aws.events", "b"], ["dab", "discovered-schemas"], ["zoo"]] == [
        names_of(page) for page in pages
    ]


@pytest.mark.parametrize(
    "params", [{"Limit": 0}, {"Limit": 101}, {"NextToken": "nonsense"}, {"Scope": "MINE"}]
)
def test_lists_refuse_what_cannot_be(schemas: Any, params: dict[str, Any]) -> None:
    assert "BadRequestException" == refusal(schemas.list_registries, **params).code


def test_a_deleted_registry_takes_its_schemas_along(schemas: Any, pileus: Running) -> None:
    create(schemas, Tags={"a": "b"})
    schemas.delete_registry(RegistryName="shop")
    assert "NotFoundException" == refusal(schemas.describe_registry, RegistryName="shop").code
    assert "shop" not in names_of(schemas.list_registries())
    schemas.create_registry(RegistryName="shop")
    assert [] == schemas.list_schemas(RegistryName="shop")["Schemas"]
    pileus.advance(1)
    assert {} == create(schemas)["Tags"]


def test_the_registry_of_aws_is_read_only(schemas: Any) -> None:
    for ask in (
        lambda **given: schemas.update_registry(Description="mine", **given),
        schemas.delete_registry,
        lambda **given: schemas.put_resource_policy(Policy=POLICY, **given),
        lambda **given: schemas.create_schema(
            SchemaName="a", Content="{}", Type="OpenApi3", **given
        ),
    ):
        assert RESERVED == refusal(ask, RegistryName="aws.events")


def test_the_registry_of_discovered_schemas_stays(schemas: Any) -> None:
    schemas.update_registry(RegistryName="discovered-schemas", Description="found")
    assert "found" == schemas.describe_registry(RegistryName="discovered-schemas")["Description"]
    assert "ForbiddenException" == (
        refusal(schemas.delete_registry, RegistryName="discovered-schemas").code
    )


def test_only_ten_registries_are_allowed_with_awss_limits(strict: Running) -> None:
    schemas = strict.client("schemas", account="111111111111")
    for number in range(10):
        schemas.create_registry(RegistryName=f"r{number}")
    assert ("ForbiddenException", 403) == refusal(schemas.create_registry, RegistryName="last")[::2]


def test_only_ten_discoverers_are_allowed_with_awss_limits(strict: Running) -> None:
    events, schemas = strict.client("events"), strict.client("schemas")
    buses = [events.create_event_bus(Name=f"b{number}")["EventBusArn"] for number in range(11)]
    for bus in buses[:10]:
        schemas.create_discoverer(SourceArn=bus)
    assert "ForbiddenException" == refusal(schemas.create_discoverer, SourceArn=buses[10]).code
    assert "ConflictException" == refusal(schemas.create_discoverer, SourceArn=buses[0]).code


def test_a_policy_has_revisions(schemas: Any) -> None:
    schemas.create_registry(RegistryName="shop")
    first = schemas.put_resource_policy(RegistryName="shop", Policy=POLICY)
    assert json.loads(POLICY) == json.loads(first["Policy"])
    found = schemas.get_resource_policy(RegistryName="shop")
    assert answer(first) == answer(found)
    second = schemas.put_resource_policy(
        RegistryName="shop", Policy=POLICY, RevisionId=first["RevisionId"]
    )
    assert second["RevisionId"] != first["RevisionId"]
    assert ("PreconditionFailedException", 412) == refusal(
        schemas.put_resource_policy,
        RegistryName="shop", Policy=POLICY, RevisionId=first["RevisionId"],
    )[::2]  # fmt: skip


def test_a_policy_is_deleted(schemas: Any) -> None:
    schemas.create_registry(RegistryName="shop")
    schemas.put_resource_policy(RegistryName="shop", Policy=POLICY)
    schemas.delete_resource_policy(RegistryName="shop")
    for ask in (schemas.get_resource_policy, schemas.delete_resource_policy):
        assert ("NotFoundException", "Registry shop does not have a policy.", 404) == (
            refusal(ask, RegistryName="shop")
        )


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        "[" * 20_000,
        "[]",
        "{}",
        '{"Statement": [{"Effect": "Allow"}]}',
        '{"Version": "2012-10-17"}',
        '{"Version": "2012-10-17", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*"}}',
        '{"Version": "2012-10-17", "Statement": ["x"]}',
    ],
)
def test_a_malformed_policy_is_refused(schemas: Any, policy: str) -> None:
    schemas.create_registry(RegistryName="shop")
    found = refusal(schemas.put_resource_policy, RegistryName="shop", Policy=policy)
    assert "BadRequestException" == found.code


def test_a_policy_belongs_to_a_registry_that_is_named(schemas: Any) -> None:
    assert ("BadRequestException", "RegistryName is required.", 400) == (
        refusal(schemas.get_resource_policy)
    )


def test_registries_and_schemas_are_tagged(schemas: Any, account: str) -> None:
    create(schemas)
    for arn in (registry_arn(account), schema_arn(account)):
        schemas.tag_resource(ResourceArn=arn, Tags={"team": "a", "cost": "b"})
        schemas.untag_resource(ResourceArn=arn, TagKeys=["cost"])
        assert {"team": "a"} == schemas.list_tags_for_resource(ResourceArn=arn)["Tags"]


def test_tags_of_what_is_not_there_are_refused(schemas: Any, account: str) -> None:
    for arn, code in (
        (registry_arn(account), "NotFoundException"),
        (schema_arn(account), "NotFoundException"),
        (f"arn:aws:schemas:us-east-1:{account}:discoverer/x", "NotFoundException"),
        ("arn:aws:schemas:us-east-1:1:something/x", "BadRequestException"),
        ("arn:aws:sqs:us-east-1:1:x", "BadRequestException"),
    ):
        assert code == refusal(schemas.list_tags_for_resource, ResourceArn=arn).code


@pytest.mark.parametrize(
    "tags", [{"aws:a": "b"}, {"": "b"}, {"a": "b" * 257}, {str(number): "" for number in range(51)}]
)
def test_tags_that_cannot_be_are_refused(schemas: Any, tags: dict[str, str]) -> None:
    found = refusal(schemas.create_registry, RegistryName="shop", Tags=tags)
    assert "BadRequestException" == found.code
