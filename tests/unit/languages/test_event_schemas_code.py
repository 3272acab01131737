"""Code that is written for schemas: names that are safe, classes for whatever a document holds."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.event_schemas import code
from pileus.languages.event_schemas.classes import classes_of, package_of, snake_case


def document(**schemas: Any) -> dict[str, Any]:
    return {"components": {"schemas": schemas}}


def files_of(zipped: bytes) -> dict[str, str]:
    archive = zipfile.ZipFile(io.BytesIO(zipped))
    return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("detail-type", "detail_type"), ("orderId", "order_id"), ("class", "_class"),
        ("1st", "_1st"), ("", "_"), ("HTTPServer", "http_server"),
        ("EC2InstanceStateChangeNotification", "ec2_instance_state_change_notification"),
    ],
)  # fmt: skip
def test_names_become_snake_case(text: str, expected: str) -> None:
    assert expected == snake_case(text)


def test_packages_follow_the_source() -> None:
    assert ["schema", "aws", "ec2", "change"] == package_of("aws.ec2@Change")
    assert ["schema", "order"] == package_of("order")


def test_objects_inside_others_and_references_are_classes() -> None:
    found = classes_of(
        document(
            A={
                "properties": {
                    "b": {"properties": {"c": {"type": "string"}}},
                    "d": {"$ref": "#/components/schemas/Text"},
                    "e": {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
                    "f": {"$ref": "#/components/schemas/Loop"},
                }
            },
            Text={"type": "string"},
            Loop={"$ref": "#/components/schemas/Loop"},
        )
    )
    assert ["A", "AB"] == [each.name for each in found]
    kinds = [field.kind.name for field in found[0].fields]
    assert ["object", "string", "array", "any"] == kinds


NAMES = st.text("ab\"\\\n'}{; #", max_size=6)


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=4))
def test_written_python_compiles_whatever_the_names_are(names: dict[str, list[str]]) -> None:
    schemas = {
        name: {"properties": {each: {"type": "string"} for each in fields}}
        for name, fields in names.items()
    }
    for path, text in files_of(code.python("a@b", document(**schemas))).items():
        compile(text, path, "exec")


def test_equal_schemas_have_equal_zips() -> None:
    for write in code.WRITERS.values():
        assert write("a@b", document(A={"properties": {}})) == (
            write("a@b", document(A={"properties": {}}))
        )


def test_names_that_the_code_uses_are_left_to_it() -> None:
    text = files_of(code.typescript("a@b", document(Array={"properties": {}})))
    assert "export interface _Array {" in text["schema/a/b/index.ts"]
