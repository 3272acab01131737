"""Java's regular expressions, as the models have them, for whole strings."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache


@cache
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole string matches; true for every string if Python cannot tell."""
    try:
        compiled = re.compile(pattern, re.ASCII)
    except re.error:
        return lambda text: True
    return lambda text: compiled.fullmatch(text) is not None
