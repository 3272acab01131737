"""Message groups: when a group may be received from."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.services.sqs import store as queue_store
from pileus.services.sqs.fifo import store
from pileus.services.sqs.fifo.store import Group
from pileus.services.sqs.store import Queue, State

# A group's messages in flight were all taken by one receive, and were its first messages then.
_IN_FLIGHT_MAX = 10
_SETTLED_AT_ONCE = 50


def settle(tx: Transaction, generation: int, group: Group) -> int:
    """Write down how a group stands after its messages have changed.

    AWS hides the group, not the message, as long as one of its messages is in flight. Returns how
    many messages more than before are in flight.
    """
    places = store.first(tx, generation, group.key, _IN_FLIGHT_MAX)
    if not places:
        store.delete_group(tx, generation, group.key)
        return -group.in_flight
    flights = [place.visible_at for place in places if place.visible_at > tx.now]
    store.set_group(
        tx,
        generation,
        Group(
            group.key, int(bool(flights)), max(flights, default=places[0].sent_at),
            places[0].position, len(flights),
        ),
    )  # fmt: skip
    return len(flights) - group.in_flight


def settle_returned(tx: Transaction, queue: Queue, state: State) -> State:
    """Make the groups available whose messages have all come back."""
    landed = sum(
        settle(tx, state.generation, group)
        for group in store.returned_groups(tx, state.generation, _SETTLED_AT_ONCE)
    )
    due_at = store.next_ready(tx, state.generation, True, after=-1) or 0
    queue_store.count_swept(tx, queue.arn, due_at, delayed=0, in_flight=-landed)
    return state._replace(in_flight=state.in_flight + landed, due_at=due_at)
