"""What ECR tells the default event bus: images that were pushed and deleted.

docs: AmazonECR/latest/userguide/ecr-eventbridge
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.kernel.changes import PlatformEvent

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.ecr.store import Repository

_SOURCE, _DETAIL_TYPE = "aws.ecr", "ECR Image Action"


def pushed(tx: Transaction, repository: Repository, digest: str, tag: str) -> None:
    _announce(tx, repository, digest, tag, "PUSH")


def deleted(tx: Transaction, repository: Repository, digest: str, tag: str) -> None:
    _announce(tx, repository, digest, tag, "DELETE")


def _announce(tx: Transaction, repository: Repository, digest: str, tag: str, action: str) -> None:
    detail = {
        "result": "SUCCESS",
        "repository-name": repository.name,
        "image-digest": digest,
        "action-type": action,
    }
    if tag:
        detail["image-tag"] = tag
    tx.announce(PlatformEvent(repository.arn, _SOURCE, _DETAIL_TYPE, detail))
