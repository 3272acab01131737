"""How a Python function's logging reaches the log: whole records, as text or as JSON."""

from __future__ import annotations

import json
import logging
import os
import struct
import sys
import time
import traceback

from . import clock
from .failures import Failure

# A record may span lines, so it goes out framed: these bytes, then its length. The host knows
# them at the beginning of a line only, and no text has the last of them.
FRAME = b"\xa5\x5a\x00\x03"
_OUTPUT = 1
_SECONDS = "%Y-%m-%dT%H:%M:%S"
# docs: python-logging, log levels. Python has no TRACE, and another word for FATAL.
_LEVELS = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
}


def _is_json() -> bool:
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def write_record(text: str) -> None:
    """Write one record of any number of lines after what has been printed so far."""
    sys.stdout.flush()
    body = text.encode("utf-8", "replace")
    data = memoryview(FRAME + struct.pack(">I", len(body)) + body)
    while data:
        data = data[os.write(_OUTPUT, data) :]


def write_failure(failure: Failure) -> None:
    """What the log gets of an exception that nobody caught."""
    if not _is_json():
        write_record(failure.text)
        return
    moment = time.strftime(f"{_SECONDS}Z", time.gmtime(clock.epoch_ms() / 1000))
    document = {"timestamp": moment, "level": "ERROR", **failure.document}
    write_record(json.dumps(document, ensure_ascii=False))


class RecordHandler(logging.Handler):
    """The root logger's handler."""

    def emit(self, record: logging.LogRecord) -> None:
        write_record(self.format(record))


class RequestIdFilter(logging.Filter):
    """Puts the current request's id on each record."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


class JsonFormatter(logging.Formatter):
    """docs: python-logging, advanced logging controls."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            "timestamp": self.formatTime(record, f"{_SECONDS}Z"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            document["stackTrace"] = traceback.format_tb(trace)
            document["errorType"] = kind.__name__
            document["errorMessage"] = str(error)
            document["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        document |= {key: value for key, value in vars(record).items() if key not in _KNOWN}
        document["requestId"] = getattr(record, "aws_request_id", None)
        return json.dumps(document, default=str, ensure_ascii=False)


# What every record has; the rest was given as `extra`.
_KNOWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "aws_request_id", "taskName"}


def install() -> RequestIdFilter:
    """Give the root logger AWS's handler; the filter takes the request id of each invocation."""
    if _is_json():
        formatter: logging.Formatter = JsonFormatter()
    else:
        line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        formatter = logging.Formatter(line, _SECONDS)
    formatter.converter = time.gmtime
    handler = RecordHandler()
    handler.setFormatter(formatter)
    request_ids = RequestIdFilter()
    handler.addFilter(request_ids)
    root = logging.getLogger()
    root.addHandler(handler)
    level = _LEVELS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", ""))
    if level is not None:
        root.setLevel(level)
    return request_ids
