"""A request's way from bytes to bytes: recognise, authenticate, parse, dispatch, respond."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pileus.gateway import (
    control,
    host_names,
    origins,
    s3_version_2_signatures,
    signed_texts,
    version_2_signatures,
)
from pileus.gateway.chunked_bodies import open_body
from pileus.gateway.endpoints import Endpoints
from pileus.gateway.page_requests import PageRequest, PageRequests, with_headers
from pileus.gateway.presigned_headers import heeded_headers, with_more_headers
from pileus.gateway.recognise import Recognised, Recogniser
from pileus.gateway.signature_errors import Family, family_of
from pileus.gateway.signatures import Identity, Signatures
from pileus.kernel.access import Signer
from pileus.kernel.blobs import ROW_BYTES_MAX
from pileus.kernel.call import NO_TRAILERS, Call, Context
from pileus.kernel.cross_origin import CrossOrigin
from pileus.kernel.errors import AwsError, internal_failure
from pileus.kernel.kernel import DEFAULT_ACCOUNT, DEFAULT_REGION
from pileus.kernel.request import Request, Response
from pileus.protocols import failures, requests, responses

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

Reply = Callable[[Response], None]

# Tells which members of a request were understood but not heeded.
IGNORED_HEADER = "x-pileus-ignored"


class Steps:
    """The pipeline. Plain functions over one request; only what waits gets a task."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._recogniser = Recogniser(kernel.registry)
        self._signatures = Signatures(kernel.directory, kernel.clock)
        self._endpoints = Endpoints(e for s in kernel.services for e in s.endpoints)
        self._streaming_methods = frozenset(
            group.streams for service in kernel.services for group in service.operations
        ) - {""}
        self._body_limits = [i for s in kernel.services for i in s.body_limits.items()]
        self._guard = origins.Guard(kernel.settings.allowed_hosts, kernel.settings.host)
        self._page_requests = PageRequests(kernel, self._recogniser)
        self._families: dict[tuple[str, str], Family] = {}
        kernel.identify = self._identify
        kernel.verify_text = partial(signed_texts.verify, self._signatures, kernel.directory)

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer one request, now or later, exactly once."""
        guard = self._guard
        refusal = guard.refuse_host(request)
        if refusal is not None:
            reply(refusal)
            return
        endpoint = self._endpoints.find(request)
        if endpoint is not None:
            # Users' own endpoints answer pages of any origin as their users configured them.
            if not endpoint.admits_any_origin and origins.is_from_browser(request):
                refusal = guard.refuse_origin(request)
                if refusal is not None:
                    reply(refusal)
                    return
            self._start(endpoint.name, endpoint.answer(self._unsigned(request), request), reply)
            return
        if origins.is_from_browser(request) or request.method == "OPTIONS":
            asked = self._page_requests.find(request, claimed_credential(request)[1])
            if asked is not None:
                self._start_judging(asked, request, reply)
                return
            self._guard_page(request, reply)
            return
        self._control_or_recognise(request, reply)

    def _guard_page(
        self, request: Request, reply: Reply, refusal: Callable[[], None] | None = None
    ) -> None:
        """Go on with a request of a page, unless its origin is a stranger."""
        guard = self._guard
        refused = guard.refuse_origin(request)
        if refused is not None and refusal is not None:
            refusal()
            return
        answered = refused or guard.preflight(request)
        if answered is not None:
            reply(answered)
            return
        self._control_or_recognise(request, guard.with_cors(request, reply))

    def _start_judging(self, asked: PageRequest, request: Request, reply: Reply) -> None:
        """Let the resource that a page asks for say what it may."""

        async def judge() -> None:
            found = await asked.judge(self._unsigned(request), request, asked.recognised.labels)
            self._admit_page(asked, found or CrossOrigin(), request, reply)

        async def run() -> None:
            error = await self._kernel.supervised(judge())
            if error is not None:
                reply(responses.unrecognised(internal_failure(), self._kernel.ids.uuid()))
                raise error

        self._kernel.tasks.start("judge origin", run())

    def _admit_page(
        self, asked: PageRequest, found: CrossOrigin, request: Request, reply: Reply
    ) -> None:
        def refuse(error: AwsError) -> None:
            self._refuse(asked.recognised, error, self._kernel.ids.uuid(), reply)

        refusal = found.refusal
        if isinstance(found.answer, AwsError):
            refuse(found.answer)
        elif found.answer is not None:
            reply(found.answer)
        elif found.headers is None:
            self._guard_page(request, reply, partial(refuse, refusal) if refusal else None)
        else:
            refused = None if found.is_admitted else self._guard.refuse_origin(request)
            if refused is not None:
                reply(refused)
                return
            self._control_or_recognise(request, with_headers(reply, found.headers))

    def _control_or_recognise(self, request: Request, reply: Reply) -> None:
        answer = control.find(request.path)
        if answer is not None:
            self._start("control", answer(self._kernel, request), reply)
            return
        self._recognise(request, reply)

    def wants_stream(self, request: Request) -> bool:
        """Bodies are taken whole, but for those that are read as they come."""
        if request.method in self._streaming_methods and self._streams_operation(request):
            return True
        return self._endpoints.streams(request.method, request.path, request.headers)

    def _streams_operation(self, request: Request) -> bool:
        """Whether the request's operation takes its body in pieces; small ones come whole."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) <= ROW_BYTES_MAX:
            return False
        service = claimed_credential(request)[1]
        host = host_names.parse(request.headers.get("host", ""))
        try:
            operation = self._recogniser.recognise(request, service, host).operation
        except AwsError:
            return False
        return operation is not None and operation.streams

    def body_limit(self, method: str, path: str, headers: dict[str, str]) -> int:
        """How many bytes a request may send; asked only where that is more than usual."""
        return max(
            (size for prefix, size in self._body_limits if path.startswith(prefix)), default=0
        )

    # The steps of an API request, in order.

    def _recognise(self, request: Request, reply: Reply) -> None:
        request_id = self._kernel.ids.uuid()
        access_key_id, service = claimed_credential(request)
        host = host_names.parse(request.headers.get("host", ""))
        carried = heeded_headers(request.query) if service == "s3" and request.query else {}
        try:
            recognised = self._recogniser.recognise(
                with_more_headers(request, carried), service, host
            )
        except AwsError as error:
            reply(responses.unrecognised(error, request_id))
            return
        directory = self._kernel.directory
        if not directory.must_load(access_key_id):
            self._authenticate(request, reply, recognised, request_id, host, carried)
            return
        proceed = partial(self._authenticate, request, reply, recognised, request_id, host, carried)
        task = self._kernel.tasks.start("load key", directory.load_key(access_key_id))
        task.add_done_callback(lambda _: proceed())

    def _authenticate(
        self,
        request: Request,
        reply: Reply,
        recognised: Recognised,
        request_id: str,
        host: host_names.HostName,
        carried: dict[str, str],
    ) -> None:
        operation = recognised.operation
        try:
            identity = self._signatures.identify(
                request,
                self._family(recognised),
                allows_anonymous=operation is not None and operation.allows_anonymous,
            )
            request = with_more_headers(request, carried)
            trailers = NO_TRAILERS
            if identity.streamed_payload or identity.content_sha256:
                trailers = open_body(request, identity)
            if operation is None:
                raise failures.unknown_operation(
                    recognised.service, recognised.protocol, recognised.asked_for
                )
            params = requests.parse(
                request, recognised.service, recognised.protocol, operation.model, recognised.labels
            )
        except AwsError as error:
            self._refuse(recognised, error, request_id, reply)
            return
        call = self._call(request, recognised, identity, request_id, host)
        call.trailers = trailers
        self._dispatch(call, recognised, params, reply)

    def _dispatch(
        self, call: Call, recognised: Recognised, params: dict[str, Any], reply: Reply
    ) -> None:
        operation = recognised.operation
        assert operation is not None
        ignored = operation.ignored(params)
        if ignored and self._kernel.settings.strict:
            names = ", ".join(ignored)
            error = AwsError(
                "NotImplemented",
                f"{operation.name} does not support: {names}.",
                status=501,
                fault="Receiver",
            )
            self._refuse(recognised, error, call.request_id, reply)
            return
        done = partial(self._respond, recognised, call.request_id, ignored, reply)
        self._kernel.dispatch.submit(call, operation, params, done)

    def _respond(
        self,
        recognised: Recognised,
        request_id: str,
        ignored: list[str],
        reply: Reply,
        output: dict[str, Any] | None,
        error: AwsError | None,
    ) -> None:
        if error is not None:
            self._refuse(recognised, error, request_id, reply)
            return
        assert recognised.operation is not None
        assert output is not None
        response = responses.success(
            recognised.operation.model, recognised.protocol, output, request_id
        )
        if ignored:
            response.headers[IGNORED_HEADER] = ",".join(ignored)
        reply(response)

    def _refuse(
        self, recognised: Recognised, error: AwsError, request_id: str, reply: Reply
    ) -> None:
        model = recognised.operation.model if recognised.operation is not None else None
        reply(responses.failure(recognised.service, model, recognised.protocol, error, request_id))

    # What the steps need.

    def _family(self, recognised: Recognised) -> Family:
        key = (recognised.service.name, recognised.protocol)
        family = self._families.get(key)
        if family is None:
            family = family_of(recognised.service.signing_name, recognised.protocol)
            self._families[key] = family
        return family

    def _call(
        self,
        request: Request,
        recognised: Recognised,
        identity: Identity,
        request_id: str,
        host: host_names.HostName,
    ) -> Call:
        headers = request.headers
        context = Context(
            identity.account_id,
            identity.region or host.region or DEFAULT_REGION,
            recognised.service.name,
            identity.principal_arn,
            identity.access_key_id,
            headers.get("x-amzn-trace-id", ""),
        )
        return Call(
            self._kernel,
            context,
            recognised.asked_for,
            request_id,
            f"http://{headers['host']}" if "host" in headers else "",
            request.is_connected,
            request.environment_id,
            when_lost=request.when_lost,
            protocol=recognised.protocol,
        )

    async def _identify(self, request: Request, signing_name: str) -> Signer:
        """Who signed a request to an endpoint, which may be no API."""
        access_key_id, _ = claimed_credential(request)
        directory = self._kernel.directory
        if directory.must_load(access_key_id):
            await directory.load_key(access_key_id)
        identity = self._signatures.identify(request, Family.REST_JSON, signing_name)
        if identity.streamed_payload or identity.content_sha256:
            open_body(request, identity)
        return Signer(identity.access_key_id, identity.account_id, identity.principal_arn)

    def _unsigned(self, request: Request) -> Call:
        """The call of a request that is no API call and is judged by its endpoint."""
        context = Context(DEFAULT_ACCOUNT, DEFAULT_REGION, "pileus")
        return Call(
            self._kernel,
            context,
            "",
            self._kernel.ids.uuid(),
            f"http://{request.headers.get('host', '')}",
            request.is_connected,
            request.environment_id,
            when_lost=request.when_lost,
        )

    def _start(self, name: str, work: Awaitable[Response], reply: Reply) -> None:
        self._kernel.tasks.start(name, self._finish(work, reply))

    async def _finish(self, work: Awaitable[Response], reply: Reply) -> None:
        answered: list[Response] = []

        async def run() -> None:
            answered.append(await work)

        error = await self._kernel.supervised(run())
        if error is not None:
            request_id = self._kernel.ids.uuid()
            reply(responses.unrecognised(internal_failure(), request_id))
            raise error
        reply(answered[0])


def claimed_credential(request: Request) -> tuple[str, str]:
    """The access key id and the service that a request says it was signed with, unchecked."""
    text = request.headers.get("authorization", "")
    _, found, rest = text.partition("Credential=")
    if not found:
        if "X-Amz-Credential=" not in request.query:
            access_key_id = s3_version_2_signatures.access_key_of(text, request.query)
            if access_key_id:
                return access_key_id, "s3"
            return "" if text else version_2_signatures.access_key_of(request), ""
        rest = request.query.partition("X-Amz-Credential=")[2].partition("&")[0]
        rest = rest.replace("%2F", "/").replace("%2f", "/")
    parts = rest.partition(",")[0].split("/")
    if len(parts) < 4:
        return "", ""
    return parts[0], parts[-2].strip()
