"""What the README shows in Python works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest

from support.running import Running

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_python_of_the_readme_runs(pileus: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    for name, value in re.findall(r"(AWS_\w+)=(\S+)", README.read_text()):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", pileus.url)
    url = boto3.client("sqs").create_queue(QueueName="work")["QueueUrl"]
    exec(code, {})
    messages = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert ["hello"] == [message["Body"] for message in messages]
