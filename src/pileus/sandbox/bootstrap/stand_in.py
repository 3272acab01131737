"""What many a function looks like; `rehearsal` loads and runs it."""

import json
import os
from typing import Any

_NAME = os.environ.get("NAME", "nobody")


class Greeting:
    """Something with members."""

    def __init__(self, event: dict[str, Any], context: Any) -> None:
        self.texts = [each["body"] for each in event["Records"]]
        self.request_id = context.aws_request_id

    def as_answer(self) -> dict[str, Any]:
        body = {"name": _NAME, "texts": self.texts, "request": self.request_id}
        return {"statusCode": 200, "body": json.dumps(body)}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return Greeting(event, context).as_answer()
