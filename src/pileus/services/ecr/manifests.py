"""Image manifests as they are pushed: what they are, and which layers and images they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.services.ecr import names

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
IMAGES = (DOCKER_MANIFEST, OCI_MANIFEST)
INDEXES = (DOCKER_LIST, OCI_INDEX)
MANIFEST_BYTES_MAX = 4_194_304
# Not AWS's: all that one image names changes in one transaction.
REFERENCES_MAX = 250
_ANNOTATIONS_BYTES_MAX = 16_384
_TYPE = re.compile(r"[!-~]{1,255}")


class InvalidManifest(Exception):
    """The text is no manifest that ECR takes; says why."""


class Manifest(NamedTuple):
    media_type: str
    # Digests that must be in the repository: configuration and layers; images of an index.
    layers: tuple[str, ...]
    images: tuple[str, ...]
    size_bytes: int
    subject: str
    artifact_type: str
    annotations: dict[str, str]


def read(text: bytes, stated_type: str = "") -> Manifest:
    """Read a manifest that is said to be of a media type; raises InvalidManifest."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise InvalidManifest("it is not JSON") from problem
    if not isinstance(document, dict) or document.get("schemaVersion") != 2:
        raise InvalidManifest("its schemaVersion is not 2")
    media_type = _media_type(document, stated_type.partition(";")[0].strip())
    if media_type in INDEXES:
        images = tuple(_descriptor(each)[0] for each in _listed(document, "manifests"))
        layers: tuple[str, ...] = ()
        size_bytes, artifact_type = 0, document.get("artifactType", "")
    else:
        config = document.get("config")
        described = [config, *_listed(document, "layers")]
        layers = tuple(_descriptor(each)[0] for each in described if not _is_elsewhere(each))
        size_bytes = sum(_descriptor(each)[1] for each in described)
        images = ()
        config_type = config.get("mediaType", "") if isinstance(config, dict) else ""
        artifact_type = document.get("artifactType") or config_type
    if len(layers) + len(images) > REFERENCES_MAX:
        raise InvalidManifest(f"it names more than {REFERENCES_MAX} layers or images")
    subject = document.get("subject")
    return Manifest(
        media_type,
        layers,
        images,
        size_bytes,
        _descriptor(subject)[0] if subject is not None else "",
        _checked_type(artifact_type),
        _annotations(document),
    )


def _media_type(document: Mapping[str, Any], stated: str) -> str:
    own = document.get("mediaType", "")
    known = (*IMAGES, *INDEXES)
    if stated in known and own and own != stated:
        raise InvalidManifest(f"its mediaType is {own} and it was sent as {stated}")
    for candidate in (stated, own):
        if candidate in known:
            return str(candidate)
    if not own and stated in ("", "application/json"):
        # OCI let manifests leave their type out.
        return OCI_INDEX if "manifests" in document else OCI_MANIFEST
    raise InvalidManifest(f"the media type {own or stated} is not supported")


def _checked_type(found: object) -> str:
    if not found:
        return ""
    if not isinstance(found, str) or not _TYPE.fullmatch(found):
        raise InvalidManifest("its artifactType is no media type")
    return found


def _listed(document: Mapping[str, Any], member: str) -> list[Any]:
    found = document.get(member)
    if not isinstance(found, list) or len(found) > REFERENCES_MAX:
        raise InvalidManifest(f"its {member} are not a list of at most {REFERENCES_MAX}")
    return found


def _descriptor(found: object) -> tuple[str, int]:
    """Digest and size."""
    if not isinstance(found, dict):
        raise InvalidManifest("a descriptor is no object")
    digest, size_bytes = found.get("digest"), found.get("size")
    if not isinstance(digest, str) or not names.DIGEST.fullmatch(digest):
        raise InvalidManifest("a descriptor has no digest of SHA-256")
    if type(size_bytes) is not int or not 0 <= size_bytes < 1 << 53:
        raise InvalidManifest("a descriptor has no size")
    return digest, size_bytes


def _is_elsewhere(found: object) -> bool:
    """Whether a layer is one that clients fetch from its vendor and never push."""
    if not isinstance(found, dict):
        return False
    kind = str(found.get("mediaType", ""))
    return bool(found.get("urls")) and ("foreign" in kind or "nondistributable" in kind)


def _annotations(document: Mapping[str, Any]) -> dict[str, str]:
    """What a list of referrers shows; those of absurd size are not shown."""
    found = document.get("annotations")
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        return {}
    return found if len(msgspec.json.encode(found)) <= _ANNOTATIONS_BYTES_MAX else {}
