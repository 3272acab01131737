"""Writes docs/reference/coverage.md: which operations and members each service supports."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pileus.app import SERVICES
from pileus.aws_models.bind import bind, function_name
from pileus.aws_models.load import OperationModel, ServiceModel, load
from pileus.kernel.service import Service

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "coverage.md"

_HEAD = """# Coverage

Which operations of AWS's API work, and which members of their requests do not.
A member that is not supported is accepted, ignored, and named in the header `x-pileus-ignored`;
with `--strict` it is refused.
An operation that is not supported answers `NotImplemented` with status 501.

This page is generated from the functions' signatures by
`.venv/bin/python scripts/coverage_page.py`; a test fails when it is stale.
"""


def functions(service: Service) -> dict[str, Callable[..., Any]]:
    """The service's functions by AWS's name of the operation."""
    names = {function_name(name): name for name in load(service.name).operation_names}
    return {
        names.get(function.__name__, function.__name__): function
        for group in service.operations
        for function in group.functions
    }


def operation_of(model: ServiceModel, name: str) -> OperationModel:
    operation = model.operation(name)
    assert operation is not None, f"AWS has no {model.name} {name}"
    return operation


def page() -> str:
    """The whole page as it should be."""
    sections = [section(service) for service in sorted(SERVICES, key=lambda known: known.name)]
    return "\n".join([_HEAD, *_summary(), *sections])


def _summary() -> Iterator[str]:
    yield "| Service | Operations |"
    yield "| --- | --- |"
    for service in sorted(SERVICES, key=lambda known: known.name):
        model = load(service.name)
        done, known = len(functions(service)), len(model.operation_names)
        yield f"| [{model.service_id}](#{service.name}) | {done} of {known} |"
    yield ""


def section(service: Service) -> str:
    model = load(service.name)
    done = functions(service)
    lines = [f"## {service.name}", "", "| Operation | Members that are ignored |", "| --- | --- |"]
    for name in sorted(done):
        operation = operation_of(model, name)
        taken = bind(done[name], operation).members
        members = operation.input.members if operation.input is not None else {}
        ignored = ", ".join(f"`{member}`" for member in members if member not in taken)
        lines.append(f"| `{name}` | {ignored} |")
    missing = [f"`{name}`" for name in sorted(model.operation_names) if name not in done]
    if missing:
        lines += ["", f"Not supported: {', '.join(missing)}."]
    return "\n".join([*lines, ""])


def main() -> int:
    PAGE.write_text(page(), "utf-8")
    print(f"Wrote {PAGE}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
