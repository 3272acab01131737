"""What a registry lists: its repositories, a repository's tags, an image's referrers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from pileus.kernel.request import Response
from pileus.kernel.transaction import Transaction
from pileus.services.ecr import manifests, names, repositories, shelf, store
from pileus.services.ecr.registry import answers
from pileus.services.ecr.registry.answers import Refused
from pileus.services.ecr.registry.asked import Asked
from pileus.services.ecr.store import Image

_LISTED_MAX = 1_000
_REFERRERS_MAX = 100


async def catalog(asked: Asked) -> Response:
    limit, after = _page(asked)
    about = names.registry_arn(asked.registry, asked.call.region)
    found = await asked.call.read(_repositories, after, limit + 1, about=about)
    return _listed(asked, "/v2/_catalog", {}, "repositories", found, limit)


def _repositories(tx: Transaction, after: str, at_most: int) -> list[str]:
    listed = tx.listed(repositories.REPOSITORIES, at_most=at_most, after=after)
    return [name for name, _ in listed]


async def tags(asked: Asked) -> Response:
    limit, after = _page(asked)
    found = await asked.call.read(_tags, after, limit + 1, about=asked.arn)
    path = f"/v2/{asked.name}/tags/list"
    return _listed(asked, path, {"name": asked.name}, "tags", found, limit)


def _tags(tx: Transaction, after: str, at_most: int) -> list[str]:
    return store.tags_after(tx, shelf.repository(tx, tx.about).id, after, at_most)


def _page(asked: Asked) -> tuple[int, str]:
    wanted = asked.query.get("n", "")
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) < 10):
        raise Refused(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
    limit = min(int(wanted), _LISTED_MAX) if wanted else _LISTED_MAX
    return limit, asked.query.get("last", "").replace("\0", "")


def _listed(
    asked: Asked, path: str, document: dict[str, Any], member: str, found: list[str], limit: int
) -> Response:
    page = found[:limit]
    headers = {}
    if len(found) > limit and page:
        query = urlencode({"last": page[-1], "n": limit})
        headers["link"] = f'<{path}?{query}>; rel="next"'
    return answers.in_json({**document, member: page}, headers)


async def referrers(asked: Asked) -> Response:
    """An index of the images that are about this one (OCI 1.1)."""
    if not names.DIGEST.fullmatch(asked.reference):
        raise answers.digest_invalid("The digest is not one of SHA-256.")
    wanted = asked.query.get("artifactType", "")
    after = asked.query.get("last", "").replace("\0", "")
    found = await asked.call.read(
        _referrers, asked.reference, after, _REFERRERS_MAX + 1, about=asked.arn
    )
    page = found[:_REFERRERS_MAX]
    headers = {"content-type": manifests.OCI_INDEX}
    if wanted:
        headers["oci-filters-applied"] = "artifactType"
    if len(found) > _REFERRERS_MAX:
        query = urlencode({"last": page[-1].digest, **({"artifactType": wanted} if wanted else {})})
        place = f"/v2/{asked.name}/referrers/{asked.reference}"
        headers["link"] = f'<{place}?{query}>; rel="next"'
    document = {
        "schemaVersion": 2,
        "mediaType": manifests.OCI_INDEX,
        "manifests": [_show(each) for each in page if wanted in ("", each.artifact_type)],
    }
    return answers.in_json(document, headers)


def _referrers(tx: Transaction, subject: str, after: str, at_most: int) -> list[Image]:
    repository = shelf.repository(tx, tx.about)
    return store.referrers(tx, repository.id, subject, after, at_most)


def _show(image: Image) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": image.manifest_bytes,
    }
    if image.artifact_type:
        shown["artifactType"] = image.artifact_type
    annotations = msgspec.json.decode(image.annotations)
    if annotations:
        shown["annotations"] = annotations
    return shown
