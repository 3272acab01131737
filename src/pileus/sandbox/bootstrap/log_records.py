"""How a Python function's logging reaches the log: whole records, in AWS's format."""

from __future__ import annotations

import logging
import os
import struct
import sys
import time

# A record may span lines, so it goes out framed: these bytes, then its length. The host knows
# them at the beginning of a line only, and text cannot hold the last of them.
FRAME = b"\xa5\x5a\x00\x03"
_OUTPUT = 1


def write_record(text: str) -> None:
    """Write one record of any number of lines after what has been printed so far."""
    sys.stdout.flush()
    body = text.encode("utf-8", "replace")
    data = memoryview(FRAME + struct.pack(">I", len(body)) + body)
    while data:
        data = data[os.write(_OUTPUT, data) :]


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


def install() -> RequestIdFilter:
    """Give the root logger AWS's handler; the filter takes the request id of each invocation."""
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
        "%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    handler = RecordHandler()
    handler.setFormatter(formatter)
    request_ids = RequestIdFilter()
    handler.addFilter(request_ids)
    logging.getLogger().addHandler(handler)
    return request_ids
