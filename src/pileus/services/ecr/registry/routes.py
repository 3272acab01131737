"""The endpoint of the registry: which requests are its own, whose registry they mean, who answers.

It answers at `ACCOUNT.dkr.ecr.REGION.HOST/v2/` and, for the account that the password or else the
default says, at plain addresses.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from pileus.kernel.call import Context
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request, Response
from pileus.services.ecr import layers, names, tokens
from pileus.services.ecr.registry import answers, blobs, listings, pushes
from pileus.services.ecr.registry.answers import Refused
from pileus.services.ecr.registry.asked import Asked

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_NAME = r"(?P<name>[^?]+)"
PATHS = ("/v2", layers.DOWNLOADS)
_STREAMED = re.compile(r"/v2/.+/blobs/uploads/[^/]*")
_OURS = re.compile(r"/v2/?|/v2/_catalog|/v2/.+/(?:blobs|manifests|referrers)/.*|/v2/.+/tags/list")
_Methods = Mapping[str, Callable[[Asked], Awaitable[Response]]]
_DOWNLOAD = re.compile(
    r"(?P<account>[0-9]{12})/(?P<region>[a-z0-9-]+)/(?P<name>.+)/(?P<rest>[^/]+)"
)


def matches(request: Request) -> bool:
    path = request.path
    if path.startswith("/v2"):
        # Other services have paths below /v2/ too, and their requests are signed.
        is_signed = request.headers.get("authorization", "").startswith("AWS4-")
        return not is_signed and _OURS.fullmatch(path) is not None
    return path.startswith(layers.DOWNLOADS)


def streams(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Layers are of any size."""
    return (
        path.startswith("/v2/")
        and _STREAMED.fullmatch(path) is not None
        and not headers.get("authorization", "").startswith("AWS4-")
    )


async def answer(call: Call, request: Request) -> Response:
    try:
        if request.path.startswith(layers.DOWNLOADS):
            return await _download(call, request)
        return await _answer(call, request)
    except Refused as refused:
        return answers.refusal(refused)
    except AwsError as error:
        return answers.refusal(answers.of_aws(error))
    except ConnectionError:
        # Nobody is there to read this.
        return answers.answer(400)


async def _answer(call: Call, request: Request) -> Response:
    registry, region = _registry(call, request)
    try:
        fields = parse_qsl(request.query, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Refused(400, "UNSUPPORTED", "The query is not readable.") from None
    path = unquote(request.path)
    for pattern, methods in _ROUTES:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        found = match.groupdict()
        name = found.get("name", "")
        if name and (len(name) > names.NAME_LENGTH_MAX or not names.NAME.fullmatch(name)):
            raise Refused(400, "NAME_INVALID", "invalid repository name")
        work = methods.get(request.method)
        if work is None:
            raise answers.unsupported()
        own = call.kernel.call_for(Context(registry, region, "ecr"), "ecr", request.method)
        return await work(Asked(own, request, dict(fields), registry, name, found.get("rest", "")))
    raise Refused(404, "UNSUPPORTED", "There is no such resource.")


def _registry(call: Call, request: Request) -> tuple[str, str]:
    """Account and region: as the host says, else the password, else the default."""
    token = tokens.read(request.headers.get("authorization", ""))
    if token is not None and token.expires_at <= call.now:
        message = "Your authorization token has expired. Reauthenticate and try again."
        raise Refused(403, "DENIED", message)
    host = names.registry_of_host(request.headers.get("host", ""))
    if host is not None:
        return host
    return (token.account, token.region) if token is not None else (call.account, call.region)


async def _download(call: Call, request: Request) -> Response:
    """What GetDownloadUrlForLayer has given away."""
    match = _DOWNLOAD.fullmatch(unquote(request.path[len(layers.DOWNLOADS) :]))
    if match is None or not names.NAME.fullmatch(match["name"]):
        raise Refused(404, "BLOB_UNKNOWN", "There is no such layer.")
    own = call.kernel.call_for(Context(match["account"], match["region"], "ecr"), "ecr", "GET")
    asked = Asked(own, request, {}, match["account"], match["name"], match["rest"])
    if request.method == "GET":
        return await blobs.read(asked)
    if request.method == "HEAD":
        return await blobs.head(asked)
    raise answers.unsupported()


async def _greet(asked: Asked) -> Response:
    return answers.in_json({})


def _routes(*routes: tuple[str, _Methods]) -> tuple[tuple[re.Pattern[str], _Methods], ...]:
    return tuple((re.compile(pattern), methods) for pattern, methods in routes)


_ROUTES = _routes(
    (r"/v2/?", {"GET": _greet, "HEAD": _greet}),
    (r"/v2/_catalog", {"GET": listings.catalog}),
    (rf"/v2/{_NAME}/tags/list", {"GET": listings.tags}),
    (rf"/v2/{_NAME}/referrers/(?P<rest>[^/]+)", {"GET": listings.referrers}),
    (rf"/v2/{_NAME}/blobs/uploads/?", {"POST": blobs.begin}),
    (
        rf"/v2/{_NAME}/blobs/uploads/(?P<rest>[^/]+)",
        {
            "GET": blobs.status,
            "PATCH": blobs.add,
            "PUT": blobs.complete,
            "DELETE": blobs.cancel,
        },
    ),
    (rf"/v2/{_NAME}/blobs/(?P<rest>[^/]+)", {"GET": blobs.read, "HEAD": blobs.head}),
    (
        rf"/v2/{_NAME}/manifests/(?P<rest>[^/]+)",
        {
            "GET": pushes.read,
            "HEAD": pushes.read,
            "PUT": pushes.put,
            "DELETE": pushes.delete,
        },
    ),
)
