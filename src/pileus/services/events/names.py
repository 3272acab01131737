"""ARNs of buses, rules and what belongs to them; and what each request is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.services.events import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call

DEFAULT = "default"
_BUS = "event-bus/"


def bus_arn(call: Call, name_or_arn: str | None) -> str:
    """The ARN of a bus that is given by name or ARN; without either the default bus."""
    if name_or_arn and name_or_arn.startswith("arn:"):
        return name_or_arn
    return arns.build("events", call.region, call.account, _BUS + (name_or_arn or DEFAULT))


def bus_name(arn: str) -> str:
    return arn.split(":", 5)[5].removeprefix(_BUS)


def is_bus(arn: str) -> bool:
    parts = arns.parse(arn)
    return parts is not None and parts.service == "events" and parts.resource.startswith(_BUS)


def rule_arn(bus: str, name: str) -> str:
    head, _, _ = bus.partition(_BUS)
    on = bus_name(bus)
    return f"{head}rule/{name}" if on == DEFAULT else f"{head}rule/{on}/{name}"


def rule_of(arn: str) -> tuple[str, str] | None:
    """The bus's ARN and the rule's name, if the ARN is a rule's."""
    head, separator, path = arn.partition(":rule/")
    if not separator:
        return None
    on, _, name = path.rpartition("/")
    return f"{head}:{_BUS}{on or DEFAULT}", name


def account_arn(arn: str) -> str:
    """The account's own partition, in which its lists are kept."""
    return ":".join(arn.split(":", 5)[:5]) + ":"


def sibling(arn: str, kind: str, name: str) -> str:
    """The ARN of another resource of the same account and region."""
    return f"{account_arn(arn)}{kind}/{name}"


def the_bus(call: Call, params: Mapping[str, Any]) -> str:
    """The bus that EventBusName means."""
    return bus_arn(call, params.get("EventBusName"))


def the_named_bus(call: Call, params: Mapping[str, Any]) -> str:
    """The bus that Name means."""
    return bus_arn(call, params.get("Name"))


def the_first_bus(call: Call, params: Mapping[str, Any]) -> str:
    """The bus of PutEvents' first entry."""
    return bus_arn(call, params["Entries"][0].get("EventBusName"))


def the_tagged(call: Call, params: Mapping[str, Any]) -> str:
    """The bus of the rule or bus whose tags are meant."""
    arn: str = params["ResourceARN"]
    if is_bus(arn):
        return arn
    found = rule_of(arn)
    if found is None or arns.parse(arn) is None:
        raise errors.invalid_parameter("ResourceARN", "Provided Arn is not in correct format.")
    return found[0]
