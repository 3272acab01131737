"""SearchSchemas: which schemas of a registry have these words in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.schemas import errors, names, pages, shelf, store
from pileus.services.schemas.store import Schema, Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# A read looks at so many versions; their contents may be large.
_VERSIONS_AT_ONCE = 20


class _Looked(NamedTuple):
    """What one read found, and where the next one begins (None at the end)."""

    matches: list[tuple[Schema, Version]]
    schema: str
    version: int
    has_more: bool


async def search_schemas(
    call: Call,
    *,
    registry_name: str,
    keywords: str,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    size = pages.size(limit)
    words = keywords.casefold().replace(",", " ").split()
    if not words:
        raise errors.keywords_required()
    # A page ends between schemas, so the versions of each are in one place.
    after, version = pages.after_name(next_token), 0
    found: dict[str, dict[str, Any]] = {}
    while True:
        looked: _Looked = await call.read(_look, words, after, version, about=call.about)
        for schema, matching in looked.matches:
            _collect(call.about, found, schema, matching)
        after, version = looked.schema, looked.version
        if len(found) > size or not looked.has_more:
            break
    page, token = pages.cut(list(found.values()), size, lambda shown: shown["SchemaName"])
    return {"Schemas": page, **token}


def _look(tx: Transaction, words: list[str], after: str, version: int) -> _Looked:
    """Look through some versions, from one version of the schema `after` on."""
    matches: list[tuple[Schema, Version]] = []
    left = _VERSIONS_AT_ONCE
    schema = _current(tx, after) if version else None
    if schema is None:
        schema, version = _next(tx, after), 0
    while schema is not None:
        some = shelf.versions(tx, tx.about, schema, version, left)
        matches += [(schema, each) for each in some if _has(schema, each, words)]
        left -= len(some)
        if not left:
            return _Looked(matches, schema.name, some[-1].version, True)
        after, version = schema.name, 0
        schema = _next(tx, after)
    return _Looked(matches, after, 0, False)


def _current(tx: Transaction, name: str) -> Schema | None:
    """The schema that was being looked through, unless it has gone."""
    return store.seek_schema(tx, shelf.find_registry(tx, tx.about).id, name)


def _next(tx: Transaction, after: str) -> Schema | None:
    return next(iter(shelf.schemas(tx, tx.about, "", after, 1)), None)


def _has(schema: Schema, version: Version, words: list[str]) -> bool:
    text = f"{schema.name}\n{version.content}".casefold()
    return all(word in text for word in words)


def _collect(arn: str, found: dict[str, dict[str, Any]], schema: Schema, version: Version) -> None:
    shown = found.setdefault(
        schema.name,
        {
            "RegistryName": names.registry_name(arn),
            "SchemaArn": names.schema_arn(arn, schema.name),
            "SchemaName": schema.name,
            "SchemaVersions": [],
        },
    )
    shown["SchemaVersions"].append(
        {
            "CreatedDate": version.created_at,
            "SchemaVersion": str(version.version),
            "Type": version.type,
        }
    )
