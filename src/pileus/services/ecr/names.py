"""ARNs and addresses of repositories, and what each request is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pileus.kernel import arns
from pileus.services.ecr import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call

NAME = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
NAME_LENGTH_MAX = 256
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = "repository/"
# Names of any depth below this one lead to the machine itself, wherever they are asked for.
_LOCAL_DOMAIN = "localhost.localstack.cloud"
_REGISTRY_HOST = re.compile(r"([0-9]{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.(.+)")


def registry_arn(account: str, region: str) -> str:
    """The account's own partition, in which its list of repositories is kept."""
    return arns.build("ecr", region, account, "")


def repository_arn(account: str, region: str, name: str) -> str:
    return arns.build("ecr", region, account, _REPOSITORY + name)


def the_registry(call: Call, params: Mapping[str, Any]) -> str:
    return registry_arn(params.get("registryId") or call.account, call.region)


def the_repository(call: Call, params: Mapping[str, Any]) -> str:
    account = params.get("registryId") or call.account
    return repository_arn(account, call.region, params["repositoryName"])


def the_tagged(call: Call, params: Mapping[str, Any]) -> str:
    arn: str = params["resourceArn"]
    parts = arns.parse(arn)
    if parts is None or parts.service != "ecr" or not parts.resource.startswith(_REPOSITORY):
        raise errors.invalid_arn(arn)
    return arn


def repository_name(arn: str) -> str:
    return arn.split(":", 5)[5].removeprefix(_REPOSITORY)


def check_name(name: str) -> None:
    if not 2 <= len(name) <= NAME_LENGTH_MAX or not NAME.fullmatch(name):
        raise errors.invalid_repository_name()


def registry_of_host(host: str) -> tuple[str, str] | None:
    """Account and region, where the host is that of a registry."""
    match = _REGISTRY_HOST.match(host)
    return (match[1], match[2]) if match else None


def registry_host(call: Call, account: str, region: str) -> str:
    """Where a registry is reached, by a name that leads to where the caller found us."""
    address = urlsplit(call.host_url).netloc
    match = _REGISTRY_HOST.match(address)
    if match:
        address = match[3]
    name, _, port = address.partition(":")
    is_own_domain = "." in name and not name.replace(".", "").isdecimal()
    domain = name.removeprefix("api.ecr.") if is_own_domain else _LOCAL_DOMAIN
    if domain.startswith(f"{region}."):
        domain = domain.removeprefix(f"{region}.")
    return f"{account}.dkr.ecr.{region}.{domain}" + (f":{port}" if port else "")
