"""`pileus snapshot`, `restore` and `doctor` on the store of a running Pileus."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pileus.cli import main
from support.running import Running


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Taken while the server runs; it holds one queue with one message."""
    running = Running(tmp_path / "data").start()
    url = running.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    running.client("sqs").send_message(QueueUrl=url, MessageBody="kept too")
    result = run("snapshot", tmp_path / "copy.tar", "--data", tmp_path / "data")
    running.client("sqs").purge_queue(QueueUrl=url)
    running.stop()
    assert 0 == result.exit_code, result.output
    return tmp_path / "copy.tar"


def test_a_snapshot_is_restored_elsewhere(snapshot: Path, tmp_path: Path) -> None:
    assert 0 == run("restore", snapshot, "--data", tmp_path / "other").exit_code
    running = Running(tmp_path / "other").start()
    try:
        sqs = running.client("sqs")
        url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
        assert ["kept too"] == [m["Body"] for m in sqs.receive_message(QueueUrl=url)["Messages"]]
    finally:
        running.stop()


def test_a_store_is_replaced_only_by_force(snapshot: Path, tmp_path: Path) -> None:
    refused = run("restore", snapshot, "--data", tmp_path / "data")
    assert 1 == refused.exit_code
    assert "Error" in refused.output
    assert 0 == run("restore", snapshot, "--data", tmp_path / "data", "--force").exit_code


def test_what_is_no_snapshot_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear reader")
    refused = run("restore", tmp_path / "letter.txt", "--data", tmp_path / "other")
    assert 1 == refused.exit_code
    assert isinstance(refused.exception, SystemExit)


def test_the_doctor_finds_a_healthy_store_healthy(snapshot: Path, tmp_path: Path) -> None:
    result = run("doctor", "--data", tmp_path / "data", "--read-contents")
    assert 0 == result.exit_code, result.output
    assert "error" not in result.output


def test_the_doctor_finds_a_damaged_store(snapshot: Path, tmp_path: Path) -> None:
    file = tmp_path / "data" / "store" / "0.sqlite"
    damaged = bytearray(file.read_bytes())
    damaged[4096:12_288] = bytes(8192)
    file.write_bytes(damaged)
    result = run("doctor", "--data", tmp_path / "data")
    assert 1 == result.exit_code
    assert "error" in result.output
