"""The default bus is told of schemas and their versions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.schemas.asking import content, create, schema_arn
from support.running import Running

ANY_SCHEMA = json.dumps({"source": ["aws.schemas"]})


@pytest.fixture
def told(aws: Any) -> Any:
    """What a queue behind the default bus has been told since the last time."""
    sqs, events = aws("sqs"), aws("events")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    events.put_rule(Name="schemas", EventPattern=ANY_SCHEMA)
    target = {"Id": "1", "Arn": asked["Attributes"]["QueueArn"]}
    events.put_targets(Rule="schemas", Targets=[target])

    def take() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bodies = [json.loads(message["Body"]) for message in found]
        return sorted(bodies, key=lambda event: str(event["detail-type"]))

    return take


def said(event: dict[str, Any]) -> tuple[str, str, str]:
    detail = event["detail"]
    return event["detail-type"], detail["SchemaName"], detail["Version"]


def test_a_new_schema_is_told_of_as_such_and_as_a_version(
    schemas: Any, told: Any, account: str, pileus: Running
) -> None:
    made = create(schemas)
    first, second = told()
    assert ("Schema Created", "order", "1") == said(first)
    assert ("Schema Version Created", "order", "1") == said(second)
    assert [schema_arn(account)] == first["resources"] == second["resources"]
    expected = {
        "SchemaName": "order",
        "SchemaType": "OpenApi3",
        "RegistryName": "shop",
        "CreationDate": made["VersionCreatedDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": "1",
    }
    assert [expected, expected] == [first["detail"], second["detail"]]


def test_a_new_version_is_told_of_and_nothing_else_is(schemas: Any, told: Any) -> None:
    create(schemas)
    told()
    asked = {"RegistryName": "shop", "SchemaName": "order"}
    schemas.update_schema(**asked, Content=content("id", "price"))
    assert [("Schema Version Created", "order", "2")] == [said(event) for event in told()]
    schemas.update_schema(**asked, Content=content("id", "price"), Description="as it was")
    assert [] == told()


def test_discovered_schemas_are_told_of_and_do_not_discover_themselves(
    aws: Any, schemas: Any, told: Any, account: str, pileus: Running
) -> None:
    bus = f"arn:aws:events:us-east-1:{account}:event-bus/default"
    schemas.create_discoverer(SourceArn=bus)
    for detail in ({"id": 1}, {"id": 1}, {"id": 1, "price": 2}):
        entry = {"Source": "my.shop", "DetailType": "Order", "Detail": json.dumps(detail)}
        aws("events").put_events(Entries=[entry])
        pileus.advance(1)
    assert [
        ("Schema Created", "my.shop@Order", "1"),
        ("Schema Version Created", "my.shop@Order", "1"),
        ("Schema Version Created", "my.shop@Order", "2"),
    ] == sorted(said(event) for event in told())
    found = schemas.list_schemas(RegistryName="discovered-schemas")["Schemas"]
    assert ["my.shop@Order"] == [each["SchemaName"] for each in found]
