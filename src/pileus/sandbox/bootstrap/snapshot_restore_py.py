"""What functions register for SnapStart: calls before a snapshot, and calls after its restoration.

The names and their meaning are those of the module that AWS's Python runtimes bring.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Hook = TypeVar("Hook", bound=Callable[..., Any])
Registered = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]

_before_snapshot: list[Registered] = []
_after_restore: list[Registered] = []


def register_before_snapshot(func: Hook, *args: Any, **kwargs: Any) -> Hook:
    """Call it before the snapshot; also a decorator."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func: Hook, *args: Any, **kwargs: Any) -> Hook:
    """Call it after a restoration; also a decorator."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot() -> list[Registered]:
    return _before_snapshot


def get_after_restore() -> list[Registered]:
    return _after_restore
