"""ARNs of registries, schemas and discoverers; and what each request is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.services.schemas import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# The registry of schemas that AWS made, and the one of those that were discovered.
AWS = "aws.events"
DISCOVERED = "discovered-schemas"

_REGISTRY = "registry/"
_SCHEMA = "schema/"
_DISCOVERER = "discoverer/"
# docs: AWS::EventSchemas::Registry and AWS::EventSchemas::Schema
_REGISTRY_NAME = re.compile(r"[0-9A-Za-z_.@-]{1,64}")
_SCHEMA_NAME = re.compile(r"[0-9A-Za-z_.@-]{1,385}")


def registry_arn(call: Call, name: str) -> str:
    account = "" if name == AWS else call.account
    return arns.build("schemas", call.region, account, _REGISTRY + name)


def registry_name(arn: str) -> str:
    return arn.split(":", 5)[5].removeprefix(_REGISTRY)


def schema_arn(registry: str, name: str) -> str:
    """The ARN of a schema, from the ARN of its registry."""
    head, _, registry_part = registry.rpartition(_REGISTRY)
    return f"{head}{_SCHEMA}{registry_part}/{name}"


def discoverer_arn(call: Call, discoverer_id: str) -> str:
    return arns.build("schemas", call.region, call.account, _DISCOVERER + discoverer_id)


def discoverer_id(arn: str) -> str:
    return arn.split(":", 5)[5].removeprefix(_DISCOVERER)


def account_arn(arn: str) -> str:
    """The account's own partition, in which its lists are kept."""
    return ":".join(arn.split(":", 5)[:5]) + ":"


def home_of(arn: str) -> str | None:
    """The ARN in whose partition a resource lies: a schema lies with its registry."""
    parts = arns.parse(arn)
    if parts is None or parts.service != "schemas":
        return None
    kind, _, name = parts.resource.partition("/")
    if kind == "schema":
        registry, _, schema = name.partition("/")
        name = registry if schema else ""
        return str(parts._replace(resource=_REGISTRY + name)) if name else None
    return arn if kind in ("registry", "discoverer") and name else None


def schema_name(arn: str) -> str | None:
    """The name of a schema, if the ARN is one's."""
    resource = arn.split(":", 5)[5]
    if not resource.startswith(_SCHEMA):
        return None
    return resource.removeprefix(_SCHEMA).partition("/")[2]


def check_registry_name(name: str) -> None:
    if not _REGISTRY_NAME.fullmatch(name):
        raise errors.invalid_registry_name()
    if name.lower().startswith("aws."):
        raise errors.registry_is_read_only()


def is_schema_name(name: str) -> bool:
    return _SCHEMA_NAME.fullmatch(name) is not None


def check_schema_name(name: str) -> None:
    if not is_schema_name(name):
        raise errors.invalid_schema_name()


def the_registry(call: Call, params: Mapping[str, Any]) -> str:
    """The registry that RegistryName means."""
    name = params.get("RegistryName")
    if not name:
        raise errors.registry_name_required()
    return registry_arn(call, name)


def the_discoverer(call: Call, params: Mapping[str, Any]) -> str:
    """The discoverer that DiscovererId means."""
    return discoverer_arn(call, params["DiscovererId"])


def the_source(call: Call, params: Mapping[str, Any]) -> str:
    """The discoverer of the event bus that SourceArn means; a bus has at most one."""
    parts = arns.parse(params["SourceArn"])
    kind, _, bus = parts.resource.partition("/") if parts is not None else ("", "", "")
    if parts is None or parts.service != "events" or kind != "event-bus" or not bus:
        raise errors.source_is_no_bus()
    if parts.region != call.region:
        raise errors.source_of_other_region()
    if parts.account != call.account:
        raise errors.invalid_source("the event bus is of another account.")
    return discoverer_arn(call, f"events-event-bus-{bus}")


def the_tagged(call: Call, params: Mapping[str, Any]) -> str:
    """The resource whose tags are meant, or the registry that holds it."""
    arn: str = params["ResourceArn"]
    home = home_of(arn)
    if home is None:
        raise errors.invalid_resource_arn(arn)
    return home
