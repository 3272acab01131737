"""Many hand-overs that share their cause: a target that can is given all of its own at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pileus.kernel import deliveries
from pileus.kernel.deliveries import HOPS_MAX, Delivery, Handover, RetryPolicy

if TYPE_CHECKING:
    from pileus.kernel.errors import AwsError
    from pileus.kernel.service import Target
    from pileus.kernel.transaction import Transaction


class Parcel(NamedTuple):
    """What is handed over to one resource."""

    to: str  # ARN
    payload: bytes | str
    attributes: dict[str, Any]
    policy: RetryPolicy


class Arrival:
    """A delivery, and the transaction of its cause as seen from the resource that it is for."""

    __slots__ = ("delivery", "tx")

    def __init__(self, tx: Transaction, delivery: Delivery) -> None:
        self.tx = tx
        self.delivery = delivery


def deliver_all(tx: Transaction, parcels: Sequence[Parcel], because: str) -> list[Handover]:
    """Hand over each parcel as `deliver` does; how far each has come."""
    kernel = tx.kernel
    context = tx.context()
    may_go_on = context.hops < HOPS_MAX
    handovers: list[Handover] = []
    arrivals: list[Arrival] = []
    numbers: list[int] = []
    taker: Target | None = None
    for parcel in parcels:
        to = parcel.to
        target, place, part, accepts = kernel.routes.get(to) or deliveries.find_route(kernel, to)
        if (
            target is not None
            and target.accept_all is not None
            and (taker is None or target is taker)
            and accepts
            and may_go_on
            and kernel.store.is_together(tx.part, part)
        ):
            if taker is None:
                taker, context = target, context.handed_to(target.service)
            delivery = Delivery.within(
                tx, to, parcel.payload, because, parcel.attributes, parcel.policy, context
            )
            arrivals.append(Arrival(tx.within_part(part, place, tx.now), delivery))
            numbers.append(len(handovers))
            handovers.append(Handover.ACCEPTED)
        else:
            handovers.append(
                deliveries.deliver(
                    tx, to, parcel.payload, because, parcel.attributes, parcel.policy
                )
            )
    if taker is not None:
        refusals = _accept_all(tx, taker, arrivals)
        for number, arrival, refusal in zip(numbers, arrivals, refusals, strict=True):
            if refusal is not None:
                handovers[number] = deliveries.refuse(tx, arrival.delivery, refusal)
    return handovers


def _accept_all(
    tx: Transaction, target: Target, arrivals: Sequence[Arrival]
) -> Sequence[AwsError | None]:
    """Let the receiver take them. They share their cause, and so on whose behalf they come."""
    assert target.accept_all is not None
    call = deliveries.call_for(arrivals[0].tx, target, arrivals[0].delivery)
    for arrival in arrivals:
        arrival.tx.call = call
    refusals = target.accept_all(call, arrivals)
    tx.statements.handed_over += len(arrivals) - sum(refusal is not None for refusal in refusals)
    return refusals
