"""Which part may import which: the arrows of ARCHITECTURE.md, and no others."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from style.tree import ROOT, Source, expect_none, our_sources

# Part of the package -> module prefixes below `pileus` that it may import besides its own.
# `settings` is open to everybody.
ALLOWED: dict[str, tuple[str, ...]] = {
    # Its control plane takes ISO-8601 durations.
    "gateway": ("protocols", "aws_models", "kernel", "languages.durations"),
    "protocols": ("aws_models", "kernel"),
    "services": ("kernel", "languages"),
    "kernel": ("aws_models", "languages.policies"),
    "sandbox": ("kernel.fleet",),
    "console": ("kernel",),
    "aws_models": (),
    "languages": (),
    # Modules directly below the package.
    "app": ("*",),
    "cli": ("app", "kernel", "log_format", "sdk_commands", "store_commands"),
    "__main__": ("cli",),
    "init_hooks": ("kernel",),
    "log_format": (),
    "sdk_commands": (),
    "store_commands": ("app", "kernel"),
    "settings": (),
    "": (),
}


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything of ours that a file imports, also inside functions."""
    modules = {other.module for other in our_sources()}
    for node in source.each(ast.Import):
        for alias in node.names:
            yield node.lineno, alias.name
    for node in source.each(ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = source.module.split(".")
            if not source.path.endswith("__init__.py"):
                package = package[:-1]
            package = package[: len(package) - node.level + 1]
            base = ".".join([*package, base] if base else package)
        for alias in node.names:
            name = f"{base}.{alias.name}"
            yield node.lineno, name if name in modules else base


def problems(checked: Iterable[Source]) -> list[str]:
    found = []
    for source in checked:
        for line, name in imports(source):
            if (name + ".").startswith("pileus.") and (
                reason := _refusal(source.module, name.removeprefix("pileus").lstrip("."))
            ):
                found.append(f"{source.path}:{line} imports {name}: {reason}")
    return found


def _refusal(importer: str, name: str) -> str:
    own = importer.split(".")[1:]
    part = own[0] if own else ""
    other = name.split(".")
    if part == "services" and other[0] == "services" and len(own) > 1 and own[1:2] != other[1:2]:
        return "services know no other service; use invoke, deliver or announce"
    if name in ("", "settings") or other[0] == part:
        return ""
    if part not in ALLOWED:
        return f"{part} is not in the table of allowed imports"
    for prefix in ALLOWED[part]:
        if prefix == "*" or f"{name}.".startswith(f"{prefix}."):
            return ""
    return f"{part or 'pileus'} may import {', '.join(ALLOWED[part]) or 'nothing else of ours'}"


def untold_arrows(architecture: str) -> list[str]:
    """Rows of ARCHITECTURE.md's table that do not say what this file allows."""
    found = []
    for part, allowed in ALLOWED.items():
        if not allowed or "*" in allowed or f"{part}.py" in architecture or part == "__main__":
            continue
        arrows = ", ".join(f"`{name}`" for name in allowed)
        if f"| `{part}` | {arrows}" not in architecture:
            found.append(f"ARCHITECTURE.md does not say that {part} may import {arrows}")
    return found


def test_the_architecture_tells_what_is_allowed() -> None:
    expect_none(untold_arrows((ROOT / "ARCHITECTURE.md").read_text()))


def test_an_untold_arrow_is_found() -> None:
    assert [] != untold_arrows("| `services` | `kernel` |")


def test_parts_import_only_what_they_may() -> None:
    expect_none(problems(our_sources()))


def test_a_service_that_imports_a_service_is_found() -> None:
    bad = Source("src/pileus/services/sns/topics.py", "from pileus.services.sqs import store\n")
    assert ["services know no other service; use invoke, deliver or announce"] == [
        problem.split(": ")[1] for problem in problems([bad])
    ]


def test_an_arrow_against_the_layers_is_found_inside_functions_too() -> None:
    bad = Source("src/pileus/kernel/x.py", "def f():\n    from ..gateway import server\n")
    assert ["src/pileus/kernel/x.py:2 imports pileus.gateway.server"] == [
        problem.split(": ")[0] for problem in problems([bad])
    ]


def test_an_unknown_part_is_found() -> None:
    bad = Source("src/pileus/helpers/x.py", "import pileus.kernel.clock\n")
    assert 1 == len(problems([bad]))


def test_settings_and_the_own_part_are_open() -> None:
    good = Source(
        "src/pileus/languages/x.py",
        "from pileus.settings import Settings\nfrom pileus.languages import policies\n",
    )
    assert [] == problems([good])
