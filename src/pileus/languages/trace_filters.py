"""X-Ray's filter expressions, compiled to a function of a trace's segments; pure.

docs: xray/latest/devguide/xray-console-filters
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Segment = dict[str, Any]
Matches = Callable[[Sequence[Segment], float], bool]

_LENGTH_MAX = 2_000
_DEPTH_MAX = 30
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<mark>[<>!]=|[=<>!(){}\[\]])"
    r"|(?P<word>[A-Za-z_][\w.:-]*))"
)
_FLAGS = ("error", "fault", "throttle")
_TEXTS = {
    "http.url": ("request", "url"),
    "http.method": ("request", "method"),
    "http.useragent": ("request", "user_agent"),
    "http.clientip": ("request", "client_ip"),
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_TEXT_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "CONTAINS": lambda value, wanted: wanted in value,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}


class InvalidFilter(Exception):
    """The expression means nothing, or something that is not built; the message says what."""


def compile_filter(text: str) -> Matches:
    """A function of (segments, duration of the trace in seconds); raises InvalidFilter."""
    if not text.strip():
        return lambda segments, duration: True
    if len(text) > _LENGTH_MAX:
        raise InvalidFilter("it is too long")
    reader = _Reader(text)
    matches = reader.either(0)
    if reader.peek():
        raise InvalidFilter(f"unexpected {reader.peek()}")
    return matches


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise InvalidFilter(f"unexpected {text[position:].lstrip()[:1]}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()

    def peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise InvalidFilter("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, mark: str) -> None:
        found = self._take()[1]
        if found != mark:
            raise InvalidFilter(f"expected {mark}, found {found}")

    def either(self, depth: int) -> Matches:
        if depth > _DEPTH_MAX:
            raise InvalidFilter("it is nested too deeply")
        found = [self._both(depth)]
        while self.peek().upper() == "OR":
            self._take()
            found.append(self._both(depth))
        return lambda segments, duration: any(each(segments, duration) for each in found)

    def _both(self, depth: int) -> Matches:
        found = [self._one(depth)]
        while self.peek().upper() == "AND":
            self._take()
            found.append(self._one(depth))
        return lambda segments, duration: all(each(segments, duration) for each in found)

    def _one(self, depth: int) -> Matches:
        if depth > _DEPTH_MAX:
            raise InvalidFilter("it is nested too deeply")
        kind, word = self._take()
        if word == "!":
            inner = self._one(depth + 1)
            return lambda segments, duration: not inner(segments, duration)
        if word == "(":
            inner = self.either(depth + 1)
            self._expect(")")
            return inner
        if kind != "word":
            raise InvalidFilter(f"unexpected {word}")
        return self._keyword(word, depth)

    def _keyword(self, word: str, depth: int) -> Matches:
        name = word.lower()
        if name in _FLAGS or name in ("ok", "partial"):
            return self._flag(name)
        if name in ("responsetime", "duration", "http.status"):
            return self._number(name)
        if name in _TEXTS or name == "user":
            return self._text(name)
        if name == "service":
            return self._service(depth)
        if name.startswith("annotation"):
            return self._annotation(word)
        raise InvalidFilter(f"the keyword {word} is not supported")

    def _flag(self, name: str) -> Matches:
        wanted = True
        if self.peek() in ("=", "!="):
            is_equal = self._take()[1] == "="
            wanted = (self._take()[1].lower() == "true") == is_equal
        if name == "ok":
            return lambda segments, duration: (
                any(not any(each.get(flag) is True for flag in _FLAGS) for each in segments[:1])
                is wanted
            )
        key = "in_progress" if name == "partial" else name
        return lambda segments, duration: any(each.get(key) is True for each in segments) is wanted

    def _comparison(self, allowed: dict[str, Any]) -> tuple[Callable[[Any, Any], bool], str, str]:
        mark = self._take()[1].upper()
        if mark not in allowed:
            raise InvalidFilter(f"unexpected {mark}")
        kind, value = self._take()
        return allowed[mark], kind, value

    def _number(self, name: str) -> Matches:
        compare, kind, value = self._comparison(_COMPARISONS)
        if kind != "number":
            raise InvalidFilter(f"{name} is compared with a number")
        wanted = float(value)
        if name == "duration":
            return lambda segments, duration: compare(duration, wanted)
        if name == "responsetime":
            return lambda segments, duration: any(
                compare(each.get("end_time", each["start_time"]) - each["start_time"], wanted)
                for each in segments[:1]
            )
        return lambda segments, duration: any(
            type(status) is int and compare(status, wanted)
            for status in (_http(each, "response").get("status") for each in segments)
        )

    def _text(self, name: str) -> Matches:
        compare, kind, value = self._comparison(_TEXT_COMPARISONS)
        if kind != "text":
            raise InvalidFilter(f"{name} is compared with a text")
        wanted = value[1:-1]

        def read(segment: Segment) -> Any:
            if name == "user":
                return segment.get("user")
            part, key = _TEXTS[name]
            return _http(segment, part).get(key)

        return lambda segments, duration: any(
            isinstance(found, str) and compare(found, wanted) for found in map(read, segments)
        )

    def _service(self, depth: int) -> Matches:
        self._expect("(")
        kind, value = self._take()
        if kind != "text":
            raise InvalidFilter("service takes a name")
        self._expect(")")
        wanted = value[1:-1]
        inner: Matches = lambda segments, duration: bool(segments)  # noqa: E731
        if self.peek() == "{":
            self._take()
            inner = self.either(depth + 1)
            self._expect("}")
        return lambda segments, duration: any(
            inner([each], each.get("end_time", each["start_time"]) - each["start_time"])
            for each in segments
            if each.get("name") == wanted
        )

    def _annotation(self, word: str) -> Matches:
        if word.lower() == "annotation":
            self._expect("[")
            key = self._take()[1].strip('"')
            self._expect("]")
        elif word[10:11] == "." and len(word) > 11:
            key = word[11:]
        else:
            raise InvalidFilter(f"the keyword {word} is not supported")
        if self.peek().upper() not in {*_COMPARISONS, *_TEXT_COMPARISONS} or not self.peek():
            return lambda segments, duration: any(True for _ in _annotated(segments, key))
        compare, kind, value = self._comparison({**_COMPARISONS, **_TEXT_COMPARISONS})
        wanted: Any = value.strip('"') if kind == "text" else value
        if kind == "number":
            wanted = float(value)
        elif kind == "word":
            wanted = value.lower() == "true"
        types = {"text": (str,), "number": (int, float)}.get(kind, (bool,))

        def is_match(found: Any) -> bool:
            try:
                return type(found) in types and compare(found, wanted)
            except TypeError:
                return False

        return lambda segments, duration: any(map(is_match, _annotated(segments, key)))


def _http(segment: Segment, part: str) -> dict[str, Any]:
    http = segment.get("http")
    found = http.get(part) if isinstance(http, dict) else None
    return found if isinstance(found, dict) else {}


def _annotated(segments: Sequence[Segment], key: str, depth: int = 0) -> Iterator[Any]:
    for segment in segments:
        noted = segment.get("annotations")
        if isinstance(noted, dict) and key in noted:
            yield noted[key]
        nested = segment.get("subsegments")
        if isinstance(nested, list) and depth < _DEPTH_MAX:
            yield from _annotated([e for e in nested if isinstance(e, dict)], key, depth + 1)
