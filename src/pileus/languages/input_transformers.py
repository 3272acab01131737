"""What a target gets of an event: a part of it, or a template filled from it.

The specification is docs/reference/input_transformers.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

__all__ = [
    "InvalidPath",
    "InvalidPlaceholder",
    "Json",
    "Path",
    "Template",
    "TooLarge",
    "compile_path",
    "compile_pipe_template",
    "compile_template",
    "fill_scheduler_input",
]

# Not AWS's: no target takes more, and a template may name the whole event a thousand times.
OUTPUT_CHARACTERS_MAX = 1024 * 1024
# docs: eventbridge/latest/userguide/eb-transform-target-input, predefined variables
RULE_VARIABLES = frozenset(
    f"aws.events.{name}"
    for name in ("rule-arn", "rule-name", "event.ingestion-time", "event", "event.json")
)
# docs: eventbridge/latest/userguide/eb-pipes-input-transformation, reserved variables
PIPE_VARIABLES = frozenset(
    f"aws.pipes.{name}"
    for name in (
        "pipe-arn", "pipe-name", "source-arn", "enrichment-arn", "target-arn",
        "event.ingestion-time", "event", "event.json",
    )
)  # fmt: skip
# docs: scheduler/latest/UserGuide/managing-schedule-context-attributes
SCHEDULER_VARIABLES = frozenset(
    f"aws.scheduler.{name}"
    for name in ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
)

MISSING: Any = type("Missing", (), {"__slots__": ()})()
_STEP = re.compile(r"\.(\*|[\w/-]+)|\[(\*|\d{1,9})\]")
_NAME = re.compile(r"<([\w.-]+)>", re.ASCII)
_NAME_OR_PATH = re.compile(r"<([\w.-]+|\$[^<>\"\s]*)>")
# Every quote, escaped or not; other escapes are kept.
_QUOTES = re.compile(r'(\\[^"])|\\"|"')
_KEYWORD = re.compile(r"<(aws\.scheduler\.[a-z-]+)>")


class InvalidPath(ValueError):
    """The text is no path of the kind that EventBridge takes."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no JSON path")
        self.text = text


class InvalidPlaceholder(ValueError):
    """A template names what is neither defined nor reserved."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def message(self, target_id: str) -> str:
        """As EventBridge answers it."""
        return f"InputTemplate for target {target_id} contains invalid placeholder {self.name}."


class TooLarge(ValueError):
    """What would be made is larger than any target takes."""


class Json(str):
    """JSON text that is put into templates as it is."""

    __slots__ = ()


class _Wildcard:
    """Stands for all members or elements."""


_WILDCARD = _Wildcard()


class Path(NamedTuple):
    """Steps from an event to a part of it."""

    steps: tuple[str | int | _Wildcard, ...]

    def of(self, event: Any) -> Any:
        """The part of an event, or MISSING; with a wildcard, the list of all parts."""
        found = [event]
        for step in self.steps:
            found = [each for value in found for each in _taken(value, step)]
        if _WILDCARD in self.steps:
            return found
        return found[0] if found else MISSING

    def text_of(self, event: Any) -> str:
        """The JSON that a target with this input path gets."""
        value = self.of(event)
        return _json(None if value is MISSING else value)


def _taken(value: Any, step: str | int | _Wildcard) -> list[Any]:
    if isinstance(step, _Wildcard):
        if isinstance(value, dict):
            return list(value.values())
        return value if isinstance(value, list) else []
    if isinstance(step, str):
        return [value[step]] if isinstance(value, dict) and step in value else []
    return [value[step]] if isinstance(value, list) and step < len(value) else []


@lru_cache(maxsize=1024)
def compile_path(text: str) -> Path:
    """Read `$.detail.items[0].name`. Raises InvalidPath."""
    if not text.startswith("$"):
        raise InvalidPath(text)
    steps: list[str | int | _Wildcard] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise InvalidPath(text)
        name, index = match.groups()
        if "*" in (name, index):
            # More than one would multiply what is found.
            if _WILDCARD in steps:
                raise InvalidPath(text)
            steps.append(_WILDCARD)
        else:
            steps.append(name if name is not None else int(index))
        at = match.end()
    return Path(tuple(steps))


class _Slot(NamedTuple):
    """A place in a template: what stands there, and whether within a string."""

    find: Callable[[Any, Mapping[str, str]], Any]
    is_quoted: bool


class Template(NamedTuple):
    """A compiled template."""

    parts: tuple[str | _Slot, ...]

    def fill(self, event: Any, variables: Mapping[str, str]) -> str:
        """The text with the event's values and the reserved variables, which may be Json.

        Raises TooLarge.
        """
        made: list[str] = []
        size = 0
        for part in self.parts:
            if isinstance(part, _Slot):
                value = part.find(event, variables)
                part = _within_text(value) if part.is_quoted else _between_texts(value)
            made.append(part)
            size += len(part)
            if size > OUTPUT_CHARACTERS_MAX:
                raise TooLarge
        return "".join(made)


def compile_template(text: str, paths: Mapping[str, str]) -> Template:
    """A rule's `InputTemplate` and `InputPathsMap`. Raises InvalidPath and InvalidPlaceholder."""
    compiled = {name: compile_path(path) for name, path in paths.items()}

    def finder(name: str) -> Callable[[Any, Mapping[str, str]], Any]:
        path = compiled.get(name)
        if path is not None:
            return lambda event, variables: path.of(event)
        if name not in RULE_VARIABLES:
            raise InvalidPlaceholder(name)
        return lambda event, variables: variables.get(name, MISSING)

    return _template(text, _NAME, finder)


def compile_pipe_template(text: str) -> Template:
    """A pipe's `InputTemplate`, which holds its paths. Raises InvalidPath, InvalidPlaceholder."""

    def finder(name: str) -> Callable[[Any, Mapping[str, str]], Any]:
        if name.startswith("$"):
            path = compile_path(name)
            return lambda event, variables: path.of(event)
        if name not in PIPE_VARIABLES:
            raise InvalidPlaceholder(name)
        return lambda event, variables: variables.get(name, MISSING)

    return _template(text, _NAME_OR_PATH, finder)


def fill_scheduler_input(text: str, variables: Mapping[str, str]) -> str:
    """A schedule's `Input` with its keywords replaced; others stay as they are."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return variables.get(name, match[0]) if name in SCHEDULER_VARIABLES else match[0]

    return _KEYWORD.sub(value, text)


def _template(
    text: str,
    placeholder: re.Pattern[str],
    finder: Callable[[str], Callable[[Any, Mapping[str, str]], Any]],
) -> Template:
    parts: list[str | _Slot] = []
    is_quoted = False
    at = 0
    for match in placeholder.finditer(text):
        before = text[at : match.start()]
        is_quoted = _is_quoted_after(before, is_quoted)
        parts += [before, _Slot(finder(match[1]), is_quoted)]
        at = match.end()
    parts.append(text[at:])
    return Template(tuple(part for part in parts if part != ""))


def _is_quoted_after(text: str, is_quoted: bool) -> bool:
    """Whether what follows a text stands within a string."""
    unescaped = re.sub(r"\\.", "", text, flags=re.DOTALL)
    return is_quoted != (unescaped.count('"') % 2 == 1)


def _within_text(value: Any) -> str:
    if value is MISSING:
        return ""
    if isinstance(value, Json):
        return value
    if isinstance(value, str):
        return _json(value)[1:-1]
    text = _json(value)
    # A string within the string would end it; AWS takes the quotes out.
    return _QUOTES.sub(r"\1", text) if isinstance(value, dict | list) else text


def _between_texts(value: Any) -> str:
    if value is MISSING:
        return '""'
    return value if isinstance(value, Json) else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
