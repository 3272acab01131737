"""What only some messages have, as their rows hold it."""

from __future__ import annotations

import msgspec

from pileus.services.sqs.message_attributes import Attributes


class Extras(msgspec.Struct, frozen=True, omit_defaults=True):
    """What only some messages have; a row holds it as JSON, or an empty text for none of it."""

    attributes: Attributes = {}
    trace_header: str = ""
    group_id: str = ""
    deduplication_id: str = ""
    # The queue that the message was dead-lettered from.
    dead_letter_source: str = ""
    # How often it was received in other queues.
    earlier_receives: int = 0


NO_EXTRAS = Extras()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Extras).decode


def extras_text(extras: Extras) -> str:
    return "" if extras is NO_EXTRAS else _encode(extras).decode()


def extras_of(text: str) -> Extras:
    return _decode(text) if text else NO_EXTRAS
