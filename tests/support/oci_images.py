"""Container images made by hand, and a client that pushes them as docker does."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def entry(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A file of a layer; `type` and `linkname` make others of it."""
    found = tarfile.TarInfo(name)
    found.size, found.mode = len(content), 0o755
    for field, value in fields.items():
        setattr(found, field, value)
    return found, content


def layer(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """An uncompressed layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for found, content in entries:
            archive.addfile(found, io.BytesIO(content))
    return buffer.getvalue()


class Image(NamedTuple):
    """A manifest and what it names."""

    manifest: bytes
    config: bytes
    layers: tuple[bytes, ...]
    media_type: str

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def image(
    *tars: bytes,
    config: Mapping[str, Any] | None = None,
    docker: bool = False,
    architecture: str = "amd64",
    **manifest: Any,
) -> Image:
    """An image of uncompressed layers, which it compresses."""
    layers = tuple(gzip.compress(tar, mtime=0) for tar in tars)
    document = {
        "architecture": architecture,
        "os": "linux",
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
    }
    written = json.dumps(document).encode()
    layer_type = DOCKER_LAYER if docker else OCI_LAYER
    described = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": descriptor(written, DOCKER_CONFIG if docker else OCI_CONFIG),
        "layers": [descriptor(each, layer_type) for each in layers],
        **manifest,
    }
    return Image(json.dumps(described).encode(), written, layers, str(described["mediaType"]))


def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def oci_archive(images: Mapping[str, Image]) -> bytes:
    """A file with images by their tags; an empty one is none."""
    described = []
    blobs: dict[str, bytes] = {}
    for tag, each in images.items():
        shown = descriptor(each.manifest, each.media_type)
        if tag:
            shown["annotations"] = {"org.opencontainers.image.ref.name": tag}
        described.append(shown)
        for content in (each.manifest, each.config, *each.layers):
            blobs[f"blobs/{digest_of(content).replace(':', '/')}"] = content
    index = json.dumps({"schemaVersion": 2, "manifests": described}).encode()
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **blobs}
    return layer(*[entry(name, content) for name, content in files.items()])


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        (error,) = self.json["errors"]
        return self.status, error["code"], error["message"]


class RegistryClient:
    """Speaks the distribution protocol over one connection."""

    def __init__(self, url: str, host: str = "", authorization: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._headers = {"Host": host} if host else {}
        if authorization:
            self._headers["Authorization"] = f"Basic {authorization}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        chunked = body is not None and not isinstance(body, bytes)
        self._connection.request(
            method, path, body, {**self._headers, **sent}, encode_chunked=chunked
        )
        answer = self._connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())

    def upload(self, name: str, content: bytes) -> Answer:
        """As docker does it: begin, send all of it as one chunked body, complete."""
        begun = self.ask("POST", f"/v2/{name}/blobs/uploads/", b"")
        assert begun.status == 202, begun
        pieces = (content[at : at + 65536] for at in range(0, len(content), 65536))
        added = self.ask("PATCH", begun.headers["location"], pieces)
        assert added.status == 202, added
        return self.ask("PUT", f"{added.headers['location']}?digest={digest_of(content)}", b"")

    def push(self, name: str, pushed: Image, reference: str) -> Answer:
        for content in (pushed.config, *pushed.layers):
            if self.ask("HEAD", f"/v2/{name}/blobs/{digest_of(content)}").status == 200:
                continue
            uploaded = self.upload(name, content)
            assert uploaded.status == 201, uploaded
        return self.put(name, reference, pushed.manifest, pushed.media_type)

    def put(self, name: str, reference: str, manifest: bytes, media_type: str) -> Answer:
        return self.ask(
            "PUT", f"/v2/{name}/manifests/{reference}", manifest, Content_Type=media_type
        )

    def close(self) -> None:
        self._connection.close()
