"""What extensions ask for: the Extensions API, and subscriptions to telemetry and logs.

docs: runtimes-extensions-api, "Extensions API reference"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from pileus.sandbox.environments.extensions import Connection, Extension, Refusal

_PREFIX = b"/2020-01-01/extension"
_REGISTER = _PREFIX + b"/register"
_NEXT = _PREFIX + b"/event/next"
_ERRORS = {_PREFIX + b"/init/error": True, _PREFIX + b"/exit/error": False}
# docs: telemetry-api-reference and runtimes-logs-api, "Subscribe"
_SUBSCRIPTIONS = {b"/2022-07-01/telemetry": "telemetry", b"/2020-08-15/logs": "logs"}
_NAME = b"lambda-extension-name"
_IDENTIFIER = b"lambda-extension-identifier"
_FEATURES = b"lambda-extension-accept-feature"
_ERROR_TYPE = b"lambda-extension-function-error-type"
HEADERS = frozenset({_NAME, _IDENTIFIER, _FEATURES, _ERROR_TYPE})
_ACCOUNT = "accountId"


class Answer(NamedTuple):
    """What the connection writes."""

    status: int
    body: bytes
    # Lines of further headers, each with its end.
    head: str = ""


class Extended(Protocol):
    """What an environment does with the requests."""

    def register_extension(
        self, name: str, events: list[object], wants_account: bool
    ) -> tuple[Extension, dict[str, str]]: ...

    def extension_asks(self, identifier: str, connection: Connection) -> None: ...

    def subscribe(self, identifier: str, api: str, body: bytes) -> None: ...

    def extension_failed(self, identifier: str, error_type: str, is_init: bool) -> None: ...


class Request(NamedTuple):
    method: bytes
    path: bytes
    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")


def is_route(path: bytes) -> bool:
    return path.startswith(_PREFIX) or path in _SUBSCRIPTIONS


def answer(environment: Extended, request: Request, connection: Connection) -> Answer | None:
    """None where the answer is an event that is yet to come. Raises Refusal."""
    route = (request.method, request.path)
    if route == (b"POST", _REGISTER):
        return _register(environment, request)
    if route == (b"GET", _NEXT):
        environment.extension_asks(request.header(_IDENTIFIER), connection)
        return None
    api = _SUBSCRIPTIONS.get(request.path)
    if request.method == b"PUT" and api:
        environment.subscribe(request.header(_IDENTIFIER), api, request.body)
        return Answer(200, b'"OK"')
    is_init = _ERRORS.get(request.path)
    if request.method == b"POST" and is_init is not None:
        error_type = request.header(_ERROR_TYPE)
        environment.extension_failed(request.header(_IDENTIFIER), error_type, is_init)
        return Answer(202, b'{"status":"OK"}')
    raise Refusal(404, "NotFound", "No such resource")


def _register(environment: Extended, request: Request) -> Answer:
    try:
        wanted = json.loads(request.body or b"{}")
        events = wanted.get("events", [])
    except (ValueError, AttributeError):
        wanted, events = None, None
    if not isinstance(wanted, dict) or not isinstance(events, list):
        raise Refusal(400, "InvalidRequestFormat", "The request is not a JSON object with events")
    features = [each.strip() for each in request.header(_FEATURES).split(",")]
    extension, document = environment.register_extension(
        request.header(_NAME), events, _ACCOUNT in features
    )
    head = f"Lambda-Extension-Identifier: {extension.identifier}\r\n"
    return Answer(200, json.dumps(document).encode(), head)
