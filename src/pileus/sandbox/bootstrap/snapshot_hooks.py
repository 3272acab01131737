"""Runs what a function has registered for SnapStart.

docs: lambda/latest/dg/snapstart-runtime-hooks-python
"""

from __future__ import annotations

import os
import sys
from typing import Any

BEFORE_SNAPSHOT_ERROR = "Runtime.BeforeSnapshotError"
AFTER_RESTORE_ERROR = "Runtime.AfterRestoreError"
# How AWS's runtime ends after one or the other.
BEFORE_SNAPSHOT_EXIT, AFTER_RESTORE_EXIT = 64, 65
# A function that has not imported it has registered nothing; it may bring its own.
_MODULE = "snapshot_restore_py"


def are_wanted() -> bool:
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def run_before_snapshot() -> None:
    """The one registered last comes first."""
    for call, arguments, named in reversed(_registered("get_before_snapshot")):
        call(*arguments, **named)


def run_after_restore() -> None:
    for call, arguments, named in _registered("get_after_restore"):
        call(*arguments, **named)


def _registered(getter: str) -> list[Any]:
    module = sys.modules.get(_MODULE)
    return list(getattr(module, getter)()) if module else []
