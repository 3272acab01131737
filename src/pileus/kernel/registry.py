"""Every operation that can be asked for: AWS's model of it, and our function if there is one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pileus.aws_models import load, validate, value_types
from pileus.aws_models.bind import Binding, bind, function_name
from pileus.aws_models.load import OperationModel, ServiceModel
from pileus.kernel.blobs import ROW_BYTES_MAX
from pileus.kernel.errors import AwsError
from pileus.kernel.service import About, Operations, Service, the_account


class BoundOperation:
    """One operation, ready to run: everything that is the same for each request, computed once."""

    __slots__ = (
        "_at_once",
        "_binding",
        "_payload",
        "_validator",
        "about",
        "allows_anonymous",
        "function",
        "iam_action",
        "is_async",
        "is_short",
        "is_timed",
        "model",
        "name",
        "prepare",
        "reads",
        "service_name",
        "streams",
    )

    def __init__(
        self, service: Service | None, model: OperationModel, declared: Operations | None,
        function: Callable[..., Any] | None,
    ) -> None:  # fmt: skip
        self.model = model
        self.name = model.name
        self.service_name = model.service.name
        self.function = function
        self.about: About = declared.about if declared is not None else the_account
        self.prepare = declared.prepare if declared is not None else None
        self.reads = declared.reads if declared is not None else False
        self.is_short = declared.is_short if declared is not None else False
        self.is_timed = declared is not None and declared.is_timed
        self.streams = declared is not None and bool(declared.streams)
        # Whether AWS takes the operation without a signature.
        self.allows_anonymous = model.traits.authtype == "none" or (
            service is not None and service.allows_anonymous
        )
        self.is_async = inspect.iscoroutinefunction(function)
        self._at_once = declared.at_once.get(function) if declared and function else None
        self._payload = (model.input and model.input.traits.payload) or ""
        actions: Mapping[str, str] = service.iam_actions if service is not None else {}
        self.iam_action = actions.get(model.name, f"{model.service.signing_name}:{model.name}")
        self._binding: Binding | None = bind(function, model) if function is not None else None
        self._validator = validate.validator(model) if function is not None else None

    def function_at_once(self, params: Mapping[str, Any]) -> Callable[..., Any] | None:
        """The function as one transaction; None where it has to wait."""
        if not self.is_async:
            return self.function
        if self._at_once is None:
            return None
        body = params.get(self._payload, b"")
        is_small = isinstance(body, bytes) and len(body) <= ROW_BYTES_MAX
        return self._at_once if is_small else None

    def check(self, params: dict[str, Any]) -> None:
        """Raise the error that AWS answers to input that its model forbids."""
        if type(params) is validate.Met:
            return
        assert self._validator is not None
        violations = self._validator(params)
        if violations:
            raise invalid_input(self.model, violations)

    def check_types(self, params: dict[str, Any]) -> None:
        """Raise what AWS answers to values of the wrong type; those of requests are read right."""
        wrong = value_types.type_checker(self.model)(params)
        if wrong is not None:
            raise AwsError("SerializationException", wrong)

    def keywords(self, params: dict[str, Any]) -> dict[str, Any]:
        assert self._binding is not None
        return self._binding.keywords(params)

    def ignored(self, params: dict[str, Any]) -> list[str]:
        """Members that were sent and that the function does not take."""
        return [] if self._binding is None else self._binding.ignored(params)


def invalid_input(model: OperationModel, violations: Sequence[str]) -> AwsError:
    """AWS's words for one or several violations of the model."""
    text = validate.message(model, violations)
    return AwsError(validate.error_code(model), text)


class Registry:
    """The services that are there; models are loaded and operations bound on first use."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = {service.name: service for service in services}
        self._functions: dict[str, dict[str, tuple[Operations, Callable[..., Any]]]] = {}
        self._operations: dict[tuple[str, str], BoundOperation] = {}

    @property
    def services(self) -> Mapping[str, Service]:
        return self._services

    def model(self, service: str) -> ServiceModel:
        return load.load(service)

    def operation(self, service: str, name: str) -> BoundOperation | None:
        """None where AWS has no such operation; without a function where Pileus has not."""
        found = self._operations.get((service, name))
        if found is None:
            model = load.load(service).operation(name)
            if model is None:
                return None
            declared, function = self._declared(service).get(name, (None, None))
            found = BoundOperation(self._services.get(service), model, declared, function)
            self._operations[service, name] = found
        return found

    def bind_all(self, service: str) -> None:
        """Bind every operation that the service declares; refuses what the model does not know."""
        for name in self._declared(service):
            assert self.operation(service, name) is not None, f"AWS has no {service} {name}"

    def _declared(self, service: str) -> dict[str, tuple[Operations, Callable[..., Any]]]:
        functions = self._functions.get(service)
        if functions is None:
            functions = {}
            known = self._services.get(service)
            names = _names_by_function(load.load(service)) if known is not None else {}
            for group in known.operations if known is not None else ():
                for function in group.functions:
                    name = names.get(function.__name__)
                    assert name is not None, f"{service} has no operation {function.__name__}"
                    functions[name] = (group, function)
            self._functions[service] = functions
        return functions


def _names_by_function(model: ServiceModel) -> dict[str, str]:
    return {function_name(name): name for name in model.operation_names}
