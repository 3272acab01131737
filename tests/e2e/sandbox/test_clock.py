"""Functions see the platform's clock: shifted, frozen, moved; measured time stays real."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.sandbox.machine import Machine
from pileus.kernel.clock import Clock
from pileus.kernel.clock_page import ClockPage
from support import skips

PYTHON = """
    import datetime, pickle, subprocess, sys, time
    from datetime import date, datetime as kept
    from time import time as kept_time
    before = kept.now()

    class Mine(kept): pass
    class Holder:
        clock = time.time

    def handler(code, context):
        return eval(code)
"""
FROZEN_MS = 4_000_000_000_123  # 2096-10-02T07:06:40.123Z
LEAP_SECONDS = 400 * 86_400


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Machine]:
    directory = tmp_path_factory.mktemp("clock")
    ClockPage(directory / "page", clock)
    machine = Machine(directory, clock_page=str(directory / "page"))
    yield machine
    machine.close()


@pytest.fixture(autouse=True)
def _real_again(clock: Clock) -> Iterator[None]:
    yield
    clock.restore(0, None, 0)


def freeze_at(clock: Clock, instant_ms: int) -> None:
    clock.freeze()
    clock.move_to(instant_ms)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("time.time()", 4_000_000_000.123),
        ("time.time_ns()", 4_000_000_000_123_000_000),
        ("kept_time()", 4_000_000_000.123),
        ("Holder().clock()", 4_000_000_000.123),
        ("time.clock_gettime(time.CLOCK_REALTIME)", 4_000_000_000.123),
        ("time.clock_gettime_ns(time.CLOCK_REALTIME)", 4_000_000_000_123_000_000),
        ("time.gmtime()[:6]", [2096, 10, 2, 7, 6, 40]),
        ("time.localtime()[:6]", [2096, 10, 2, 7, 6, 40]),
        ("time.gmtime(0)[:3]", [1970, 1, 1]),
        ("time.ctime()", "Tue Oct  2 07:06:40 2096"),
        ("time.asctime()", "Tue Oct  2 07:06:40 2096"),
        ("time.strftime('%Y-%m-%dT%H:%M:%S')", "2096-10-02T07:06:40"),
        ("kept.now().isoformat()", "2096-10-02T07:06:40.123000"),
        ("kept.utcnow().isoformat()", "2096-10-02T07:06:40.123000"),
        ("kept.today().isoformat()", "2096-10-02T07:06:40.123000"),
        ("kept.now(datetime.timezone.utc).isoformat()", "2096-10-02T07:06:40.123000+00:00"),
        ("kept.now(tz=datetime.timezone(datetime.timedelta(hours=1))).hour", 8),
        ("date.today().isoformat()", "2096-10-02"),
        ("Mine.now().isoformat()", "2096-10-02T07:06:40.123000"),
        ("[type(each.now()).__name__ for each in (kept, Mine)]", ["datetime", "Mine"]),
        ("type(Mine.today()).__name__", "Mine"),
        ("[isinstance(before, kept), type(before) is kept, kept is datetime.datetime]",
         [True, True, True]),
        ("pickle.loads(pickle.dumps(kept.now())) == kept.now()", True),
        ("pickle.loads(pickle.dumps(before)) == before", True),
        ("context.get_remaining_time_in_millis()", 102_444_799_877),
    ],
)  # fmt: skip
def test_python_shows_the_frozen_instant(
    timed: Machine, clock: Clock, code: str, expected: object
) -> None:
    freeze_at(clock, FROZEN_MS)
    assert expected == timed.start(PYTHON).answer(code)


def test_a_clock_that_moves_during_an_invocation_is_seen_at_once(
    timed: Machine, clock: Clock
) -> None:
    tried = timed.start(PYTHON)
    before = tried.answer("time.time()")
    freeze_at(clock, clock.now() + LEAP_SECONDS * 1000)
    assert LEAP_SECONDS == pytest.approx(tried.answer("time.time()") - before, abs=5)


def test_a_shifted_clock_runs_on(timed: Machine, clock: Clock) -> None:
    clock.restore(LEAP_SECONDS * 1000, None, 0)
    tried = timed.start(PYTHON)
    real = time.time()
    assert real + LEAP_SECONDS == pytest.approx(tried.answer("time.time()"), abs=1)
    assert tried.answer("[time.time(), time.sleep(0.01), time.time()][::2]")[1] > real


def test_measured_time_is_never_shifted(timed: Machine, clock: Clock) -> None:
    tried = timed.start(PYTHON)
    before = tried.answer("time.monotonic()")
    freeze_at(clock, FROZEN_MS)
    after = tried.answer("[time.monotonic(), time.sleep(0.01), time.monotonic()]")
    assert (True, True) == (0 < after[0] - before < 5, after[2] - after[0] >= 0.01)


def test_log_lines_bear_the_platforms_time(timed: Machine, clock: Clock) -> None:
    freeze_at(clock, FROZEN_MS)
    tried = timed.start("""
        import logging
        def handler(event, context): logging.warning("said")
    """)
    tried.answer()
    (line,) = tried.output
    assert (FROZEN_MS, "2096-10-02T07:06:40.123Z") == (line.at, line.text.split("\t")[1])


def test_boto3_signs_by_the_platforms_clock(timed: Machine, clock: Clock) -> None:
    freeze_at(clock, FROZEN_MS)
    tried = timed.start("""
        import boto3
        def handler(event, context):
            client = boto3.client("s3", aws_access_key_id="a", aws_secret_access_key="b")
            return client.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"})
    """)
    assert "20961002T070640Z" in tried.answer() or "Expires=4000003600" in tried.answer()


def test_a_fresh_interpreter_is_shown_the_clock_too(timed: Machine, clock: Clock) -> None:
    freeze_at(clock, FROZEN_MS)
    tried = timed.start(PYTHON, variables={"PYTHONHASHSEED": "1"})
    assert 4_000_000_000.123 == tried.answer("time.time()")


NODE = "export const handler = async (code, context) => eval(code);"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Date.now()", FROZEN_MS),
        ("new Date().toISOString()", "2096-10-02T07:06:40.123Z"),
        ("new Date(0).toISOString()", "1970-01-01T00:00:00.000Z"),
        ("new Date(2001, 0, 2, 3).toISOString()", "2001-01-02T03:00:00.000Z"),
        ("Date().slice(0, 24)", "Tue Oct 02 2096 07:06:40"),
        ("[new Date() instanceof Date, new Date().constructor === Date, Date.name, Date.length]",
         [True, True, "Date", 7]),
        ("new (class Mine extends Date {})().getTime()", FROZEN_MS),
        ("Date.UTC(1970, 0, 1) + Date.parse('1970-01-01T00:00:00Z')", 0),
        ("context.getRemainingTimeInMillis()", 102_444_799_877),
        ("(await import('node:util')).types.isDate(new Date())", True),
    ],
)  # fmt: skip
def test_node_shows_the_frozen_instant(
    timed: Machine, clock: Clock, code: str, expected: object
) -> None:
    skips.program("node", "Node.js")
    freeze_at(clock, FROZEN_MS)
    tried = timed.start({"index.mjs": NODE}, runtime="nodejs20.x", handler="index.handler")
    assert expected == tried.answer(f"(async () => {code})()")


def test_node_sees_a_clock_that_moves(timed: Machine, clock: Clock) -> None:
    skips.program("node", "Node.js")
    tried = timed.start({"index.mjs": NODE}, runtime="nodejs20.x", handler="index.handler")
    before = tried.answer("Date.now()")
    freeze_at(clock, clock.now() + LEAP_SECONDS * 1000)
    assert LEAP_SECONDS * 1000 == pytest.approx(tried.answer("Date.now()") - before, abs=5000)


def test_the_page_is_of_no_use_for_writing(timed: Machine, clock: Clock) -> None:
    tried = timed.start(PYTHON)
    result = tried.result("open('/var/runtime/.clock', 'r+b')")
    assert b"Read-only file system" in result.payload or b"Permission denied" in result.payload


def test_the_page_follows_the_clock(tmp_path: Path) -> None:
    clock = Clock()
    ClockPage(tmp_path / "page", clock)
    words = [_word(tmp_path)]
    freeze_at(clock, FROZEN_MS)
    words.append(_word(tmp_path))
    clock.resume()
    assert ([0, FROZEN_MS * 2_000_000 + 1], True) == (words, _word(tmp_path) > 0)


def _word(directory: Path) -> int:
    return int.from_bytes((directory / "page").read_bytes()[8:16], "little", signed=True)


RUBY = """
    def run(event:, context:) = eval(event)
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("(Time.now.to_r * 1000).to_i", FROZEN_MS),
        ("(Time.new.to_r * 1000).to_i", FROZEN_MS),
        ("Time.now(in: '+02:00').utc_offset", 7200),
        ("Time.new(2000, 1, 1, 0, 0, 0, '+00:00').to_i", 946_684_800),
        ("Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)", FROZEN_MS),
        ("Process.clock_gettime(Process::CLOCK_REALTIME).class.name", "Float"),
        ("Process.clock_gettime(Process::CLOCK_MONOTONIC) < 1_000_000_000", True),
    ],
)
def test_ruby_shows_the_frozen_instant(
    timed: Machine, clock: Clock, code: str, expected: object
) -> None:
    skips.program("ruby", "Ruby")
    freeze_at(clock, FROZEN_MS)
    tried = timed.start({"app.rb": RUBY}, runtime="ruby3.3", handler="app.run")
    assert expected == tried.answer(code)


def test_a_shifted_clock_runs_on_in_ruby(timed: Machine, clock: Clock) -> None:
    skips.program("ruby", "Ruby")
    clock.restore(LEAP_SECONDS * 1000, None, 0)
    tried = timed.start({"app.rb": RUBY}, runtime="ruby3.3", handler="app.run")
    real = time.time()
    assert real + LEAP_SECONDS == pytest.approx(tried.answer("Time.now.to_f"), abs=1)
