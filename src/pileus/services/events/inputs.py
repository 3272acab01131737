"""What of an event a target gets: all of it, a constant, a part, or a text made from parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pileus.languages import input_transformers
from pileus.languages.input_transformers import InvalidPath, InvalidPlaceholder, Json, TooLarge
from pileus.services.events import errors, event
from pileus.services.events.event import Event

__all__ = ["Reader", "TooLarge", "check", "http_parameters", "reader", "text_at"]

# Makes the payload of an event that is handed over at an instant. May raise TooLarge.
Reader = Callable[[Event, int], str]

_EVENT_VARIABLES = "aws.events.event"


def check(target: Mapping[str, Any]) -> None:
    """Raise AWS's error for an input that cannot be."""
    target_id = target["Id"]
    try:
        for text in _paths(target):
            input_transformers.compile_path(text)
    except InvalidPath as invalid:
        raise errors.invalid_path(invalid.text, target_id) from None
    if "Input" in target and not _is_json(target["Input"]):
        raise errors.input_not_json(target_id)
    try:
        if "InputPath" in target:
            input_transformers.compile_path(target["InputPath"])
    except InvalidPath:
        raise errors.invalid_path("InputPath", target_id) from None
    transformer = target.get("InputTransformer")
    if transformer is None:
        return
    try:
        _template(transformer)
    except InvalidPath:
        raise errors.invalid_path("InputPathsMap", target_id) from None
    except InvalidPlaceholder as invalid:
        raise errors.unknown_placeholder(target_id, invalid.name) from None


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _paths(target: Mapping[str, Any]) -> list[str]:
    """The paths in a target's parameters."""
    found: list[str] = []
    for values in (target.get("HttpParameters") or {}).values():
        found += values if isinstance(values, list) else values.values()
    found = [text for text in found if text.startswith("$.")]
    key = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    return [*found, key] if key else found


def reader(target: Mapping[str, Any], rule_arn: str) -> Reader:
    """How a target's payload is made of an event."""
    constant = target.get("Input")
    if constant is not None:
        return lambda event, now: str(constant)
    if target.get("InputPath"):
        path = input_transformers.compile_path(target["InputPath"])
        return lambda event, now: path.text_of(event.fields)
    if target.get("InputTransformer"):
        return _transformer(target["InputTransformer"], rule_arn)
    return lambda event, now: event.text


def text_at(path: str, event: Event) -> str:
    """The text at a path of the event."""
    value = input_transformers.compile_path(path).of(event.fields)
    if value is input_transformers.MISSING:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def http_parameters(given: Mapping[str, Any]) -> Callable[[Event], dict[str, Any]] | None:
    """How an API destination's parameters are made of an event; None where none is a path."""

    def made(event: Event) -> dict[str, Any]:
        def value(text: str) -> str:
            return text_at(text, event) if text.startswith("$.") else text

        return {
            name: [value(each) for each in values]
            if isinstance(values, list)
            else {key: value(each) for key, each in values.items()}
            for name, values in given.items()
        }

    texts = [
        text
        for values in given.values()
        for text in (values if isinstance(values, list) else values.values())
    ]
    return made if any(text.startswith("$.") for text in texts) else None


def _template(transformer: Mapping[str, Any]) -> input_transformers.Template:
    return input_transformers.compile_template(
        transformer["InputTemplate"], transformer.get("InputPathsMap") or {}
    )


def _transformer(transformer: Mapping[str, Any], rule_arn: str) -> Reader:
    template = _template(transformer)
    fixed = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
    }
    if _EVENT_VARIABLES not in transformer["InputTemplate"]:
        return lambda event, now: template.fill(event.fields, fixed)
    return lambda event, now: template.fill(event.fields, {**fixed, **_variables(event, now)})


def _variables(taken: Event, now: int) -> dict[str, str]:
    """docs: eb-transform-target-input; `event` is the event without its detail."""
    outer = {name: value for name, value in taken.fields.items() if name != "detail"}
    return {
        "aws.events.event": Json(msgspec.json.encode(outer).decode()),
        "aws.events.event.json": Json(taken.text),
        "aws.events.event.ingestion-time": event.time_text(now // 1000),
    }
