"""Which service and operation a request means, and in which of AWS's protocols it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from pileus.aws_models import load
from pileus.aws_models.index import Index, index_of, index_of_all
from pileus.aws_models.load import ServiceModel
from pileus.gateway.host_names import HostName, Kind
from pileus.kernel.errors import AwsError
from pileus.kernel.registry import BoundOperation, Registry
from pileus.kernel.request import Request

_FORM = "application/x-www-form-urlencoded"
_TARGETS_MAX = 10_000
# The rest of a form may be long, and is read once it is known for what.
_ACTION = re.compile(r"(?:^|&)Action=([^&]*)")
_VERSION = re.compile(r"(?:^|&)Version=([^&]*)")
# A path that may begin with a bucket's name.
_BUCKET = re.compile(r"/[a-z0-9][a-z0-9.-]{2,62}(?:/|$)")


@dataclass(slots=True)
class Recognised:
    """What a request asks for. Without an operation, AWS's service has none like it."""

    service: ServiceModel
    protocol: str
    operation: BoundOperation | None
    # Parts of the path, still percent-encoded, by the members they stand for.
    labels: dict[str, str] = field(default_factory=dict)
    # What the request called the operation, for the error answer.
    asked_for: str = ""


class Recogniser:
    """Remembers what each `X-Amz-Target` means; all else is worked out from the models."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._own = index_of(registry.services)
        self._anonymous = tuple(
            name for name, service in registry.services.items() if service.allows_anonymous
        )
        self._targets: dict[tuple[str, str], Recognised] = {}
        # Services by the names in the index, and their models.
        self._named_so: dict[str, tuple[str, ...]] = {}
        self._rest: dict[tuple[str, ...], tuple[ServiceModel, ...]] = {}

    def recognise(self, request: Request, service_hint: str, host: HostName) -> Recognised:
        """Find the operation.

        `service_hint` is the service in the credential scope; it and the host may name none.
        Raises AwsError where the request names no service of AWS's.
        """
        headers = request.headers
        target = headers.get("x-amz-target")
        if target is not None:
            return self._by_target(target, headers.get("content-type", ""), request)
        if headers.get("smithy-protocol", "") == "rpc-v2-cbor":
            return self._by_cbor_path(request.path)
        form = _form(request)
        action = _field(_ACTION, form)
        names = self._candidates(service_hint) or self._candidates(host.service)
        if not names and form:
            # Unsigned query requests name only an API version and an action.
            version = _field(_VERSION, form) or ""
            names = self._own.by_api_version.get(version) or index_of_all().by_api_version.get(
                version, ()
            )
        if not names and _BUCKET.match(request.path) and not _is_version_4(headers):
            # Version 2 signatures tell no service, and public objects are read without any.
            names = self._anonymous
        if not names:
            raise unknown_service(request)
        if action is not None:
            models = [self._registry.model(name) for name in names]
            if len(models) > 1:
                # Services that share a name have different versions (elb, elbv2).
                wanted = _field(_VERSION, form)
                models.sort(key=lambda model: model.api_version != wanted)
            for model in models:
                for protocol in ("query", "ec2"):
                    if protocol in model.protocols:
                        return self._named(model, protocol, action)
        return self._by_route(request, names, host)

    def _by_target(self, target: str, content_type: str, request: Request) -> Recognised:
        # The same target may be spoken in JSON 1.0 and 1.1; the answer follows the model.
        wanted = "cbor-1.1" if content_type.startswith("application/x-amz-cbor") else "json"
        found = self._targets.get((target, wanted))
        if found is not None:
            return found
        prefix, _, name = target.rpartition(".")
        for service in self._of_target(prefix):
            model = self._registry.model(service)
            protocol = wanted if wanted in model.protocols else "json"
            found = self._named(model, protocol, name)
            if found.operation is not None:
                if len(self._targets) < _TARGETS_MAX:
                    self._targets[target, wanted] = found
                return found
        if found is None:
            raise unknown_service(request)
        return found

    def _by_cbor_path(self, path: str) -> Recognised:
        parts = path.strip("/").split("/")
        if len(parts) >= 4 and parts[-4] == "service" and parts[-2] == "operation":
            for service in self._of_target(parts[-3]):
                return self._named(self._registry.model(service), "smithy-rpc-v2-cbor", parts[-1])
        raise AwsError("UnknownOperationException", "", status=404)

    def _by_route(self, request: Request, names: tuple[str, ...], host: HostName) -> Recognised:
        path = request.path
        if host.kind is Kind.BUCKET:
            path = f"/{host.label}{path}"
        route = load.find_route(
            self._rest_models(names), request.method, path, request.query, request.headers
        )
        if route is not None:
            model, operation, labels = route
            found = self._named(model, model.rest_protocol, operation)
            found.labels = labels
            return found
        model = self._registry.model(names[0])
        protocol = model.rest_protocol or model.protocols[0]
        return Recognised(model, protocol, None, asked_for=f"{request.method} {request.path}")

    def _rest_models(self, names: tuple[str, ...]) -> tuple[ServiceModel, ...]:
        """Those of the services that have paths, in the order in which these are looked at."""
        known = self._rest.get(names)
        if known is None:
            models = [self._registry.model(name) for name in names]
            known = load.in_order([model for model in models if model.rest_protocol])
            self._rest[names] = known
        return known

    def _named(self, model: ServiceModel, protocol: str, name: str) -> Recognised:
        operation = self._registry.operation(model.name, name)
        return Recognised(model, protocol, operation, asked_for=name)

    def _candidates(self, name: str) -> tuple[str, ...]:
        """Find the services that are signed for, or reached at a host, by this name."""
        if not name:
            return ()
        found = self._named_so.get(name, ())
        if not found:
            found = _by_name(self._own, name) or _by_name(index_of_all(), name)
            if found:
                self._named_so[name] = found
        return found

    def _of_target(self, prefix: str) -> tuple[str, ...]:
        own = self._own.by_target_prefix.get(prefix)
        return own or index_of_all().by_target_prefix.get(prefix, ())


def _form(request: Request) -> str:
    """The form of a query-protocol request, unread; empty if it is not one."""
    text = ""
    if request.headers.get("content-type", "").startswith(_FORM):
        text = request.body.decode("utf-8", "replace")
    elif "Action=" in request.query:
        text = request.query
    return text if "Action=" in text else ""


def _field(field: re.Pattern[str], form: str) -> str | None:
    """The first value of a field of a form."""
    found = field.search(form)
    return None if found is None else unquote_plus(found[1])


def _by_name(index: Index, name: str) -> tuple[str, ...]:
    return index.by_signing_name.get(name) or index.by_endpoint_prefix.get(name, ())


def _is_version_4(headers: dict[str, str]) -> bool:
    return headers.get("authorization", "").startswith("AWS4-")


def unknown_service(request: Request) -> AwsError:
    """Neither signature, target nor host says which service is meant."""
    if request.method in ("GET", "HEAD") and request.path == "/":
        return AwsError(
            "MissingAuthenticationToken", "Request is missing Authentication Token", status=403
        )
    return AwsError("UnknownOperationException", "", status=404)
