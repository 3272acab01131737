"""Schemas of events: what is inferred fits, what is merged fits all, what is malformed is said."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages import event_schemas
from pileus.languages.event_schemas import rendering, shapes

NOON = "2020-01-01T12:00:00Z"
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text("ab1 ", max_size=3), st.sampled_from([NOON, "2020-01-01T00:00:00+01:00"]),
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "A", "a b", "AWSEvent", "Order", "a item", "1", ""])
VALUES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)),
    max_leaves=8,
)
DETAILS = st.dictionaries(NAMES, VALUES, max_size=4)


def event(detail: Any, **fields: Any) -> dict[str, Any]:
    return {
        "version": "0", "id": "1", "detail-type": "Order", "source": "shop", "account": "1",
        "time": "2020-01-01T00:00:00Z", "region": "eu", "resources": ["a"], "detail": detail,
        **fields,
    }  # fmt: skip


def is_valid(value: Any, schema: Any, document: dict[str, Any]) -> bool:
    """Whether a value fits a schema, as far as inferred schemas go (OpenAPI 3 and Draft 4)."""
    if "$ref" in schema:
        target: Any = document
        for part in schema["$ref"][2:].split("/"):
            target = target[part]
        return is_valid(value, target, document)
    if value is None and schema.get("nullable"):
        return True
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(_is_type(value, name) for name in types):
            return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return set(schema.get("required", [])) <= set(value) and all(
            is_valid(below, known.get(name, {}), document) for name, below in value.items()
        )
    if isinstance(value, list):
        return all(is_valid(item, schema.get("items", {}), document) for item in value)
    if isinstance(value, str) and schema.get("format") == "date-time":
        return re.match(r"\d{4}-\d\d-\d\dT", value) is not None
    return True


def _is_type(value: Any, name: str) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": is_number and isinstance(value, int) and -(2**63) <= value < 2**63,
        "number": is_number,
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }[name]


@given(st.lists(DETAILS, min_size=1, max_size=4))
def test_every_event_fits_the_schema_that_was_inferred_from_it(details: list[Any]) -> None:
    events = [event(detail) for detail in details]
    document = event_schemas.inferred(events)
    root = document["components"]["schemas"]["AWSEvent"]
    exported = event_schemas.exported(document)
    for each in events:
        assert is_valid(each, root, document)
        assert is_valid(each, exported, exported)


@given(st.lists(DETAILS, min_size=1, max_size=4))
def test_plain_objects_fit_their_schema_too(details: list[Any]) -> None:
    document = event_schemas.inferred(details)
    exported = event_schemas.exported(document)
    for each in details:
        assert is_valid(each, document["components"]["schemas"]["Event"], document)
        assert is_valid(each, exported, exported)


@given(st.lists(DETAILS, min_size=1, max_size=3))
def test_what_is_inferred_and_exported_is_a_valid_document(details: list[Any]) -> None:
    document = event_schemas.inferred([event(detail) for detail in details])
    event_schemas.check(event_schemas.text(document), event_schemas.OPEN_API)
    exported = event_schemas.text(event_schemas.exported(document))
    event_schemas.check(exported, event_schemas.JSON_SCHEMA)


@given(VALUES, VALUES, VALUES)
def test_merging_knows_no_order(one: Any, two: Any, three: Any) -> None:
    a, b, c = (shapes.infer(value) for value in (one, two, three))
    assert shapes.merge([a, b]) == shapes.merge([b, a])
    assert shapes.merge([shapes.merge([a, b]), c]) == shapes.merge([a, shapes.merge([b, c])])
    assert a == shapes.merge([a, a])


@given(VALUES)
def test_a_shape_survives_being_kept(value: Any) -> None:
    shape = shapes.infer(value)
    assert shape == shapes.load(shapes.dump(shape))


@given(st.lists(DETAILS, min_size=1, max_size=4))
def test_discovery_one_by_one_ends_where_inference_ends(details: list[Any]) -> None:
    known, document = "", None
    for detail in details:
        known, document = event_schemas.discovered(known, event(detail))
    assert document == event_schemas.inferred([event(detail) for detail in details])
    assert known == event_schemas.discovered(known, event(details[0]))[0]


def test_an_event_is_written_as_aws_writes_it() -> None:
    document = event_schemas.inferred(
        [
            event(
                {"executionArn": "a", "startDate": 1, "output": None, "input": "{}"},
                source="aws.states",
                **{"detail-type": "Step Functions Execution Status Change"},
            )
        ]
    )
    name = "StepFunctionsExecutionStatusChange"
    assert {"version": "1.0.0", "title": name} == document["info"]
    assert ("3.0.0", {}) == (document["openapi"], document["paths"])
    schemas = document["components"]["schemas"]
    assert {
        "type": "object",
        "required": [
            "detail-type", "resources", "detail", "id", "source", "time", "region", "version",
            "account",
        ],
        "x-amazon-events-detail-type": "Step Functions Execution Status Change",
        "x-amazon-events-source": "aws.states",
        "properties": {
            "detail": {"$ref": f"#/components/schemas/{name}"},
            "account": {"type": "string"},
            "detail-type": {"type": "string"},
            "id": {"type": "string"},
            "region": {"type": "string"},
            "resources": {"type": "array", "items": {"type": "string"}},
            "source": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "version": {"type": "string"},
        },
    } == schemas["AWSEvent"]  # fmt: skip
    assert {
        "executionArn": {"type": "string"},
        "input": {"type": "string"},
        "output": {},
        "startDate": {"type": "integer", "format": "int64"},
    } == schemas[name]["properties"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.5, {"type": "number", "format": "double"}),
        (1, None, {"type": "integer", "format": "int64", "nullable": True}),
        (1, "a", {}),
        (2**63, 2**64, {"type": "number", "format": "double"}),
        (NOON, "a", {"type": "string"}),
        (NOON, "2021-01-01T12:00:00.5Z", {"type": "string", "format": "date-time"}),
        ([], [1], {"type": "array", "items": {"type": "integer", "format": "int64"}}),
        ([], [], {"type": "array", "items": {}}),
        ({"b": 1}, None, {"$ref": "#/components/schemas/A"}),
    ],
)  # fmt: skip
def test_two_values_of_one_place(one: Any, other: Any, expected: Any) -> None:
    document = event_schemas.inferred([event({"a": one}), event({"a": other})])
    assert expected == document["components"]["schemas"]["Order"]["properties"]["a"]


def test_objects_of_one_name_have_names_of_their_own() -> None:
    document = event_schemas.inferred([event({"a": {"x": {"y": 1}}, "b": {"x": {"z": 1}}})])
    assert ["AWSEvent", "Order", "A", "X", "B", "X_1"] == list(document["components"]["schemas"])


@pytest.mark.parametrize(
    ("source", "detail_type", "expected"),
    [
        ("aws.ec2", "EC2 Instance State-change Notification",
         "aws.ec2@EC2InstanceStateChangeNotification"),
        ("my/shop app", "order.placed", "my-shop-app@OrderPlaced"),
        ("shop", "1st", "shop@_1st"),
    ],
)  # fmt: skip
def test_schemas_are_named_by_source_and_kind(source: str, detail_type: str, expected: str) -> None:
    assert expected == event_schemas.schema_name(source, detail_type)


def test_what_is_too_deep_is_not_looked_at() -> None:
    value: Any = 1
    for _ in range(300):
        value = [value]
    shape = shapes.infer(value)
    depth = 0
    while shape.items is not None:
        shape = shape.items
        depth += 1
    assert (shapes.LEVELS_MAX, shapes.ANYTHING) == (depth, shape)


@pytest.mark.parametrize("wrap", [lambda value: {"a": value}, lambda value: [{"a": value}]])
def test_deep_events_are_discovered_too(wrap: Any) -> None:
    value: Any = 1
    for _ in range(300):
        value = wrap(value)
    known, _ = event_schemas.discovered("", event({"a": value}))
    known, document = event_schemas.discovered(known, event({"a": value, "b": 1}))
    assert 100 < len(document["components"]["schemas"]) <= shapes.LEVELS_MAX
    assert event_schemas.text(event_schemas.exported(document))


def test_events_of_two_kinds_have_no_schema() -> None:
    with pytest.raises(event_schemas.MixedEvents):
        event_schemas.inferred([event({}), event({}, source="other")])


def test_an_event_without_its_fields_is_a_plain_object() -> None:
    assert not rendering.is_event({"source": "a", "detail-type": "b", "detail": {}})


def open_api(schema: Any, **fields: Any) -> str:
    document = {
        "openapi": "3.0.0",
        "info": {"title": "a", "version": "1"},
        "paths": {},
        "components": {"schemas": {"A": schema}},
        **fields,
    }
    return json.dumps(document)


@pytest.mark.parametrize(
    "fields",
    [
        {"openapi": "2.0"}, {"openapi": 3}, {"info": {}}, {"info": {"title": "a"}}, {"paths": []},
        {"components": []}, {"components": {"schemas": []}},
    ],
)  # fmt: skip
def test_a_malformed_open_api_document_is_found(fields: dict[str, Any]) -> None:
    with pytest.raises(event_schemas.InvalidDocument):
        event_schemas.check(open_api({}, **fields), event_schemas.OPEN_API)


@pytest.mark.parametrize(
    "schema",
    [
        [], {"type": "null"}, {"type": ["string"]}, {"type": "array"}, {"required": "a"},
        {"required": ["a", "a"]}, {"properties": []}, {"properties": {"a": 1}}, {"enum": []},
        {"minLength": -1}, {"maximum": "1"}, {"multipleOf": 0}, {"uniqueItems": 1},
        {"allOf": []}, {"anyOf": [1]}, {"not": 1}, {"additionalProperties": 1}, {"items": [{}]},
        {"$ref": "#/components/schemas/B"}, {"$ref": "other.json"}, {"$ref": 1},
        {"title": 1}, {"nullable": "yes"},
    ],
)  # fmt: skip
def test_a_malformed_open_api_schema_is_found(schema: Any) -> None:
    with pytest.raises(event_schemas.InvalidDocument, match=r"#/components/schemas/A"):
        event_schemas.check(open_api(schema), event_schemas.OPEN_API)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "http://json-schema.org/draft-07/schema#"}, {"type": []}, {"type": "file"},
        {"type": ["string", "string"]}, {"definitions": {"a": 1}}, {"items": [1]},
        {"$ref": "#/definitions/a"}, {"properties": {"a": {"minimum": True}}},
    ],
)  # fmt: skip
def test_a_malformed_json_schema_is_found(schema: Any) -> None:
    with pytest.raises(event_schemas.InvalidDocument):
        event_schemas.check(json.dumps(schema), event_schemas.JSON_SCHEMA)


def test_good_json_schemas_pass() -> None:
    for schema in (
        {},
        {"$schema": "http://json-schema.org/draft-04/schema", "type": ["string", "null"]},
        {"definitions": {"a/b": {}}, "properties": {"a": {"$ref": "#/definitions/a~1b"}}},
        {"items": [{"type": "string"}], "additionalItems": False},
        {"$ref": "#"},
    ):
        assert schema == event_schemas.check(json.dumps(schema), event_schemas.JSON_SCHEMA)


def test_a_document_that_is_too_deep_is_refused() -> None:
    text = '{"not":' * 300 + "{}" + "}" * 300
    with pytest.raises(event_schemas.InvalidDocument, match="255 levels"):
        event_schemas.check(text, event_schemas.JSON_SCHEMA)
    with pytest.raises(event_schemas.InvalidDocument, match="not JSON"):
        event_schemas.parse("[" * 100_000)


def test_export_keeps_what_a_value_may_be() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "nullable": True, "enum": ["x"], "example": "x"},
            "nullable": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "integer"}]},
        },
        "additionalProperties": False,
    }
    exported = event_schemas.exported(event_schemas.parse(open_api(schema)))
    assert {"type": ["string", "null"], "enum": ["x", None]} == exported["properties"]["a"]
    assert {"oneOf": [{"$ref": "#/definitions/A"}, {"type": "integer"}]} == (
        exported["properties"]["nullable"]
    )
    assert {"A"} == set(exported["definitions"])


def test_a_document_without_an_event_is_not_exported() -> None:
    two = {"components": {"schemas": {"B": {}, "C": {}}}}
    for text in (open_api({}, components={}), open_api({}, **two)):
        with pytest.raises(event_schemas.CannotExport):
            event_schemas.exported(event_schemas.parse(text))
