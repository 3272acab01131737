"""Output: lines, framed records, and what happens to too much of either."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pileus.sandbox.environments import output
from pileus.sandbox.environments.output import FRAME, OutputReader


class Pipe:
    """Both ends of a function's output."""

    def __init__(self) -> None:
        reading, self.writing = os.pipe()
        self.lines: list[str] = []
        self.reader = OutputReader(reading, self.lines.extend)

    def write(self, data: bytes) -> None:
        os.write(self.writing, data)
        self.reader.read()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    os.close(pipe.writing)
    pipe.reader.close()


def framed(text: bytes) -> bytes:
    return FRAME + len(text).to_bytes(4, "big") + text


def test_lines_are_handed_on_as_they_end(pipe: Pipe) -> None:
    pipe.write(b"one\ntw")
    assert ["one"] == pipe.lines
    pipe.write(b"o\r\n\nthree")
    assert ["one", "two"] == pipe.lines


def test_an_unfinished_line_comes_with_the_end_of_the_invocation(pipe: Pipe) -> None:
    pipe.write(b"half")
    pipe.reader.drain()
    assert ["half"] == pipe.lines


def test_what_was_written_just_before_is_drained(pipe: Pipe) -> None:
    os.write(pipe.writing, b"a\nb\n")
    pipe.reader.drain()
    assert ["a", "b"] == pipe.lines


def test_a_record_of_several_lines_stays_together(pipe: Pipe) -> None:
    pipe.write(b"before\n" + framed(b"one\ntwo\n") + b"after\n")
    assert ["before", "one\ntwo", "after"] == pipe.lines


def test_a_record_ends_a_line_that_was_not_ended(pipe: Pipe) -> None:
    pipe.write(b"half " + framed(b"one\ntwo") + b"after\n")
    assert ["half ", "one\ntwo", "after"] == pipe.lines


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_record_may_arrive_in_pieces(pipe: Pipe, cut: int) -> None:
    whole = framed(b"a\nb")
    pipe.write(whole[:cut])
    pipe.write(whole[cut:] + b"next\n")
    assert ["a\nb", "next"] == pipe.lines


def test_an_unfinished_record_shows_its_text(pipe: Pipe) -> None:
    pipe.write(framed(b"begun")[:-2])
    pipe.reader.drain()
    assert ["beg"] == pipe.lines


def test_bytes_that_are_no_text_are_replaced(pipe: Pipe) -> None:
    pipe.write(b"a\xffb\n")
    assert ["a\ufffdb"] == pipe.lines


def test_a_line_is_cut_at_the_size_of_a_log_event(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "LINE_BYTES_MAX", 10)
    pipe.write(b"x" * 25)
    pipe.reader.drain()
    assert "x" * 25 == "".join(pipe.lines)
    pipe.write(framed(b"y" * 25) + b"z\n")
    assert ["y" * 10, "z"] == pipe.lines[-2:]


def test_too_much_output_is_dropped_and_counted_for_each_invocation(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "INVOCATION_BYTES_MAX", 100)
    pipe.write(b"x\n" * 50)
    pipe.write(b"y\n" * 50)
    pipe.reader.finish_line()
    assert ["x"] * 50 + ["[100 bytes of output were dropped]"] == pipe.lines
    pipe.write(b"again\n")
    assert "again" == pipe.lines[-1]


def test_the_end_of_the_pipe_is_told() -> None:
    pipe = Pipe()
    os.close(pipe.writing)
    assert pipe.reader.read() is False
    pipe.reader.close()
