"""Turns the JSON of a universal target into the parameters of an API call. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from pileus.kernel.errors import AwsError, not_implemented
from pileus.services.scheduler.targets import Request, Universal

_DEPTH_MAX = 64


def service_of(service_id: str, models: Iterable[Any]) -> Any:
    """The model that SDKs call by this name, written small and without spaces; None if none."""
    for model in models:
        if model.service_id.replace(" ", "").lower() == service_id:
            return model
    return None


def request_of(universal: Universal, text: str, model: Any) -> Request:
    """The call that the input asks for; raises AwsError where it makes no sense."""
    wanted = universal.action.lower()
    name = next((name for name in model.operation_names if name.lower() == wanted), None)
    if name is None:
        raise not_implemented(model.name, universal.action)
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise AwsError("ValidationException", "The Input is not well-formed JSON.") from error
    if not isinstance(document, dict):
        raise AwsError("ValidationException", "The Input is not a JSON object.")
    shape = model.operation(name).input
    params = {} if shape is None else _value(shape, document, 0)
    return Request(model.name, name, params)


def _value(shape: Any, value: Any, depth: int) -> Any:
    """A JSON value as a shape's; what does not fit is left for the operation to refuse."""
    if value is None or depth > _DEPTH_MAX:
        return value
    if shape.type == "structure" and isinstance(value, dict):
        return _structure(shape, value, depth)
    if shape.type == "list" and isinstance(value, list):
        return [_value(shape.member.shape, each, depth + 1) for each in value]
    if shape.type == "map" and isinstance(value, dict):
        return {key: _value(shape.value.shape, each, depth + 1) for key, each in value.items()}
    if shape.type == "blob":
        return value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    if shape.type == "timestamp":
        return _instant(value)
    if shape.type == "string" and isinstance(value, dict | list):
        # A document where the API wants its text.
        return msgspec.json.encode(value).decode()
    return value


def _structure(shape: Any, value: dict[str, Any], depth: int) -> dict[str, Any]:
    # SDKs write every member with a capital, whatever the API does.
    names = {name.lower(): name for name in shape.members}
    made = {}
    for given, item in value.items():
        name = names.get(given.lower())
        if name is None:
            raise AwsError("ValidationException", f"Unknown parameter in Input: {given}.")
        made[name] = _value(shape.members[name].shape, item, depth + 1)
    return made


def _instant(value: Any) -> Any:
    """Epoch milliseconds of seconds or an ISO 8601 date."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value * 1000)
        return int(datetime.fromisoformat(value).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError) as error:
        raise AwsError("ValidationException", f"Not a timestamp in Input: {value}.") from error
