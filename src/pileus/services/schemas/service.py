"""What EventBridge Schemas consists of: operations, rows, a target, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Target, Timer
from pileus.services.schemas import (
    code_bindings,
    discoverers,
    discovery,
    inference,
    policies,
    registries,
    resources,
    schemas,
    searches,
    tagging,
)
from pileus.services.schemas.names import the_discoverer, the_registry, the_source, the_tagged

SCHEMAS = Service(
    name="schemas",
    package=__package__,
    operations=[
        Operations([registries.list_registries, discoverers.list_discoverers]),
        Operations([inference.get_discovered_schema], reads=True),
        Operations(
            [
                registries.create_registry,
                registries.update_registry,
                registries.delete_registry,
                policies.put_resource_policy,
                policies.delete_resource_policy,
                code_bindings.put_code_binding,
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
                code_bindings.describe_code_binding,
                code_bindings.get_code_binding_source,
                schemas.describe_schema,
                schemas.list_schemas,
                schemas.list_schema_versions,
                schemas.export_schema,
            ],
            about=the_registry,
            reads=True,
        ),
        Operations([discoverers.create_discoverer], about=the_source),
        Operations(
            [
                discoverers.update_discoverer,
                discoverers.start_discoverer,
                discoverers.stop_discoverer,
                discoverers.delete_discoverer,
            ],
            about=the_discoverer,
        ),
        Operations([discoverers.describe_discoverer], about=the_discoverer, reads=True),
        Operations([tagging.tag_resource, tagging.untag_resource], about=the_tagged),
        Operations([tagging.list_tags_for_resource], about=the_tagged, reads=True),
    ],
    targets=[Target("schemas", accept=discovery.accept)],
    timers=[
        Timer(registries.REGISTRY_REMAINS, registries.clear_registry),
        Timer(registries.SCHEMA_REMAINS, registries.clear_schema),
    ],
    resource_types=resources.RESOURCE_TYPES,
)
