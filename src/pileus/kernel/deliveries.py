"""Hand-overs from one service to another: durable, bounded, retried, dead-lettered.

The receiver owns the adapter (`Target`). Where cause and target share a database the target
accepts inside the transaction of the cause; else an outbox row is tried when due. Inserting at the
receiver is idempotent: an accepted id is remembered for a day.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call, Context
from pileus.kernel.errors import AwsError

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.service import Target
    from pileus.kernel.transaction import Transaction

log = logging.getLogger(__name__)

HOPS_MAX = 16
# The service field of ARNs that mean the kernel itself; the rest names where its rows lie.
KERNEL = "pileus"
KERNEL_ARN = f"arn:aws:{KERNEL}:::"
TIMER = "kernel:delivery"
FORGET_TIMER = "kernel:accepted"
_REMEMBERED_MS = 24 * 3600 * 1000
_FORGOTTEN_AT_ONCE = 500


# Which of a policy's limits ended a delivery; empty where the refusal was final.
Exhausted = Literal["", "MaximumRetryAttempts", "MaximumEventAgeInSeconds"]


class RetryPolicy(msgspec.Struct, frozen=True):
    """When to try again, and where the payload goes when that is over."""

    attempts_max: int = 185  # EventBridge's default: 24 hours of exponential back-off
    age_max_seconds: int = 24 * 3600
    first_pause_seconds: int = 1
    pause_max_seconds: int = 600
    dead_letter_arn: str = ""
    # Refusals with these codes are final: trying again would not help.
    final_codes: tuple[str, ...] = ()
    # False: no refusal by the target itself (it is gone, it is too long) is tried again.
    retries_refusals: bool = True
    # False: the dead letter is as it was sent, without the attributes that tell why.
    explains_dead_letters: bool = True


class Handover(Enum):
    """How far a delivery has come in the transaction of its cause."""

    ACCEPTED = auto()
    WAITING = auto()
    # Refused for good, and given to the dead-letter queue if there is one.
    REFUSED = auto()


DEFAULT_POLICY = RetryPolicy()
_ROUTES_MAX = 10_000


class Route(NamedTuple):
    """Where deliveries to an ARN go: the same for as long as the process lives."""

    # None where no service takes deliveries for the ARN.
    target: Target | None
    place: str
    part: int
    # Whether the target accepts inside a transaction.
    accepts: bool


class Delivery(msgspec.Struct, frozen=True):
    """One hand-over, as the receiver's `Target` sees it."""

    id: str
    to: str  # ARN
    because: str  # ARN of the resource that caused it
    payload: str
    attributes: dict[str, Any]
    context: Context
    policy: RetryPolicy
    is_base64: bool = False

    @staticmethod
    def new(
        tx: Transaction,
        to: str,
        payload: bytes | str,
        because: str,
        attributes: dict[str, Any],
        policy: RetryPolicy,
        service: str = KERNEL,
    ) -> Delivery:
        """What is handed over to a resource of a service."""
        context = tx.context().handed_to(service)
        return Delivery.within(tx, to, payload, because, attributes, policy, context)

    @staticmethod
    def within(
        tx: Transaction,
        to: str,
        payload: bytes | str,
        because: str,
        attributes: dict[str, Any],
        policy: RetryPolicy,
        context: Context,
    ) -> Delivery:
        """As `new`, where it is known on whose behalf the receiver takes it."""
        is_base64 = False
        if isinstance(payload, str):
            text = payload
        else:
            try:
                text = payload.decode()
            except UnicodeDecodeError:
                text, is_base64 = base64.b64encode(payload).decode(), True
        return Delivery(
            tx.kernel.ids.uuid(), to, because, text, attributes, context, policy, is_base64
        )

    @property
    def about(self) -> str:
        """The resource whose partition takes it."""
        return place_of(self.to)

    @property
    def body(self) -> bytes:
        return base64.b64decode(self.payload) if self.is_base64 else self.payload.encode()


_INSERT = """
INSERT INTO kernel_deliveries (part, id, delivery, attempts, first_at, last_error)
VALUES (:part, :id, :delivery, :attempts, :now, :error)
"""
_READ = """
SELECT delivery, attempts, first_at FROM kernel_deliveries WHERE part = :part AND id = :id
"""
_DELETE = "DELETE FROM kernel_deliveries WHERE part = :part AND id = :id"
_FAILED = """
UPDATE kernel_deliveries SET attempts = :attempts, last_error = :error
WHERE part = :part AND id = :id
"""
_REMEMBER = """
INSERT INTO kernel_accepted (part, id, at) VALUES (:part, :id, :now)
ON CONFLICT (part, id) DO NOTHING
"""
_FORGET = """
DELETE FROM kernel_accepted WHERE part = :part AND id IN (
  SELECT id FROM kernel_accepted WHERE part = :part AND at <= :before LIMIT :limit)
"""


def deliver(
    tx: Transaction,
    to: str,
    payload: bytes | str,
    because: str,
    attributes: dict[str, Any],
    policy: RetryPolicy,
) -> Handover:
    """Hand over inside the transaction where the target can take it, else by the outbox."""
    kernel = tx.kernel
    target, place, part, accepts = kernel.routes.get(to) or find_route(kernel, to)
    service = target.service if target is not None else ""
    delivery = Delivery.new(tx, to, payload, because, attributes, policy, service)
    if delivery.context.hops > HOPS_MAX:
        log.warning("delivery dropped after %d hops: to=%s because=%s", HOPS_MAX, to, because)
        return Handover.REFUSED
    if target is None or not accepts or not kernel.store.is_together(tx.part, part):
        enqueue(tx, delivery, error="")
        return Handover.WAITING
    effects = len(tx.effects)
    try:
        inner = tx.within_part(part, place, tx.now)
        if target.refuses_cleanly:
            accept(inner, target, delivery)
        else:
            tx.statements.savepoint(lambda: accept(inner, target, delivery))
    except AwsError as refusal:
        del tx.effects[effects:]
        return refuse(tx, delivery, refusal)
    tx.statements.handed_over += 1
    return Handover.ACCEPTED


def refuse(tx: Transaction, delivery: Delivery, refusal: AwsError) -> Handover:
    """See to it that the delivery is tried again, or is given up."""
    policy = delivery.policy
    given_up = _given_up(policy, 1, tx.now, tx.now, _is_final(refusal, policy))
    if given_up is None:
        enqueue(tx, delivery, error=str(refusal), attempts=1)
        return Handover.WAITING
    _give_up(tx, delivery, 1, given_up, str(refusal))
    return Handover.REFUSED


def find_route(kernel: Kernel, to: str) -> Route:
    target = target_of(kernel.targets, to)
    place = place_of(to)
    accepts = target is not None and target.accepts(to)
    if len(kernel.routes) >= _ROUTES_MAX:
        kernel.routes.clear()
    route = Route(target, place, kernel.store.partition(place), accepts)
    kernel.routes[to] = route
    return route


def _is_final(refusal: AwsError, policy: RetryPolicy) -> bool:
    if refusal.code in policy.final_codes:
        return True
    return not policy.retries_refusals and refusal.fault == "Sender"


def place_of(to: str) -> str:
    """What a target lies with: itself, but for the kernel's own (`arn:aws:pileus:::ABOUT`)."""
    return to.removeprefix(KERNEL_ARN)


def target_of(targets: Mapping[str, Target], to: str) -> Target | None:
    parts = arns.parse(to)
    return None if parts is None else targets.get(parts.service)


def accept(tx: Transaction, target: Target, delivery: Delivery) -> None:
    """Let the receiver take it, in its own partition and on behalf of the cause."""
    assert target.accept is not None
    target.accept(call_for(tx, target, delivery), delivery)


def call_for(tx: Transaction, target: Target, delivery: Delivery) -> Call:
    """The call in which a receiver takes a delivery."""
    context = delivery.context.within(target.service)
    call = Call(tx.kernel, context, "Deliver", delivery.id)
    call.tx = tx
    tx.call = call
    return call


def enqueue(tx: Transaction, delivery: Delivery, *, error: str, attempts: int = 0) -> None:
    """Write the outbox row, due now or (after a refusal) after the first pause."""
    text = msgspec.json.encode(delivery).decode()
    tx.run(_INSERT, id=delivery.id, delivery=text, attempts=attempts, error=error)
    pause_ms = delivery.policy.first_pause_seconds * 1000 if attempts else 0
    tx.set_timer(TIMER, delivery.id, tx.now + pause_ms)


async def attempt(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """The outbox timer: try once; then remove the row, set the next attempt, or dead-letter."""
    found = await call.read(_load, key, about=call.about)
    if found is None:
        return
    delivery: Delivery = found
    target = target_of(call.kernel.targets, delivery.to)
    error = ""
    is_final = False
    try:
        if target is None:
            error = f"InvalidTarget: nothing takes deliveries for {delivery.to}"
        elif target.accepts(delivery.to):
            await call.transaction(_accept_once, delivery, about=delivery.about)
        else:
            assert target.send is not None
            outer = call.kernel.call_for(delivery.context, target.service, "Deliver")
            await target.send(outer, delivery)
    except AwsError as refusal:
        error = str(refusal)
        is_final = _is_final(refusal, delivery.policy)
    except Exception as failure:
        log.exception("delivery %s to %s failed", delivery.id, delivery.to)
        error = f"InternalFailure: {type(failure).__name__}"
    await call.transaction(_conclude, key, error, is_final, about=call.about)


def _load(tx: Transaction, key: str) -> Delivery | None:
    row = tx.one(_READ, id=key)
    return None if row is None else msgspec.json.decode(row[0], type=Delivery)


def _accept_once(tx: Transaction, delivery: Delivery) -> None:
    if tx.run(_REMEMBER, id=delivery.id) == 0:
        return
    tx.set_timer(FORGET_TIMER, str(tx.part), tx.now + _REMEMBERED_MS)
    target = target_of(tx.kernel.targets, delivery.to)
    assert target is not None
    accept(tx, target, delivery)


def _conclude(tx: Transaction, key: str, error: str, is_final: bool) -> None:
    row = tx.one(_READ, id=key)
    tx.finish_timer(TIMER, key)
    if row is None:
        return
    delivery = msgspec.json.decode(row[0], type=Delivery)
    attempts, first_at = row[1] + 1, row[2]
    if not error:
        tx.run(_DELETE, id=key)
        return
    given_up = _given_up(delivery.policy, attempts, first_at, tx.now, is_final)
    if given_up is None:
        tx.run(_FAILED, id=key, attempts=attempts, error=error)
        tx.set_timer(TIMER, key, tx.now + _pause_ms(delivery.policy, attempts))
        return
    tx.run(_DELETE, id=key)
    _give_up(tx, delivery, attempts, given_up, error)


def _pause_ms(policy: RetryPolicy, attempts: int) -> int:
    seconds: int = policy.first_pause_seconds * 2 ** min(attempts - 1, 20)
    return 1000 * min(policy.pause_max_seconds, seconds)


def _given_up(
    policy: RetryPolicy, attempts: int, first_at: int, now: int, is_final: bool
) -> Exhausted | None:
    """Why there will be no other attempt, or None."""
    if is_final:
        return ""
    if attempts >= policy.attempts_max:
        return "MaximumRetryAttempts"
    if now + _pause_ms(policy, attempts) - first_at > policy.age_max_seconds * 1000:
        return "MaximumEventAgeInSeconds"
    return None


def _give_up(
    tx: Transaction, delivery: Delivery, attempts: int, exhausted: Exhausted, error: str
) -> None:
    """The end of a delivery: its dead-letter resource is told why, if there is one."""
    log.warning("delivery given up: to=%s because=%s %s", delivery.to, delivery.because, error)
    policy = delivery.policy
    if not policy.dead_letter_arn or policy.dead_letter_arn == delivery.to:
        return
    attributes = delivery.attributes
    if policy.explains_dead_letters:
        attributes = {
            **attributes,
            "ERROR_CODE": _code_of(error),
            "ERROR_MESSAGE": error,
            "EXHAUSTED_RETRY_CONDITION": exhausted,
            "RETRY_ATTEMPTS": attempts - 1,
            "TARGET_ARN": delivery.to,
        }
    tx.deliver(
        to=policy.dead_letter_arn, payload=delivery.body, because=delivery.because,
        attributes=attributes,
    )  # fmt: skip


def _code_of(error: str) -> str:
    """The code of an error as text: `CODE: message`."""
    return error.partition(":")[0]


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: forget accepted ids older than a day, a page at a time."""
    tx = call.tx
    before = tx.now - _REMEMBERED_MS
    if tx.run(_FORGET, before=before, limit=_FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
        tx.set_timer(FORGET_TIMER, key, tx.now)
