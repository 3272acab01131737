"""Reads the structures that msgspec decodes while there is one thread.

msgspec works out a structure's fields when it first decodes one. Where a field is a structure too,
that runs Python, so another thread may come in between: it finds the outer one half done, and the
process ends by a segmentation fault (seen with 0.22).
"""

from __future__ import annotations

import msgspec


def settle() -> None:
    """Have all structures worked out that are known by now; some ten milliseconds."""
    waiting: list[type] = [msgspec.Struct]
    while waiting:
        found: list[type] = waiting.pop().__subclasses__()
        waiting += found
        for structure in found:
            try:
                msgspec.json.Decoder(structure)
            except (TypeError, NameError):
                # One that is never decoded: with functions in it, or types for checking only.
                continue
