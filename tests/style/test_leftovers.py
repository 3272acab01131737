"""Nothing lies about: dead modules, undated promises, words and paths that do not belong here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

import pytest

from style.test_layers import imports
from style.tree import Source, Text, expect_none, our_sources, sources, texts
from support import skips

# Started by name: the command of pyproject.toml and `python -m pileus`.
ENTRIES = {"pileus.cli", "pileus.__main__"}

_PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")

# Traces of one machine or of one way to get packages, and signatures of tools.
_FOREIGN = {
    "a path of one machine": re.compile(
        r"/work/(trees|main|shared)\b|/root/\.|/tmp/bash_jobs|/opt/(wheels|pypi)\b"
    ),
    "a package registry's host": re.compile(
        r"\b(pypi\.org|pythonhosted\.org|registry\.npmjs\.org|registry\.yarnpkg\.com|crates\.io"
        r"|proxy\.golang\.org|rubygems\.org|repo1?\.maven\.org|(deb|security)\.debian\.org)\b"
    ),
    "a tool's signature": re.compile(
        r"Co-Authored-By|Generated (with|by) \[|\b(Claude|Anthropic|ChatGPT|OpenAI|Copilot)\b",
        re.IGNORECASE,
    ),
    "a merge's leftover": re.compile(r"^(<{7} |>{7} |={7}$)", re.MULTILINE),
}
_NAMES_WHAT_IS_MISSING = re.compile(r"\b(missing|is not installed|needs|there is no)\b")
# This file names what it forbids.
_OWN_PATH = "tests/style/test_leftovers.py"


def dead_modules(checked: Iterable[Source]) -> list[str]:
    """Modules that no other module imports or names in a string (programs started by path)."""
    modules = {source.module: source for source in checked}
    alive = set(ENTRIES)
    words = set()
    for source in modules.values():
        for _, name in imports(source):
            parts = name.split(".")
            for depth in range(1, len(parts) + 1):
                parent = ".".join(parts[:depth])
                if parent != source.module:
                    alive.add(parent)
        for text in source.each(ast.Constant):
            if isinstance(text.value, str) and len(text.value) < 200:
                words.add(text.value)
    return [
        f"{source.path} is imported by nobody"
        for module, source in modules.items()
        if module not in alive
        and not source.path.endswith("__init__.py")
        and not _is_named(source, words)
    ]


def _is_named(source: Source, words: set[str]) -> bool:
    file = source.path.rsplit("/", 1)[-1]
    return any(word in (source.module, file) or word.endswith(f"/{file}") for word in words)


def promise_problems(files: Iterable[Text]) -> list[str]:
    return [
        f"{file.path}:{number} promises without an issue: write TODO(#number)"
        for file in files
        if file.path != _OWN_PATH
        for number, line in enumerate(file.text.splitlines(), 1)
        if _PROMISE.search(line)
    ]


def foreign_problems(files: Iterable[Text]) -> list[str]:
    found = []
    for file in files:
        if file.path == _OWN_PATH:
            continue
        for what, pattern in _FOREIGN.items():
            if match := pattern.search(file.text):
                line = file.text.count("\n", 0, match.start()) + 1
                found.append(f"{file.path}:{line} has {what}: {match.group().strip()}")
    return found


def skip_problems(checked: Iterable[Source]) -> list[str]:
    """Skips that do not say what is missing; expected failures, which hide things."""
    found = []
    for source in checked:
        if not source.path.startswith("tests/"):
            continue
        for call in source.each(ast.Call):
            name = ast.unparse(call.func)
            if name in ("pytest.skip", "pytest.mark.skipif", "pytest.importorskip"):
                reasons = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
                reasons += call.args[:1] if name == "pytest.skip" else []
                said = ast.unparse(reasons[0]) if reasons else ""
                if not _NAMES_WHAT_IS_MISSING.search(said):
                    found.append(f"{source.path}:{call.lineno} skips and names nothing missing")
        for mark in source.each(ast.Attribute):
            if ast.unparse(mark) in ("pytest.mark.skip", "pytest.mark.xfail", "pytest.xfail"):
                found.append(f"{source.path}:{mark.lineno} gives up on a test")
    return found


def test_every_module_is_used() -> None:
    expect_none(dead_modules(our_sources()))


def test_promises_have_an_issue() -> None:
    expect_none(promise_problems(texts()))


def test_nothing_tells_where_it_was_written() -> None:
    expect_none(foreign_problems(texts()))


def test_skips_name_what_is_missing() -> None:
    expect_none(skip_problems(sources()))


def test_a_dead_module_is_found() -> None:
    used = Source("src/pileus/cli.py", "from pileus.kernel import clock\nRUN = 'bootstrap.py'\n")
    clock = Source("src/pileus/kernel/clock.py", "import pileus.kernel.clock\n")
    started = Source("src/pileus/sandbox/bootstrap.py", "")
    dead = Source("src/pileus/kernel/tags.py", "from pileus.kernel import tags\n")
    assert ["src/pileus/kernel/tags.py is imported by nobody"] == dead_modules(
        [used, clock, started, dead]
    )


def test_a_promise_without_an_issue_is_found() -> None:
    assert 1 == len(promise_problems([Text("src/x.py", "# TODO later\n# TODO(#12): later\n")]))


def test_foreign_words_are_found() -> None:
    lines = [
        "cd /root/.x",
        "see https://pypi.org/project/x",
        "Co-authored-by: x",
        "<<<<<<< a",
    ]
    assert 4 == len(foreign_problems(Text("docs/x.md", line) for line in lines))
    assert [] == foreign_problems([Text("docs/x.md", "pip install pileus, ~/data, /var/task")])


def test_a_skip_without_a_reason_and_a_test_given_up_on_are_found() -> None:
    bad = Source(
        "tests/unit/test_x.py",
        "pytest.skip('later')\n@pytest.mark.xfail\ndef f(): pytest.skip('Node.js is missing')\n",
    )
    assert 2 == len(skip_problems([bad]))


def test_a_skip_fails_where_none_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(skips.NO_SKIPS, "1")
    where = ("tests/x.py", 1, "Skipped: Node.js is missing")
    report = pytest.TestReport("x", where, {}, "skipped", where, "setup")
    skips.fail_if_skipped(report)
    assert "failed" == report.outcome
    assert "Node.js is missing" in str(report.longrepr)


def test_a_skip_is_a_skip_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(skips.NO_SKIPS, raising=False)
    report = pytest.TestReport("x", ("x", 1, "x"), {}, "skipped", ("x", 1, "x"), "call")
    skips.fail_if_skipped(report)
    assert "skipped" == report.outcome
