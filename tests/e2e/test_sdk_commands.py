"""`pileus install-sdk`: what it asks of npm, and what functions find and say afterwards."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from e2e.sandbox.machine import Machine, Tried
from pileus.cli import main
from pileus.sdk_commands import PLACE
from support import skips


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that writes down what it is asked; its status is the file's `status`."""
    place = tmp_path / "bin"
    place.mkdir()
    program = place / "npm"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\n'
        f"exit $(cat {tmp_path}/status 2>/dev/null || echo 0)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def asked(npm: Path, *arguments: str) -> list[str]:
    done = CliRunner().invoke(main, ["install-sdk", "--data", str(npm / "data"), *arguments])
    assert 0 == done.exit_code, done.output
    return (npm / "asked").read_text().split("\n")[:-1]


def test_the_most_used_clients_are_installed_into_the_data_directory(npm: Path) -> None:
    words = asked(npm)
    expected = ["install", "--prefix", str(npm / "data" / PLACE), "--ignore-scripts"]
    assert expected == words[:4]
    assert {"@aws-sdk/client-s3@3", "@aws-sdk/lib-dynamodb@3"} <= set(words)
    assert not [word for word in words if word.startswith("aws-sdk@")]


def test_packages_and_versions_may_be_named(npm: Path) -> None:
    assert ["@aws-sdk/client-polly"] == asked(npm, "@aws-sdk/client-polly")[6:]
    assert "@aws-sdk/client-sqs@3.800.0" in asked(npm, "--version", "3.800.0")
    assert "aws-sdk@2" == asked(npm, "--with-v2")[-1]


def test_what_fails_is_told(npm: Path) -> None:
    (npm / "status").write_text("3")
    run = CliRunner().invoke
    done = run(main, ["install-sdk", "--data", str(npm / "data")])
    assert (1, "Error: npm has failed with status 3.\n") == (done.exit_code, done.output)
    done = run(main, ["install-sdk", "--data", str(npm / "data"), "../../etc"])
    assert (1, "Error: ../../etc is no name of an npm package.\n") == (done.exit_code, done.output)


def test_without_npm_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(main, ["install-sdk", "--data", str(tmp_path)])
    assert "Error: There is no `npm` in PATH, which comes with Node.js.\n" == done.output


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A fleet with a data directory in which a client was installed."""
    skips.program("node", "Node.js")
    modules = tmp_path / PLACE / "node_modules"
    client = modules / "@aws-sdk" / "client-sqs"
    client.mkdir(parents=True)
    (client / "package.json").write_text(json.dumps({"main": "index.js"}))
    (client / "index.js").write_text("exports.name = 'a client';")
    machine = Machine(tmp_path, node_modules=str(modules))
    yield machine
    machine.close()


def start(machine: Machine, code: str) -> Tried:
    return machine.start({"index.mjs": code}, runtime="nodejs20.x", handler="index.handler")


def test_functions_find_what_was_installed(machine: Machine) -> None:
    code = "import { name } from '@aws-sdk/client-sqs'; export const handler = async () => name;"
    assert "a client" == start(machine, code).answer()


@pytest.mark.parametrize(
    ("code", "name", "wanted"),
    [
        ("import '@aws-sdk/client-s3/x.js'; export const handler = async () => 1;",
         "@aws-sdk/client-s3", "@aws-sdk/client-s3"),
        ("export const handler = async () => import('@smithy/absent');",
         "@smithy/absent", "@smithy/absent"),
        ("import aws from 'aws-sdk'; export const handler = async () => aws;",
         "aws-sdk", "--with-v2"),
    ],
)  # fmt: skip
def test_an_import_of_what_is_not_installed_says_what_to_do(
    machine: Machine, code: str, name: str, wanted: str
) -> None:
    tried = start(machine, code)
    tried.result()
    hint = next(text for text in tried.texts if text.startswith("Pileus: "))
    assert hint.startswith(f"Pileus: {name}")
    assert f"`pileus install-sdk {wanted}` this one." in hint
