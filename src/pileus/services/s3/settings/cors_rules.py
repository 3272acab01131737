"""Which pages may send which requests to a bucket, by its rules.

docs: AmazonS3/latest/userguide/ManageCorsUsing, cors: how S3 evaluates the configuration
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Rule = Mapping[str, Any]

VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


class Match(NamedTuple):
    """The first rule that fits, and whether it is for every origin."""

    rule: Rule
    is_for_all: bool


def match(
    rules: Sequence[Rule], origin: str, method: str, headers: Sequence[str] = ()
) -> Match | None:
    """The rule for a page of an origin that sends these headers, in lower case."""
    for rule in rules:
        pattern = next((each for each in rule["AllowedOrigins"] if fits(each, origin)), None)
        if pattern is None or method not in rule["AllowedMethods"]:
            continue
        allowed = [each.lower() for each in rule.get("AllowedHeaders") or ()]
        if all(any(fits(each, header) for each in allowed) for header in headers):
            return Match(rule, pattern == "*")
    return None


def fits(pattern: str, text: str) -> bool:
    """A pattern has one star at most, for any letters."""
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == text
    return (
        len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)
    )


def requested_headers(text: str | None) -> list[str]:
    """Access-Control-Request-Headers, in lower case."""
    return [each.strip().lower() for each in (text or "").split(",") if each.strip()]


def answer_headers(found: Match, origin: str, requested: Sequence[str] = ()) -> dict[str, str]:
    """What the browser is told."""
    rule = found.rule
    headers = {
        "Access-Control-Allow-Origin": "*" if found.is_for_all else origin,
        "Access-Control-Allow-Methods": ", ".join(rule["AllowedMethods"]),
        "Vary": VARY,
    }
    if requested:
        headers["Access-Control-Allow-Headers"] = ", ".join(requested)
    if rule.get("ExposeHeaders"):
        headers["Access-Control-Expose-Headers"] = ", ".join(rule["ExposeHeaders"])
    if rule.get("MaxAgeSeconds") is not None:
        headers["Access-Control-Max-Age"] = str(rule["MaxAgeSeconds"])
    if not found.is_for_all:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers
