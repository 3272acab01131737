"""The program of launchers, zygotes and fresh Python runtimes: runs one part of this package.

It loads the package under another name, so that functions find no Pileus in `sys.modules`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

_ALIAS = "_sandbox"
_RUNTIME = "bootstrap/python_runtime.py"


def run(program: str, arguments: list[str]) -> None:
    place = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    spec = importlib.util.spec_from_file_location(
        _ALIAS, f"{place}/__init__.py", submodule_search_locations=[place]
    )
    assert spec is not None
    sys.modules[_ALIAS] = importlib.util.module_from_spec(spec)
    module = importlib.import_module(f"{_ALIAS}.{program[:-3].replace('/', '.')}")
    module.main(*arguments)


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else _RUNTIME, sys.argv[2:])
