"""The key that messages are signed with."""

from __future__ import annotations

import subprocess
import sys


def test_only_making_a_key_takes_what_certificates_need() -> None:
    program = "import sys, pileus.services.sns.signing; print('cryptography.x509' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "False\n" == ran.stdout
