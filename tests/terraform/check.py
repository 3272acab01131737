"""Let Terraform make, change and remove everything that *.tf beside this file describes.

`python -m tests.terraform.check` needs `terraform` in PATH and its AWS provider, from the registry
or from a folder with packages (`--mirror DIR`). No pytest run needs it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).parents[2]
    sys.path[:0] = [str(root / "tests"), str(root), str(root / "src")]

from simulation.crash_server import CrashServer

HERE = Path(__file__).parent
_MIRROR = """provider_installation {
  filesystem_mirror {
    path = "%s"
  }
}
"""


class Terraform:
    """One working directory, against one endpoint."""

    def __init__(self, folder: Path, endpoint: str, mirror: Path | None) -> None:
        self._folder = folder
        for file in HERE.glob("*.tf"):
            shutil.copy(file, folder)
        self._environment = os.environ | {
            "TF_VAR_endpoint": endpoint, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
        }  # fmt: skip
        if mirror is not None:
            settings = folder / "terraformrc"
            settings.write_text(_MIRROR % mirror)
            self._environment["TF_CLI_CONFIG_FILE"] = str(settings)

    def run(self, *words: str, suffix: str = "") -> int:
        """The exit status of a command; what it says goes to standard output."""
        print("terraform", *words, flush=True)
        environment = self._environment | {"TF_VAR_suffix": suffix}
        return subprocess.run(
            ["terraform", *words, "-no-color"], cwd=self._folder, env=environment, check=False
        ).returncode


def check(terraform: Terraform) -> list[str]:
    """What went wrong: a command that failed, or a plan that is not empty after an apply."""
    problems = []
    if terraform.run("init"):
        return ["terraform init failed"]
    for suffix in ("", "-changed"):
        if terraform.run("apply", "-auto-approve", suffix=suffix):
            problems.append(f"apply failed with the suffix '{suffix}'")
        elif terraform.run("plan", "-detailed-exitcode", suffix=suffix):
            problems.append(f"after apply there is more to change, with the suffix '{suffix}'")
    if terraform.run("destroy", "-auto-approve"):
        problems.append("destroy failed")
    return problems


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirror", type=Path, help="a folder with provider packages")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pileus-terraform-") as name:
        folder = Path(name)
        work = folder / "work"
        work.mkdir()
        server = CrashServer(folder / "data")
        server.start()
        try:
            problems = check(Terraform(work, f"http://127.0.0.1:{server.port}", wanted.mirror))
        finally:
            server.kill()
    print("\n".join(problems) or "Terraform made, changed and removed everything.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
