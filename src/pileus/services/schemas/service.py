"""What EventBridge Schemas consists of: operations, rows, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Timer
from pileus.services.schemas import (
    inference,
    policies,
    registries,
    schemas,
    searches,
    tagging,
)
from pileus.services.schemas.names import the_registry, the_tagged

SCHEMAS = Service(
    name="schemas",
    package=__package__,
    operations=[
        Operations([registries.list_registries]),
        Operations([inference.get_discovered_schema], reads=True),
        Operations(
            [
                registries.create_registry,
                registries.update_registry,
                registries.delete_registry,
                policies.put_resource_policy,
                policies.delete_resource_policy,
                schemas.create_schema,
                schemas.update_schema,
                schemas.delete_schema,
                schemas.delete_schema_version,
                searches.search_schemas,
            ],
            about=the_registry,
        ),
        Operations(
            [
                registries.describe_registry,
                policies.get_resource_policy,
                schemas.describe_schema,
                schemas.list_schemas,
                schemas.list_schema_versions,
                schemas.export_schema,
            ],
            about=the_registry,
            reads=True,
        ),
        Operations([tagging.tag_resource, tagging.untag_resource], about=the_tagged),
        Operations([tagging.list_tags_for_resource], about=the_tagged, reads=True),
    ],
    timers=[
        Timer(registries.REGISTRY_REMAINS, registries.clear_registry),
        Timer(registries.SCHEMA_REMAINS, registries.clear_schema),
    ],
)
