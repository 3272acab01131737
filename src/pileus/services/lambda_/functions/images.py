"""Container images of functions: found in ECR, checked, merged once by the fleet."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from pileus.kernel import arns
from pileus.kernel.blobs import BlobGone
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.fleet import (
    BadPackage,
    ImageLayer,
    ImageProgram,
    Installed,
    PackageTooLarge,
)
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import image_archives
from pileus.services.lambda_.functions.configurations import Function, Image
from pileus.services.lambda_.functions.image_archives import NoImage
from pileus.services.lambda_.functions.packages import Package
from pileus.services.lambda_.layers import package_users

# docs: gettingstarted-limits, container image code package size
IMAGE_BYTES_MAX = 10_737_418_240
_CONFIG_BYTES_MAX = 1 << 20
# Not AWS's: what an image says about itself becomes part of the function's row.
_WORDS_BYTES_MAX = 65_536

_MANIFESTS = {
    "application/vnd.docker.distribution.manifest.v2+json": (
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar",
    ),
    "application/vnd.oci.image.manifest.v1+json": (
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar",
    ),
}
# Whether a layer's media type says that it is compressed.
_COMPRESSIONS = {"": False, "+gzip": True, ".gzip": True}
_URI = re.compile(
    r"(?P<host>[^/]+)/(?P<name>[a-z0-9][a-z0-9._/-]*)(?P<tag>:[A-Za-z0-9_][\w.-]{0,299})?"
    r"(?P<digest>@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
_HOST = re.compile(r"([0-9]{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\..+")
_LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|localhost\.localstack\.cloud)(?::[0-9]+)?")


class _Descriptor(msgspec.Struct):
    mediaType: str  # noqa: N815
    digest: str


class _Manifest(msgspec.Struct):
    config: _Descriptor
    layers: list[_Descriptor]


class _Program(msgspec.Struct, rename="pascal"):
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    env: list[str] | None = None
    working_dir: str = ""


class _Tree(msgspec.Struct):
    diff_ids: list[str]


class _Config(msgspec.Struct):
    rootfs: _Tree
    config: _Program | None = None


class _Source(NamedTuple):
    """A repository of ECR's, and which of its images."""

    host: str
    account: str
    name: str
    image_id: dict[str, str]


# What a function may say.


def check_settings(wanted: Mapping[str, Any]) -> None:
    """Refuse what only zip packages have."""
    if any(wanted.get(name) for name in ("handler", "runtime", "layers")):
        raise errors.not_for_images()


def check_absent(code: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse what only images have."""
    if code.get("ImageUri") is not None:
        raise errors.image_for_zip("creating")
    if wanted.get("image_config"):
        raise errors.image_config_for_zip()


# Taking an image.


async def take(call: Call, uri: str | None, arn: str) -> tuple[Package, Image]:
    """Find an image, check it and have it unpacked; the package is its manifest."""
    if uri is None:
        raise errors.image_needed("creating")
    if uri.startswith(image_archives.PREFIX):
        text, media_type, image = await _in_file(call, uri)
    else:
        text, media_type, image = await _in_registry(call, uri)
    if media_type not in _MANIFESTS:
        raise errors.image_unsupported(uri)
    digest = hashlib.sha256(text).hexdigest()
    config = await _unpack(call, digest, text, image)
    await package_users.note(call, digest, arn)
    # AWS shows the digest as the code's hash, and a size of 0. The limit of zips is not an image's.
    return Package(digest, digest, 0, 0, text), _described(image, config)


Found = tuple[bytes, str, Image]


async def _in_file(call: Call, uri: str) -> Found:
    name, tag = image_archives.split(uri)
    folder = call.kernel.settings.images
    try:
        archive = await asyncio.to_thread(image_archives.open_archive, folder, name)
        text, media_type = image_archives.manifest(archive, tag)
    except NoImage as problem:
        raise errors.image_missing(uri) from problem
    resolved = f"{image_archives.PREFIX}{name}@sha256:{hashlib.sha256(text).hexdigest()}"
    return text, media_type, Image(uri=uri, resolved_uri=resolved, repository_arn="")


async def _in_registry(call: Call, uri: str) -> Found:
    source = _source(call, uri)
    text, media_type = await _manifest(call, source, uri)
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    repository = arns.build("ecr", call.region, source.account, f"repository/{source.name}")
    resolved = f"{source.host}/{source.name}@{digest}"
    return text, media_type, Image(uri=uri, resolved_uri=resolved, repository_arn=repository)


def _source(call: Call, uri: str) -> _Source:
    match = _URI.fullmatch(uri)
    if match is None or not (match["tag"] or match["digest"]):
        raise errors.image_invalid(uri)
    account = call.account
    if (host := _HOST.fullmatch(match["host"])) is not None:
        account = host[1]
        if host[2] != call.region:
            raise errors.image_invalid(uri)
    elif not _LOCAL_HOST.fullmatch(match["host"]):
        raise errors.image_invalid(uri)
    if match["digest"]:
        return _Source(match["host"], account, match["name"], {"imageDigest": match["digest"][1:]})
    return _Source(match["host"], account, match["name"], {"imageTag": match["tag"][1:]})


async def _manifest(call: Call, source: _Source, uri: str) -> tuple[bytes, str]:
    try:
        found = await call.invoke(
            "ecr",
            "BatchGetImage",
            registryId=source.account,
            repositoryName=source.name,
            imageIds=[source.image_id],
        )
    except AwsError as refusal:
        if refusal.code == "RepositoryNotFoundException":
            raise errors.image_missing(uri) from refusal
        raise errors.image_invalid(uri) from refusal
    if not found["images"]:
        raise errors.image_missing(uri)
    image = found["images"][0]
    return str(image["imageManifest"]).encode(), image["imageManifestMediaType"]


async def _unpack(call: Call, digest: str, text: bytes, image: Image) -> _Config:
    """Have the fleet merge an image's layers; what the image says of itself."""
    uri = image.uri
    try:
        manifest = msgspec.json.decode(text, type=_Manifest)
        kinds = [each.mediaType for each in manifest.layers]
        is_compressed = [_is_compressed(kind) for kind in kinds]
        config_type = manifest.config.mediaType
        if config_type not in {config for config, _ in _MANIFESTS.values()}:
            raise errors.image_unsupported(uri)
        read = await _contents(call, image)
        config = msgspec.json.decode(await _load(read(manifest.config.digest)), type=_Config)
    except (msgspec.MsgspecError, RecursionError, KeyError) as problem:
        raise errors.image_unsupported(uri) from problem
    except (BlobGone, NoImage) as problem:
        raise errors.image_missing(uri) from problem
    if len(config.rootfs.diff_ids) != len(manifest.layers):
        raise errors.image_unsupported(uri)
    layers = [
        ImageLayer(partial(read, each.digest), compressed, diff_id)
        for each, compressed, diff_id in zip(
            manifest.layers, is_compressed, config.rootfs.diff_ids, strict=True
        )
    ]
    try:
        await call.kernel.fleet.install_image(digest, layers)
    except (BlobGone, NoImage) as problem:
        raise errors.image_missing(uri) from problem
    except BadPackage as problem:
        raise errors.image_invalid(uri) from problem
    except PackageTooLarge as problem:
        raise errors.image_too_large(uri, IMAGE_BYTES_MAX) from problem
    return config


def _is_compressed(kind: str) -> bool:
    """Raises KeyError for a media type that Lambda does not take."""
    known = next((tar for _, tar in _MANIFESTS.values() if kind.startswith(tar)), None)
    return _COMPRESSIONS[kind.removeprefix(known) if known else kind]


async def _contents(call: Call, image: Image) -> Callable[[str], AsyncIterator[bytes]]:
    """What reads the contents of an image by their digests."""
    if not image.repository_arn:
        name, _ = image_archives.split(image.uri)
        folder = call.kernel.settings.images
        return (await asyncio.to_thread(image_archives.open_archive, folder, name)).read

    def read(digest: str) -> AsyncIterator[bytes]:
        # A layer is a blob of its repository, named by its digest.
        name = digest.removeprefix("sha256:")
        return call.kernel.blobs.read(name, about=image.repository_arn)

    return read


async def _load(content: AsyncIterator[bytes]) -> bytes:
    """A small content; what is too large ends early, and is then no document."""
    found = bytearray()
    async for chunk in content:
        found += chunk
        if len(found) > _CONFIG_BYTES_MAX:
            break
    return bytes(found)


def _described(image: Image, config: _Config) -> Image:
    said = config.config or _Program()
    pairs = [each.partition("=") for each in said.env or []]
    described = msgspec.structs.replace(
        image,
        entry_point=said.entrypoint or [],
        command=said.cmd or [],
        working_directory=said.working_dir,
        variables={name: value for name, found, value in pairs if found and name},
    )
    written = msgspec.json.encode(described)
    # No program can be given a zero byte.
    if b"\\u0000" in written or len(written) > _WORDS_BYTES_MAX:
        raise errors.image_unsupported(image.uri)
    return described


# Running one.


async def installed(call: Call, function: Function, image: Image) -> Installed:
    """The unpacked image of a function; unpacked again where this machine has lost it."""
    digest = function.code_digest
    found = call.kernel.fleet.installed(digest)
    if found is not None:
        return found
    try:
        text = await call.kernel.blobs.load(digest, about=function.arn)
    except BlobGone as problem:
        raise errors.image_missing(image.uri) from problem
    await _unpack(call, digest, text, image)
    await package_users.note(call, digest, function.arn)
    found = call.kernel.fleet.installed(digest)
    assert found is not None, "an image that was unpacked is there"
    return found


def program(function: Function) -> ImageProgram | None:
    """What runs: the function's words, or else the image's."""
    image, config = function.image, function.image_config
    if image is None:
        return None
    entry_point, command = _words(function, image)
    directory = (config.working_directory if config else "") or image.working_directory
    # An image that says nothing of what to run cannot be; the exec fails and says so.
    return ImageProgram([*entry_point, *command] or ["/"], directory or "/")


def first_command(function: Function) -> str:
    """By convention the handler: AWS's base images take it from there."""
    command = _words(function, function.image)[1] if function.image else []
    return command[0] if command else ""


def _words(function: Function, image: Image) -> tuple[list[str], list[str]]:
    """Entry point and command. As in Docker, an entry point of the function's own comes without
    the image's command."""
    entry_point, command, config = image.entry_point, image.command, function.image_config
    if config is not None:
        if config.entry_point is not None:
            entry_point, command = config.entry_point, []
        if config.command is not None:
            command = config.command
    return entry_point, command
