"""Takes what other services hand over to a bucket: the payload becomes an object.

The delivery's attribute `Key` names it. What is larger than a row may be goes on to the object's
own ARN, and is put from there as any other object is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.kernel import blobs
from pileus.services.s3 import names, store
from pileus.services.s3.objects import facts, writes
from pileus.services.s3.objects.digests import Digests
from pileus.services.s3.objects.writes import Draft

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery

_EVENT = "ObjectCreated:Put"


def is_object(arn: str) -> bool:
    """Whether it names an object, and not a bucket."""
    return "/" in arn


def accept(call: Call, delivery: Delivery) -> None:
    """Write the object in the transaction of its cause."""
    tx, body, key = call.tx, delivery.body, str(delivery.attributes["Key"])
    if len(body) > blobs.ROW_BYTES_MAX:
        store.find_bucket(tx)
        tx.deliver(
            to=f"{delivery.to}/{key}", payload=body, because=delivery.because,
            policy=delivery.policy,
        )  # fmt: skip
        return
    digest = Digests({}, {})
    digest.update(body)
    draft = Draft(names.key_bytes(key), 0, "", "", facts.read({}), _EVENT)
    writes.write(tx, writes.complete(draft, digest), body)


async def send(call: Call, delivery: Delivery) -> None:
    """Put a large object; again is the same."""
    # A key may have colons.
    bucket, _, key = delivery.to.split(":", 5)[5].partition("/")
    await call.invoke("s3", "PutObject", Bucket=bucket, Key=key, Body=delivery.body)
