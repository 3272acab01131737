"""Before the transaction of a publish: what its signatures will cover is decided, and signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pileus.services.sns import envelopes, signing
from pileus.services.sns.signing import Prepared
from pileus.services.sns.signing_process import Order
from pileus.services.sns.topic_arns import FIFO_SUFFIX

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_ENTRIES = "publish_batch_request_entries"


def prepare_publish(call: Call, members: Mapping[str, Any], go_on: Callable[[], None]) -> None:
    version = _version(call)
    if version is None or members.get("message_structure") is not None:
        go_on()
    else:
        _have_signed(call, version, [(members["message"], members.get("subject"))], go_on)


def prepare_batch(call: Call, members: Mapping[str, Any], go_on: Callable[[], None]) -> None:
    version = _version(call)
    entries = members[_ENTRIES]
    if version is None or any("MessageStructure" in entry for entry in entries):
        go_on()
    else:
        said = [(entry["Message"], entry.get("Subject")) for entry in entries]
        _have_signed(call, version, said, go_on)


def _version(call: Call) -> str | None:
    """In which version the topic's messages will be signed; None where they seem not to be."""
    if call.about.endswith(FIFO_SUFFIX):
        # A repeated message keeps the name that it was given first.
        return None
    return signing.signing_of(call).versions.get(call.about)


def _have_signed(
    call: Call, version: str, said: Sequence[tuple[str, str | None]], go_on: Callable[[], None]
) -> None:
    prepared = Prepared(call.now, [call.kernel.ids.uuid() for _ in said], version)
    at = envelopes.timestamp(prepared.at)
    texts = [
        envelopes.notification_text(text, message_id, subject, at, call.about)
        for message_id, (text, subject) in zip(prepared.ids, said, strict=True)
    ]

    def signed(signatures: Sequence[str]) -> None:
        prepared.signatures = dict(zip(texts, signatures, strict=False))
        go_on()

    call.prepared = prepared
    signing.signing_of(call).ahead.sign([Order(text, version) for text in texts], signed)
