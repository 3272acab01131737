"""Code bindings: which were asked for, and their source, which is made when it is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel.errors import not_implemented
from pileus.languages import event_schemas
from pileus.languages.event_schemas import code
from pileus.services.schemas import aws_schemas, errors, shelf, store
from pileus.services.schemas.store import Binding, Schema, Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: PutCodeBinding; those that nothing writes yet.
_UNWRITTEN = ("Go1", "Java8")


def put_code_binding(
    call: Call,
    *,
    language: str,
    registry_name: str,
    schema_name: str,
    schema_version: str | None = None,
) -> dict[str, Any]:
    schema, version = _meant(call, language, schema_name, schema_version)
    if version.type != event_schemas.OPEN_API:
        raise errors.no_code_for(version.type)
    binding = _seek(call, schema, version, language)
    if binding is None:
        binding = Binding(call.now, call.now)
        store.add_binding(call.tx, schema.id, version.version, language)
    return _described(version, binding)


def describe_code_binding(
    call: Call,
    *,
    language: str,
    registry_name: str,
    schema_name: str,
    schema_version: str | None = None,
) -> dict[str, Any]:
    schema, version = _meant(call, language, schema_name, schema_version)
    return _described(version, _find(call, schema, version, language))


def get_code_binding_source(
    call: Call,
    *,
    language: str,
    registry_name: str,
    schema_name: str,
    schema_version: str | None = None,
) -> dict[str, Any]:
    schema, version = _meant(call, language, schema_name, schema_version)
    _find(call, schema, version, language)
    document = event_schemas.parse(version.content)
    return {"Body": code.WRITERS[language](schema_name, document)}


def _meant(
    call: Call, language: str, schema_name: str, wanted: str | None
) -> tuple[Schema, Version]:
    if language in _UNWRITTEN:
        raise not_implemented("schemas", call.operation, f"Language {language}")
    if language not in code.WRITERS:
        raise errors.invalid_language(language)
    schema = shelf.find_schema(call.tx, call.about, schema_name)
    return schema, shelf.find_version(call.tx, call.about, schema, wanted)


def _seek(call: Call, schema: Schema, version: Version, language: str) -> Binding | None:
    """A binding; those of AWS's schemas are always there."""
    if shelf.is_aws(call.about):
        return Binding(aws_schemas.SINCE, aws_schemas.SINCE)
    return store.seek_binding(call.tx, schema.id, version.version, language)


def _find(call: Call, schema: Schema, version: Version, language: str) -> Binding:
    found = _seek(call, schema, version, language)
    if found is None:
        raise errors.binding_not_found(language)
    return found


def _described(version: Version, binding: Binding) -> dict[str, Any]:
    return {
        "CreationDate": binding.created_at,
        "LastModified": binding.modified_at,
        "SchemaVersion": str(version.version),
        "Status": "CREATE_COMPLETE",
    }
