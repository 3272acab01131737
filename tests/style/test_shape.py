"""How long files, functions and lines may be, how deep folders, and what names are refused."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from style.tree import Source, Text, expect_none, our_sources, sources, texts

FILE_LINES_MAX = 400
# Tests of one noun, which grow with its behaviours.
OTHER_FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
LINE_CHARACTERS_MAX = 100
FOLDERS_MAX = 3
# Of all lines of the package, in percent: more is narration, and none is no reasons.
COMMENT_PERCENT_MAX = 8

# A remark to a tool, which may overhang.
_PRAGMA = re.compile(r"  # (type: ignore|noqa|fmt).*$")

# If a thing has no noun, it has no home yet.
REFUSED_NAMES = {
    "base", "common", "data", "handler", "handlers", "helper", "helpers", "info", "manager",
    "managers", "misc", "provider", "providers", "shared", "stuff", "util", "utils",
}  # fmt: skip


def length_problems(checked: Iterable[Source]) -> list[str]:
    found = []
    for source in checked:
        lines_max = FILE_LINES_MAX if source.is_ours else OTHER_FILE_LINES_MAX
        if len(source.lines) > lines_max:
            found.append(f"{source.path} has {len(source.lines)} lines: a second noun hides in it")
        for node in source.each(ast.FunctionDef, ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                found.append(f"{source.path}:{node.lineno} {node.name} has {lines} lines")
    return found


def line_problems(checked: Iterable[Source | Text]) -> list[str]:
    return [
        f"{file.path}:{number} has {len(line)} characters"
        for file in checked
        if file.path.endswith((".py", ".sql"))
        for number, line in enumerate(file.text.splitlines(), 1)
        if len(_PRAGMA.sub("", line)) > LINE_CHARACTERS_MAX and " " in line.strip()
    ]


def name_problems(paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        names = path.removeprefix("src/pileus/").removesuffix(".py").split("/")
        if len(names) - 1 > FOLDERS_MAX:
            found.append(f"{path} lies more than {FOLDERS_MAX} folders deep")
        found += [f"{path}: `{name}` says nothing" for name in names if name in REFUSED_NAMES]
    return found


def docstring_problems(checked: Iterable[Source]) -> list[str]:
    found = []
    for source in checked:
        if not source.tree.body:
            continue
        first = (ast.get_docstring(source.tree) or "").split("\n\n")[0].strip()
        if not first.endswith((".", ":")) or not (first[:1].isupper() or first[:1] in "`'\""):
            found.append(f"{source.path} does not begin with a sentence on what it is for")
    return found


def comment_percent(checked: Iterable[Source]) -> float:
    lines = comments = 0
    for source in checked:
        lines += len(source.lines)
        comments += sum(
            line.lstrip().startswith("#") and not line.lstrip().startswith("#!")
            for line in source.lines
        )
    return 100 * comments / max(1, lines)


def test_files_and_functions_are_short() -> None:
    expect_none(length_problems(sources()))


def test_lines_are_short() -> None:
    expect_none(line_problems(texts()))


def test_folders_are_shallow_and_names_are_nouns() -> None:
    expect_none(name_problems(source.path for source in our_sources()))


def test_modules_say_what_they_are_for() -> None:
    expect_none(docstring_problems(sources()))


def test_comments_are_few() -> None:
    assert comment_percent(our_sources()) <= COMMENT_PERCENT_MAX


def test_a_long_file_and_a_long_function_are_found() -> None:
    bad = Source("src/pileus/x.py", "def f():\n" + "    pass\n" * FILE_LINES_MAX)
    assert 2 == len(length_problems([bad]))


def test_a_long_line_is_found() -> None:
    bad = Source("src/pileus/x.py", "x = 1  #" + "." * LINE_CHARACTERS_MAX)
    assert ["src/pileus/x.py:1 has 108 characters"] == line_problems([bad])


def test_a_deep_folder_and_an_empty_name_are_found() -> None:
    deep = "src/pileus/services/stepfunctions/asl/states/task.py"
    assert 2 == len(name_problems([deep, "src/pileus/kernel/utils.py"]))
    assert [] == name_problems(["src/pileus/services/stepfunctions/asl/task.py"])


def test_a_missing_or_unfinished_docstring_is_found() -> None:
    bad = [
        Source("src/pileus/x.py", "import os\n"),
        Source("src/pileus/y.py", '"""stuff"""\n'),
    ]
    assert 2 == len(docstring_problems(bad))


def test_comments_are_counted() -> None:
    assert 50 == comment_percent([Source("src/pileus/x.py", "# Why.\nx = 1  # Not a line.\n")])
