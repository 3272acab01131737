"""A signature is made once, whoever makes it, and only ever for the text that it was begun for."""

from __future__ import annotations

import threading

import pytest

from pileus.services.sns import signatures
from pileus.services.sns.signatures import Begun, SigningThreads


class Signer:
    """Counts; says by whom and for what it was asked; waits where it is told to."""

    path = "/certificate"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.let_go = threading.Event()
        self.let_go.set()

    def sign(self, text: str, version: str) -> str:
        self.let_go.wait(30)
        self.asked.append((text, version))
        return f"{text}-{version}"


def begun(threads: SigningThreads, signer: Signer, text: str) -> Begun:
    signature = threads.begin(signer, text, "1")  # type: ignore[arg-type]
    assert signature is not None
    return Begun("id", 0, signature, signer.path)


def test_a_text_is_signed_once() -> None:
    signer, threads = Signer(), SigningThreads()
    made = begun(threads, signer, "a")
    assert ["a-1", "a-1"] == [made.sign("a", "1"), made.sign("a", "1")]
    threads.stop()
    assert [("a", "1")] == signer.asked


def test_another_text_or_version_is_signed_anew() -> None:
    signer, threads = Signer(), SigningThreads()
    made = begun(threads, signer, "a")
    assert ["b-1", "a-2", "a-1"] == [
        made.sign("b", "1"), made.sign("a", "2"), made.sign("a", "1"),
    ]  # fmt: skip
    threads.stop()


def test_threads_sign_what_nobody_asks_for_yet() -> None:
    signer, threads = Signer(), SigningThreads()
    for number in range(20):
        begun(threads, signer, str(number))
    threads.stop()
    assert sorted(str(number) for number in range(20)) == sorted(text for text, _ in signer.asked)


def test_no_more_is_begun_than_may_wait() -> None:
    signer, threads = Signer(), SigningThreads()
    signer.let_go.clear()
    tried = [
        threads.begin(signer, str(number), "1")  # type: ignore[arg-type]
        for number in range(signatures._WAITING_MAX + 10)
    ]
    assert tried[-1] is None
    signer.let_go.set()
    threads.stop()


def test_a_signature_that_failed_on_a_thread_fails_for_who_needs_it() -> None:
    class Failing(Signer):
        def sign(self, text: str, version: str) -> str:
            raise ValueError(text)

    signer, threads = Failing(), SigningThreads()
    made = begun(threads, signer, "a")
    with pytest.raises(ValueError, match="a"):
        made.sign("a", "1")
    threads.stop()
