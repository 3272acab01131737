"""Which kind of queue a queue is."""

from __future__ import annotations

from pileus.services.sqs.fifo.messages import FIFO
from pileus.services.sqs.kind import Kind
from pileus.services.sqs.standard.messages import STANDARD
from pileus.services.sqs.store import Queue


def kind_of(queue: Queue) -> Kind:
    return FIFO if queue.attributes.is_fifo else STANDARD
