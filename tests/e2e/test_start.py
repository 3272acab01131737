"""Starting and stopping the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from support.process import Server


def test_it_says_when_it_is_ready_and_ends_cleanly(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        with urlopen(f"{server.url}/_pileus/health") as answer:
            assert "services" in json.load(answer)
        assert 0 == server.stop()


def test_its_log_can_be_read_by_machines(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--log-format", "json") as server:
        assert "Ready." in [json.loads(line)["message"] for line in server.log]


def test_one_data_directory_serves_one_process(tmp_path: Path) -> None:
    with Server(tmp_path / "data"):
        second = Server(tmp_path / "data")
        assert 1 == second.wait_until_ended()
        assert "Traceback" not in "\n".join(second.log)
        assert any("data" in line for line in second.log)


def test_a_taken_port_is_refused_in_words(tmp_path: Path) -> None:
    with Server(tmp_path / "one") as first:
        port = first.url.rpartition(":")[2]
        second = Server(tmp_path / "two", "--port", port)
        assert 1 == second.wait_until_ended()
        assert f"Cannot listen on 127.0.0.1:{port}" in second.log[-1]


def test_listening_to_the_neighbourhood_needs_a_word(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--host", "0.0.0.0")
    assert 1 == server.wait_until_ended()
    assert "--insecure" in server.log[-1]


def test_a_start_is_spared_what_few_requests_need() -> None:
    """Each of these takes as long to import as a small service, and holds memory."""
    spared = {"cryptography", "email.message", "http.client", "statistics", "amazon.ion", "h2"}
    program = f"import sys, pileus.cli, pileus.app; print(*({spared} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ("\n", 0) == (done.stdout, done.returncode), done.stderr


def test_the_clock_outlives_a_kill(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        body = b'{"freeze": true}'
        with urlopen(f"{server.url}/_pileus/clock", data=body) as answer:
            stood_at = json.load(answer)["epoch_ms"]
        server.kill()
    with (
        Server(tmp_path / "data") as server,
        urlopen(f"{server.url}/_pileus/clock") as answer,
    ):
        state = json.load(answer)
    assert (True, stood_at) == (state["frozen"], state["epoch_ms"])


def test_its_own_threads_stay_on_one_processor_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        assert 1 == len(os.sched_getaffinity(server.process.pid))
    with Server(tmp_path / "data", "--all-processors") as server:
        assert os.sched_getaffinity(0) == os.sched_getaffinity(server.process.pid)
