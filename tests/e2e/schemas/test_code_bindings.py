"""Code bindings by boto3: asked for, described, and their source, which works."""

from __future__ import annotations

import importlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from e2e.schemas.asking import answer, create, json_schema, refusal
from support.running import Running

SHOP = {"RegistryName": "shop", "SchemaName": "my.shop@OrderPlaced"}
DETAIL = {"orderId": 1, "class": "x", "lines": [{"sku": "a", "price": 1.5}], "none": None}
EVENT = {
    "version": "0", "id": "1", "detail-type": "Order Placed", "source": "my.shop", "account": "1",
    "time": "2020-01-01T00:00:00Z", "region": "eu", "resources": ["a"], "detail": DETAIL,
}  # fmt: skip


@pytest.fixture
def order(schemas: Any) -> dict[str, str]:
    """A schema that code can be written for."""
    found = schemas.get_discovered_schema(Type="OpenApi3", Events=[json.dumps(EVENT)])
    create(schemas, SHOP["SchemaName"], Content=found["Content"])
    return SHOP


def source_of(schemas: Any, **params: Any) -> zipfile.ZipFile:
    body = schemas.get_code_binding_source(**params)["Body"].read()
    return zipfile.ZipFile(io.BytesIO(body))


def test_a_binding_is_there_once_it_was_asked_for(
    schemas: Any, order: dict[str, str], pileus: Running
) -> None:
    which = {**order, "Language": "Python36"}
    for ask in (schemas.describe_code_binding, schemas.get_code_binding_source):
        assert ("NotFoundException", "Code binding for Python36 does not exist.", 404) == (
            refusal(ask, **which)
        )
    made = schemas.put_code_binding(**which)
    assert 202 == made["ResponseMetadata"]["HTTPStatusCode"]
    assert ("1", "CREATE_COMPLETE", pileus.now // 1000) == (
        made["SchemaVersion"], made["Status"], int(made["CreationDate"].timestamp()),
    )  # fmt: skip
    schemas.get_waiter("code_binding_exists").wait(**which)
    pileus.advance(5)
    again = answer(schemas.put_code_binding(**which))
    assert answer(made) == again == answer(schemas.describe_code_binding(**which))


def test_bindings_belong_to_a_version(schemas: Any, order: dict[str, str]) -> None:
    schemas.put_code_binding(**order, Language="Python36")
    schemas.update_schema(**order, Content=json_schema(), Type="JSONSchemaDraft4")
    which = {**order, "Language": "Python36"}
    assert "NotFoundException" == refusal(schemas.describe_code_binding, **which).code
    assert "BadRequestException" == refusal(schemas.put_code_binding, **which).code
    found = schemas.describe_code_binding(**which, SchemaVersion="1")
    assert "1" == found["SchemaVersion"]


def test_python_code_reads_and_writes_events(
    schemas: Any, order: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemas.put_code_binding(**order, Language="Python36")
    source_of(schemas, **order, Language="Python36").extractall(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        package = importlib.import_module("schema.my.shop.order_placed")
        event = package.Marshaller.unmarshall(EVENT, package.AWSEvent)
        assert isinstance(event.detail, package.OrderPlaced)
        line = event.detail.lines[0]
        assert (1, "x", "a", 1.5, "Order Placed") == (
            event.detail.order_id, event.detail._class, line.sku, line.price, event.detail_type,
        )  # fmt: skip
        line.sku = "b"
        written = {**DETAIL, "lines": [{"sku": "b", "price": 1.5}]}
        del written["none"]
        assert {**EVENT, "detail": written} == package.Marshaller.marshall(event)
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "schema"]:
            del sys.modules[name]


def test_typescript_code_has_an_interface_for_each_object(
    schemas: Any, order: dict[str, str]
) -> None:
    schemas.put_code_binding(**order, Language="TypeScript3")
    archive = source_of(schemas, **order, Language="TypeScript3")
    assert ["schema/my/shop/order_placed/index.ts"] == archive.namelist()
    text = archive.read(archive.namelist()[0]).decode()
    for expected in (
        'export interface AWSEvent {\n  "detail": OrderPlaced;',
        'export interface OrderPlaced {\n  "class": string;\n  "lines": Array<LinesItem>;\n'
        '  "none": any;\n  "orderId": number;\n}',
        'export interface LinesItem {\n  "price": number;\n  "sku": string;\n}',
        "export class Marshaller {",
    ):
        assert expected in text


def test_code_of_awss_schemas_is_always_there(schemas: Any) -> None:
    which = {
        "RegistryName": "aws.events",
        "SchemaName": "aws.ec2@EC2InstanceStateChangeNotification",
        "Language": "Python36",
    }
    assert "CREATE_COMPLETE" == schemas.describe_code_binding(**which)["Status"]
    assert "CREATE_COMPLETE" == schemas.put_code_binding(**which)["Status"]
    assert "schema/aws/ec2/ec2_instance_state_change_notification/__init__.py" in (
        source_of(schemas, **which).namelist()
    )


def test_a_language_that_is_none_is_refused(schemas: Any, order: dict[str, str]) -> None:
    found = refusal(schemas.put_code_binding, **order, Language="Cobol")
    message = "Language Cobol is not one of: Java8, Python36, TypeScript3, Go1."
    assert ("BadRequestException", message, 400) == found


@pytest.mark.parametrize("language", ["Java8", "Go1"])
def test_a_language_that_nothing_writes_is_not_implemented(
    schemas: Any, order: dict[str, str], language: str
) -> None:
    found = refusal(schemas.put_code_binding, **order, Language=language)
    assert ("NotImplemented", 501) == (found.code, found.status)
