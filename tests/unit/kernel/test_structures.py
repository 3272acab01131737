"""Threads that decode the same structures for the first time do not end the process."""

from __future__ import annotations

import subprocess
import sys

# Each structure is decoded by all threads at about the same time, and holds another one.
_RACE = """
import sys, threading, msgspec
from pileus.kernel import structures

sys.setswitchinterval(1e-6)
source = "from __future__ import annotations\\nimport msgspec\\n"
for number in range(200):
    source += f"class Inner{number}(msgspec.Struct):\\n    a: int = 0\\n    b: list[int] = []\\n"
    source += f"class Outer{number}(msgspec.Struct):\\n"
    source += f"    inner: Inner{number}\\n    others: dict[str, Inner{number}]\\n    c: int = 0\\n"
exec(source)
outers = [globals()[f"Outer{number}"] for number in range(200)]
structures.settle()
body = b'{"inner": {"a": 1}, "others": {"x": {"b": [2]}}, "c": 3}'

def decode():
    for outer in outers:
        assert msgspec.json.decode(body, type=outer).others["x"].b == [2]

threads = [threading.Thread(target=decode) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("decoded")
"""


def test_threads_may_decode_at_once_after_structures_are_settled() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _RACE], capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "decoded\n", "") == (run.returncode, run.stdout, run.stderr)
