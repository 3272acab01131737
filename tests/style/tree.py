"""The repository's files, each read and parsed once for all style tests."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import pytest

Node = TypeVar("Node", bound=ast.AST)

ROOT = Path(__file__).resolve().parents[2]

_CODE_FOLDERS = ("src", "tests", "scripts", "bench")
_TEXT_FOLDERS = (*_CODE_FOLDERS, "docs", "changelog.d", ".ci")
_TEXT_ENDINGS = {
    "", ".cfg", ".cjs", ".html", ".js", ".json", ".md", ".mjs", ".py", ".sh", ".sql", ".toml",
    ".txt", ".yaml", ".yml",
}  # fmt: skip
_NOT_OURS = {"__pycache__", "node_modules", "peers", "results"}


class Source:
    """One Python file: its text and its syntax nodes by kind."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        self.tree = ast.parse(text, path)
        self._nodes: dict[type[ast.AST], list[ast.AST]] = {}
        # Three times as fast as `ast.walk`, which is most of what these tests take.
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            self._nodes.setdefault(type(node), []).append(node)
            for value in vars(node).values():
                if isinstance(value, list):
                    waiting += [part for part in value if isinstance(part, ast.AST)]
                elif isinstance(value, ast.AST):
                    waiting.append(value)

    def each(self, *kinds: type[Node]) -> Iterator[Node]:
        """The nodes of these exact kinds."""
        for kind in kinds:
            yield from cast(list[Node], self._nodes.get(kind, []))

    @property
    def is_ours(self) -> bool:
        return self.path.startswith("src/pileus/")

    @property
    def within(self) -> str:
        """The path below `src/pileus`: "kernel/clock.py"."""
        return self.path.removeprefix("src/pileus/")

    @property
    def module(self) -> str:
        """The dotted name: "pileus.kernel.clock"."""
        name = self.path.removeprefix("src/").removesuffix(".py").replace("/", ".")
        return name.removesuffix(".__init__")


@dataclass(frozen=True)
class Text:
    """Any text file of the repository."""

    path: str
    text: str


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the repository."""
    # Millions of nodes that all stay: looking for garbage among them takes half of the time.
    gc.disable()
    try:
        return tuple(
            Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
            for folder in _CODE_FOLDERS
            for path in _files(ROOT / folder)
            if path.suffix == ".py"
        )
    finally:
        gc.enable()


def our_sources() -> tuple[Source, ...]:
    """The Python files of the package itself."""
    return tuple(source for source in sources() if source.is_ours)


@cache
def texts() -> tuple[Text, ...]:
    """Every text file of the repository, code included."""
    found = [path for path in sorted(ROOT.iterdir()) if path.is_file()]
    for folder in _TEXT_FOLDERS:
        found += _files(ROOT / folder)
    return tuple(
        Text(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for path in found
        if path.suffix in _TEXT_ENDINGS and path.name != ".git"
    )


def _files(folder: Path) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _NOT_OURS)
        found += [Path(parent, name) for name in sorted(names)]
    return found


def expect_none(problems: list[str]) -> None:
    """Fail with every problem on a line of its own."""
    if problems:
        pytest.fail(f"{len(problems)} to mend:\n" + "\n".join(problems), pytrace=False)
