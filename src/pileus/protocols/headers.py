"""Header values that cannot break out of their line."""

from __future__ import annotations

import base64
import re

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}", re.ASCII)


def header_value(text: str) -> str:
    """Text as the value of a header: no control characters, and beyond ASCII as RFC 2047 has it.

    S3 answers metadata beyond ASCII in that form.
    """
    if text.isascii() and text.isprintable():
        return text
    visible = "".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in text)
    if visible.isascii():
        return visible
    encoded = base64.b64encode(visible.encode("utf-8", "replace")).decode("ascii")
    return f"=?UTF-8?B?{encoded}?="


def is_header_name(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None
