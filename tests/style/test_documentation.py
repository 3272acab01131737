"""Every service, setting and command has its words, and every link leads somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import click

from pileus.cli import main
from style.tree import ROOT, Source, Text, expect_none, our_sources, texts

SETTINGS_PAGE = "docs/reference/settings.md"
COMMANDS_PAGE = "docs/reference/commands.md"

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(#[^)\s]*)?\)")
_FRAGMENT = re.compile(r"^changelog\.d/(\d+|\+[\w-]+)\.(added|changed|fixed|removed)\.md$")


def services(checked: Iterable[Source]) -> set[str]:
    """The packages below `services`, without the mark that keeps `lambda` from being a keyword."""
    return {
        source.within.split("/")[1].removesuffix("_")
        for source in checked
        if source.within.startswith("services/") and source.within.count("/") >= 2
    }


def setting_names(checked: Iterable[Source]) -> Iterator[str]:
    for source in checked:
        if source.within == "settings.py":
            for node in source.each(ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        yield part.target.id


def command_words(command: click.Command, path: str) -> Iterator[str]:
    """Each command's full name, and its long options."""
    yield path
    for parameter in command.params:
        yield from (option for option in parameter.opts if option.startswith("--"))
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from command_words(child, f"{path} {name}")


def missing_words(page: str, words: Iterable[str], files: Iterable[Text]) -> list[str]:
    text = next((file.text for file in files if file.path == page), "")
    return [
        f"{page} does not tell of `{word}`" for word in sorted(set(words)) if f"`{word}" not in text
    ]


def dead_links(files: Iterable[Text]) -> list[str]:
    found = []
    for file in files:
        if not file.path.endswith(".md"):
            continue
        for link in _LINK.finditer(file.text):
            target = link.group(1)
            if "://" in target or target.startswith("mailto:"):
                continue
            path = PurePosixPath(file.path).parent / target
            if not (ROOT / path).exists():
                found.append(f"{file.path} links to {target}, which is not there")
    return found


def title_problems(files: Iterable[Text]) -> list[str]:
    return [
        f"{file.path} does not begin with a title"
        for file in files
        if file.path.endswith(".md")
        and not file.path.startswith("changelog.d/")
        and not file.text.startswith("# ")
    ]


def decision_problems(files: Iterable[Text]) -> list[str]:
    """Decisions whose number is another's, or that the index does not list under it."""
    found = []
    by_path = {file.path: file.text for file in files if file.path.startswith("docs/decisions/")}
    index = by_path.pop("docs/decisions/README.md", "")
    seen: dict[str, str] = {}
    for path, text in sorted(by_path.items()):
        name = path.rsplit("/", 1)[-1]
        number = name[:4]
        if number in seen:
            found.append(f"{path} has the number of {seen[number]}; take the next that is free")
        seen.setdefault(number, path)
        if f"[{number}]({name})" not in index:
            found.append(f"{path} is not in docs/decisions/README.md")
        if not text.startswith(f"# {number}: "):
            found.append(f"{path} does not begin with its number")
    return found


def fragment_problems(files: Iterable[Text]) -> list[str]:
    return [
        f"{file.path}: a news fragment is called NUMBER.added.md (changed, fixed, removed)"
        for file in files
        if file.path.startswith("changelog.d/")
        and file.path != "changelog.d/README.md"
        and not _FRAGMENT.match(file.path)
    ]


def test_every_service_has_a_page() -> None:
    pages = {file.path for file in texts()}
    expect_none(
        [
            f"docs/services/{name}.md is missing"
            for name in sorted(services(our_sources()))
            if f"docs/services/{name}.md" not in pages
        ]
    )


def test_every_setting_is_documented() -> None:
    expect_none(missing_words(SETTINGS_PAGE, setting_names(our_sources()), texts()))


def test_every_command_and_option_is_documented() -> None:
    expect_none(missing_words(COMMANDS_PAGE, command_words(main, "pileus"), texts()))


def test_links_lead_somewhere() -> None:
    expect_none(dead_links(texts()))


def test_pages_begin_with_a_title() -> None:
    expect_none(title_problems(texts()))


def test_news_fragments_are_named_alike() -> None:
    expect_none(fragment_problems(texts()))


def test_decisions_are_numbered_and_listed() -> None:
    expect_none(decision_problems(texts()))


def test_a_service_without_a_page_would_be_seen() -> None:
    assert {"sqs"} == services(
        [
            Source("src/pileus/services/__init__.py", ""),
            Source("src/pileus/services/sqs/store.py", ""),
        ]
    )


def test_an_undocumented_setting_or_option_is_found() -> None:
    settings = Source("src/pileus/settings.py", "class Settings:\n    port: int\n    seed: int\n")
    page = Text(SETTINGS_PAGE, "`port` is where it listens.")
    assert ["docs/reference/settings.md does not tell of `seed`"] == missing_words(
        SETTINGS_PAGE, setting_names([settings]), [page]
    )
    option = click.Option(["--port"])
    group = click.Group("pileus", commands={"up": click.Command("up", params=[option])})
    assert ["pileus", "pileus up", "--port"] == list(command_words(group, "pileus"))


def test_a_dead_link_a_missing_title_and_a_badly_named_fragment_are_found() -> None:
    page = Text("docs/x.md", "See [there](nowhere.md) and [here](README.md).\n")
    assert 1 == len(dead_links([Text("x.md", "[a](nowhere.md) [b](LICENSE) [c](https://a.b/c)")]))
    assert 1 == len(title_problems([page]))
    assert 1 == len(fragment_problems([Text("changelog.d/news.md", "")]))
    assert [] == fragment_problems([Text("changelog.d/2.added.md", "")])


def test_decisions_of_one_number_or_outside_the_index_are_found() -> None:
    index = Text("docs/decisions/README.md", "[0001](0001-a.md)")
    decisions = [Text("docs/decisions/0001-a.md", "# 0001: A"), index]
    assert [] == decision_problems(decisions)
    assert 3 == len(decision_problems([*decisions, Text("docs/decisions/0001-b.md", "# B")]))
