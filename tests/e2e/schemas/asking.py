"""What tests of EventBridge Schemas ask for again and again."""

from __future__ import annotations

import json
from typing import Any

from support.refusals import refusal

__all__ = ["answer", "content", "create", "json_schema", "refusal", "registry_arn", "schema_arn"]


def registry_arn(account: str, name: str = "shop") -> str:
    return f"arn:aws:schemas:us-east-1:{account}:registry/{name}"


def schema_arn(account: str, name: str = "order", registry: str = "shop") -> str:
    return f"arn:aws:schemas:us-east-1:{account}:schema/{registry}/{name}"


def content(*fields: str) -> str:
    """An OpenAPI document of an event whose detail has these fields."""
    detail = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    event = {"type": "object", "properties": {"detail": {"$ref": "#/components/schemas/Order"}}}
    return json.dumps(
        {
            "openapi": "3.0.0",
            "info": {"title": "Order", "version": "1.0.0"},
            "paths": {},
            "components": {"schemas": {"AWSEvent": event, "Order": detail}},
        }
    )


def json_schema() -> str:
    return json.dumps(
        {"$schema": "http://json-schema.org/draft-04/schema#", "title": "Order", "type": "object"}
    )


def create(schemas: Any, name: str = "order", registry: str = "shop", **params: Any) -> Any:
    """A schema in a registry, which is made if it is not there."""
    known = [each["RegistryName"] for each in schemas.list_registries()["Registries"]]
    if registry not in known:
        schemas.create_registry(RegistryName=registry)
    given = {"Content": content("id"), "Type": "OpenApi3", **params}
    return answer(schemas.create_schema(RegistryName=registry, SchemaName=name, **given))


def answer(found: dict[str, Any]) -> dict[str, Any]:
    """An answer without what every answer has."""
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}
