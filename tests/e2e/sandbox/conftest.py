"""One fleet for all tests of the sandbox: each test has environments of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.sandbox.machine import Machine


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("sandbox"))
    yield machine
    machine.close()
