"""Where a request to a website leads: to an object, or elsewhere.

docs: AmazonS3/latest/userguide/IndexDocumentSupport, how-to-page-redirect
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

Configuration = Mapping[str, Any]
MOVED = 301


class Asked(NamedTuple):
    """What a request says. `target` is its path and query as they came."""

    host: str
    key: str
    target: str


class Redirect(NamedTuple):
    status: int
    location: str


def redirect_of_all(configuration: Configuration, asked: Asked) -> Redirect | None:
    """The answer where a website is nothing but a way to another host."""
    found = configuration.get("RedirectAllRequestsTo")
    if found is None:
        return None
    protocol = found.get("Protocol") or "http"
    return Redirect(MOVED, f"{protocol}://{found['HostName']}{asked.target}")


def redirect_of_rules(
    configuration: Configuration, asked: Asked, status: int | None = None
) -> Redirect | None:
    """What the first rule says that fits: before the object is looked for, or after an error."""
    for rule in configuration.get("RoutingRules") or ():
        condition = rule.get("Condition") or {}
        prefix = condition.get("KeyPrefixEquals") or ""
        code = condition.get("HttpErrorCodeReturnedEquals")
        if asked.key.startswith(prefix) and code == (None if status is None else str(status)):
            return _redirect(rule["Redirect"], asked, prefix)
    return None


def _redirect(redirect: Mapping[str, Any], asked: Asked, prefix: str) -> Redirect:
    key = asked.key
    if redirect.get("ReplaceKeyWith") is not None:
        key = redirect["ReplaceKeyWith"]
    elif redirect.get("ReplaceKeyPrefixWith") is not None:
        key = redirect["ReplaceKeyPrefixWith"] + key[len(prefix) :]
    protocol = redirect.get("Protocol") or "http"
    host = redirect.get("HostName") or asked.host
    return Redirect(
        int(redirect.get("HttpRedirectCode") or MOVED), f"{protocol}://{host}/{_quoted(key)}"
    )


def _quoted(key: str) -> str:
    return quote(key, safe="/#?=&:@!$'()*+,;~")


def key_of_page(configuration: Configuration, key: str) -> str:
    """The key that a request means: of a folder its index document."""
    if key and not key.endswith("/"):
        return key
    return key + str(configuration["IndexDocument"]["Suffix"])


def key_of_folder(configuration: Configuration, key: str) -> str | None:
    """The index document of the folder that a key without a slash may mean."""
    if not key or key.endswith("/"):
        return None
    return f"{key}/{configuration['IndexDocument']['Suffix']}"


def redirect_to_folder(key: str) -> Redirect:
    return Redirect(302, f"/{quote(key)}/")
