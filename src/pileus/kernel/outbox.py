"""Mail, text and push messages that were sent, for everybody to read; mail may be carried on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from pileus.kernel import mail

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.transaction import Transaction

TIMER = "kernel:outbox"
Channel = Literal["email", "sms", "push"]
PAGE_MAX = 1_000
# How long a message can be read, by the platform's clock.
_DAY_MS = 24 * 3600 * 1000
KEPT_MS = 14 * _DAY_MS
_DROPPED_AT_ONCE = 200

_INSERT = """
INSERT INTO kernel_outbox (part, number, at, account, channel, recipient, message)
VALUES (:part, :number, :now, :account, :channel, :recipient, :message)
"""
_READ = """
SELECT at, number, message FROM kernel_outbox
WHERE part >= :first AND part <= :last
  AND (:account = '' OR account = :account) AND (:channel = '' OR channel = :channel)
  AND (:recipient = '' OR recipient = :recipient)
ORDER BY at DESC, number DESC LIMIT :limit
"""
_DROP = """
DELETE FROM kernel_outbox WHERE part = :part AND number IN (
  SELECT number FROM kernel_outbox WHERE part = :part AND at <= :before
  ORDER BY number LIMIT :limit)
"""
_LAST = "SELECT number FROM kernel_outbox WHERE part = :part ORDER BY number DESC LIMIT 1"


class Message(msgspec.Struct, frozen=True):
    """One message as the outbox shows it."""

    id: str
    at: int
    account: str
    region: str
    service: str
    channel: str
    to: str
    because: str
    body: str
    subject: str = ""
    sender: str = ""
    # What only one channel has: the kind of an SMS, the platform of a device.
    attributes: dict[str, Any] = {}


def put(
    tx: Transaction,
    *,
    channel: Channel,
    to: str,
    because: str,
    body: str,
    subject: str = "",
    sender: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> str:
    """Send a message with the commit; its id."""
    context = tx.context()
    message = Message(
        tx.kernel.ids.uuid(), tx.now, context.account, context.region, context.service, channel,
        to, because, body, subject, sender, dict(attributes or {}),
    )  # fmt: skip
    text = msgspec.json.encode(message).decode()
    last = tx.one(_LAST)
    tx.run(
        _INSERT, number=1 + (last[0] if last else 0), account=message.account, channel=channel,
        recipient=to, message=text,
    )  # fmt: skip
    # One timer for the messages of a day.
    day = tx.now // _DAY_MS
    tx.set_timer(TIMER, str(day), (day + 1) * _DAY_MS + KEPT_MS)
    if channel == "email" and tx.kernel.mail.is_carried:
        tx.deliver(to=mail.arn_of(to), payload=text.encode(), because=because, policy=mail.POLICY)
    return message.id


async def read(
    kernel: Kernel, *, account: str = "", channel: str = "", to: str = "", limit: int = PAGE_MAX
) -> list[dict[str, Any]]:
    """The newest messages, the newest first."""
    found: list[tuple[int, int, str]] = []
    for parts in kernel.store.partition_sets():
        found += await kernel.store_read(
            _newest, parts, account, channel, to, limit, part=parts.start
        )
    found.sort(reverse=True)
    return [msgspec.json.decode(text) for _, _, text in found[:limit]]


def _newest(
    tx: Transaction, parts: range, account: str, channel: str, to: str, limit: int
) -> list[tuple[int, int, str]]:
    rows = tx.all(
        _READ, at_most=limit, first=parts.start, last=parts.stop - 1, account=account,
        channel=channel, recipient=to, limit=limit,
    )  # fmt: skip
    return [(at, number, text) for at, number, text in rows]


async def carry(call: Call, delivery: Delivery) -> None:
    """Target: one letter on its way to the mail server, tried when due."""
    await call.kernel.mail.carry(msgspec.json.decode(delivery.payload, type=Message))


def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: forget messages that have been kept long enough, a page at a time."""
    tx = call.tx
    if tx.run(_DROP, before=tx.now - KEPT_MS, limit=_DROPPED_AT_ONCE) == _DROPPED_AT_ONCE:
        tx.set_timer(TIMER, key, tx.now)
