"""The control plane: the clock in the user's hand, health, what was used and traced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pileus.cli import main
from support.running import Running

DAY = 24 * 3600


def test_the_clock_is_shown(pileus: Running) -> None:
    answer = pileus.control("/_pileus/clock")
    assert (200, True) == (answer["status"], answer["frozen"])
    assert pileus.now == answer["epoch_ms"]


@pytest.mark.parametrize(
    ("amount", "milliseconds"), [(4 * DAY, 4 * DAY * 1000), (0.25, 250), ("PT1M", 60_000)]
)
def test_the_clock_is_advanced(pileus: Running, amount: float | str, milliseconds: int) -> None:
    before = pileus.now
    answer = pileus.advance(amount)
    assert before + milliseconds == pileus.now == answer["epoch_ms"]
    assert answer["done"] is True


def test_a_running_clock_is_advanced_and_runs_on(pileus: Running) -> None:
    before = pileus.now
    pileus.resume()
    answer = pileus.advance("P1D")
    assert answer["frozen"] is False
    assert before + DAY * 1000 <= pileus.now < before + DAY * 1000 + 30_000
    pileus.freeze()


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"advance": -1},
        {"advance": "tomorrow"},
        {"advance": 1e300},
        {"advance": "P200Y"},
        {"freeze": True, "resume": True},
        {"advance": 1, "freeze": True},
        {"forward": 1},
        {"advance": [1]},
    ],
)
def test_a_senseless_question_is_refused(pileus: Running, question: dict[str, object]) -> None:
    before = pileus.now
    answer = pileus.control("/_pileus/clock", question)
    assert 400 == answer["status"]
    assert answer["error"]
    assert before == pileus.now


def test_an_advance_that_is_not_waited_for_answers_with_its_progress(pileus: Running) -> None:
    answer = pileus.control("/_pileus/clock", {"advance": 5, "wait": False})
    assert answer["status"] in (200, 202)
    assert {"now", "target", "steps", "done"} <= set(answer)
    pileus.advance(0)


@pytest.mark.parametrize("path", ["/_pileus/health", "/_localstack/health"])
def test_health_names_the_services(pileus: Running, path: str) -> None:
    answer = pileus.control(path)
    assert set(pileus.app.kernel.registry.services) == set(answer["services"])


def test_what_was_asked_is_metered_and_traced(pileus: Running, aws, account: str) -> None:
    request_id = aws("sts").get_caller_identity()["ResponseMetadata"]["RequestId"]
    usage = pileus.control("/_pileus/usage")["usage"]
    mine = [row for row in usage if row["account"] == account]
    assert [("sts", "GetCallerIdentity", "requests", 1.0)] == [
        (row["service"], row["operation"], row["unit"], row["quantity"]) for row in mine
    ]
    spans = pileus.control("/_pileus/traces")["spans"]
    assert request_id in [span["request_id"] for span in spans]


def test_an_unknown_path_tells_which_there_are(pileus: Running) -> None:
    answer = pileus.control("/_pileus/nothing")
    assert 404 == answer["status"]
    assert "/_pileus/clock" in answer["paths"]


def test_the_command_line_moves_the_clock(pileus: Running) -> None:
    def run(*arguments: str) -> dict[str, object]:
        result = CliRunner().invoke(main, ["clock", "--endpoint", pileus.url, *arguments])
        assert 0 == result.exit_code, result.output
        document: dict[str, object] = json.loads(result.output)
        return document

    before = pileus.now
    assert before == run("show")["epoch_ms"]
    assert before + 30_000 == run("advance", "30")["epoch_ms"]
    assert before + 90_000 == run("advance", "PT1M")["epoch_ms"]
    assert run("resume")["frozen"] is False
    assert run("freeze")["frozen"] is True


def test_the_command_line_says_what_is_wrong(pileus: Running) -> None:
    result = CliRunner().invoke(main, ["clock", "--endpoint", pileus.url, "advance", "soon"])
    assert 1 == result.exit_code
    assert "ISO-8601" in result.output


def test_init_hooks_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "init" / "ready.d"
    folder.mkdir(parents=True)
    (folder / "01.sh").write_text(f"echo $AWS_ENDPOINT_URL > {tmp_path}/seen\n")
    (folder / "02.py").write_text("raise SystemExit(3)\n")
    (folder / "notes.txt").write_text("not a script")
    monkeypatch.setenv("PILEUS_INIT_DIR", str(tmp_path / "init"))
    running = Running(tmp_path / "data").start()
    try:
        answer = running.control("/_localstack/init")
        assert f"http://localhost:{running.port}\n" == (tmp_path / "seen").read_text()
    finally:
        running.stop()
    assert [
        {"stage": "READY", "name": "01.sh", "state": "SUCCESSFUL"},
        {"stage": "READY", "name": "02.py", "state": "ERROR"},
    ] == answer["scripts"]
    assert answer["completed"]["READY"] is True
    assert answer["completed"]["SHUTDOWN"] is False
