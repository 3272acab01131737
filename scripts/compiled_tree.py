"""A copy of `src` whose busiest modules are compiled to C by mypyc: see docs/decisions/0021.

`compiled_tree.py make` makes it below build/compiled; `compiled_tree.py find` prints where it is,
or nothing where there is none of the present sources.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src"
TREES = ROOT / "build" / "compiled"
DONE = "compiled"

# What each request passes through, below src/pileus. Not here: what the compiler cannot do
# (asynchronous generators), structures that msgspec decodes (it would not see what they hold), and
# classes from which interpreted ones inherit.
MODULES = {
    "gateway": """
        canonical_requests connection credential_scopes deadline endpoints exchange host_names
        origins recognise request_head request_reader response_bytes signature_claims
        signature_dates signatures signing_keys steps
    """,
    "protocols": """
        aws_json aws_query headers integrity json_values requests responses rest rest_answers texts
    """,
    "aws_models": "bind linear_match patterns quick_check routes validate",
    "kernel": """
        access arns call clock deliveries dispatch fan_outs ids kernel metering metrics registry
        request traces transaction work
    """,
    "kernel/database": "batches bindings jobs lane sqlite_session statements turns",
    "services/dynamodb": "table_names",
    "languages/event_patterns": "index pattern",
    "services/events": "event hand_over names put_events routing",
    "services/s3": "names",
    "services/sns": "envelopes fan_out preparations publishing",
    "services/sqs": "deposits drafts kinds rules sends store",
    "services/sqs/standard": "messages store",
}

_BUILD = """
import sys
from mypyc.build import mypycify
from setuptools import setup
files, sys.argv = sys.argv[1:], ["setup.py", "-q", "build_ext", "--inplace"]
options = ["--config-file", "mypy.ini", *files]
setup(name="pileus", ext_modules=mypycify(options, opt_level="2", debug_level="0"))
"""
_SETTINGS = """[mypy]
strict = true
ignore_missing_imports = true
"""


def main(arguments: list[str]) -> int:
    if arguments == ["find"]:
        print(found() or "", end="")
        return 0
    if arguments == ["make"]:
        return make()
    print(__doc__, file=sys.stderr)
    return 2


def found() -> Path | None:
    """The tree of the present sources, if it has been made."""
    tree = place()
    return tree if (tree / DONE).exists() else None


def place() -> Path:
    """Where the tree of the present sources for this interpreter is, or would be."""
    digest = hashlib.sha256(f"{sys.version} {platform.machine()} {MODULES}".encode())
    for path in sorted(SOURCES.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return TREES / digest.hexdigest()[:16]


def make() -> int:
    if found() is not None:
        return 0
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists() or shutil.which("cc") is None:
        print("Compiling needs a C compiler and the headers of Python.", file=sys.stderr)
        return 1
    shutil.rmtree(TREES, ignore_errors=True)
    half_done = TREES / "half-done"
    shutil.copytree(
        SOURCES / "pileus", half_done / "pileus", ignore=shutil.ignore_patterns("__pycache__")
    )
    (half_done / "mypy.ini").write_text(_SETTINGS)
    files = [str(path) for path in chosen()]
    print(f"Compiling {len(files)} modules ...", file=sys.stderr)
    built = subprocess.run(
        [sys.executable, "-c", _BUILD, *files], cwd=half_done, stdin=subprocess.DEVNULL, check=False
    )
    if built.returncode != 0:
        return 1
    shutil.rmtree(half_done / "build")
    (half_done / DONE).touch()
    half_done.rename(place())
    return 0


def chosen() -> Iterator[Path]:
    for folder, names in MODULES.items():
        for name in names.split():
            yield Path("pileus", folder, f"{name}.py")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
