"""Who signed a request, and whether the signature holds."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from typing import Protocol

from pileus.gateway import canonical_requests as canonical
from pileus.gateway import signature_errors as errors
from pileus.gateway.credential_scopes import (
    Scope,
    read_authorization,
)
from pileus.gateway.signature_dates import (
    check_fresh,
    instant_of,
    nows_of,
    stamp_of_header,
)
from pileus.gateway.signature_errors import Family
from pileus.gateway.signing_keys import signing_key
from pileus.kernel.access import Directory, Key
from pileus.kernel.request import Request

DEFAULT_ACCOUNT = "000000000000"
ANONYMOUS = "anonymous"
# The key that every example uses. Whoever holds it may live by either clock.
TEST_KEY = Key("test", DEFAULT_ACCOUNT, f"arn:aws:iam::{DEFAULT_ACCOUNT}:root", clock="either")

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMED_PAYLOADS = frozenset(
    {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        # Event streams that a client sends: each event is signed by itself.
        "STREAMING-AWS4-HMAC-SHA256-EVENTS",
    }
)
PAYLOAD_HASH = re.compile(r"[0-9a-f]{64}")
ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class ChunkSeed:
    """What the signatures of a streamed body's pieces are computed from."""

    signing_key: bytes
    signature: str
    stamp: str
    scope: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller. An anonymous one has no key, and no region or service either."""

    access_key_id: str
    account_id: str
    principal_arn: str
    region: str
    service: str
    session_token: str = ""
    is_verified: bool = False
    # The body's SHA-256 as signed, where the body is still to come; "" where nothing is to check.
    content_sha256: str = ""
    # The x-amz-content-sha256 of a body in aws-chunked form; "" for others.
    streamed_payload: str = ""
    chunk_seed: ChunkSeed | None = None

    @property
    def is_anonymous(self) -> bool:
        return not self.access_key_id


NOBODY = Identity("", DEFAULT_ACCOUNT, ANONYMOUS, "", "")


class Clocks(Protocol):
    def now(self) -> int: ...

    def real_now(self) -> int: ...


class Signatures:
    """Checks requests against the keys of a directory.

    A key that nobody issued is let in unverified while `allows_unknown_keys`; its form and date
    must be right all the same.
    """

    def __init__(
        self, directory: Directory, clocks: Clocks, allows_unknown_keys: bool = True
    ) -> None:
        self.directory = directory
        self.clocks = clocks
        self.allows_unknown_keys = allows_unknown_keys

    def identify(
        self,
        request: Request,
        family: Family,
        signing_name: str | None = None,
        allows_anonymous: bool = False,
    ) -> Identity:
        """The caller of a request, or AWS's error as an exception.

        `signing_name` is the service that the signature must be for, where that is known.
        """
        authorization = request.headers.get("authorization")
        query = request.query
        if "X-Amz-" in query and ("X-Amz-Signature=" in query or "X-Amz-Algorithm=" in query):
            if authorization is not None:
                raise self.two_mechanisms(family)
            raise NotImplementedError
        if authorization is None:
            if allows_anonymous:
                return NOBODY
            raise errors.missing_token(family)
        return self.by_header(request, family, authorization, signing_name)

    def two_mechanisms(self, family: Family) -> Exception:
        if family is Family.S3:
            return errors.s3_two_mechanisms()
        return errors.invalid(
            family,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP "
            "header.",
        )

    def by_header(
        self, request: Request, family: Family, authorization: str, signing_name: str | None
    ) -> Identity:
        headers = request.headers
        stamp = headers.get("x-amz-date")
        if stamp is None:
            stamp = self.date_header(headers)
        scope, signature = read_authorization(family, authorization, stamp is not None)
        if stamp is None or (instant := instant_of(stamp)) is None:
            raise self.unreadable_date(family, stamp)
        if family is Family.S3:
            self.check_signed(headers, scope)
        elif "x-amz-target" in headers and "x-amz-target" not in scope.names:
            raise errors.invalid(
                family, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."
            )
        key = self.find(scope.access_key_id)
        clocks = self.clocks
        nows = nows_of(key.clock if key else "either", clocks.real_now(), clocks.now())
        check_fresh(family, stamp, instant, nows)
        scope.check_date(family, stamp, is_query=False)
        if signing_name is not None:
            scope.check_service(family, signing_name, is_query=False)
        token = headers.get("x-amz-security-token", "")
        payload = self.payload_of(request, family)
        if key is None:
            if not self.allows_unknown_keys:
                raise errors.unknown_key(family, scope.access_key_id)
        else:
            self.check_token(family, scope, key, token, nows)
            self.verify(request, family, scope, key, stamp, signature, payload)
        return self.identity(request, scope, key, token, stamp, signature, payload)

    def date_header(self, headers: dict[str, str]) -> str | None:
        date = headers.get("date")
        return None if date is None else (stamp_of_header(date) or date)

    def unreadable_date(self, family: Family, stamp: str | None) -> Exception:
        if family is Family.S3:
            return errors.s3_date_missing()
        return errors.incomplete(
            family,
            f"Date must be in ISO-8601 'basic format'. Got '{stamp}'. See "
            "http://en.wikipedia.org/wiki/ISO_8601",
        )

    def check_signed(self, headers: dict[str, str], scope: Scope) -> None:
        """S3 wants every header of its own signed, and the host."""
        names = scope.names
        unsigned = [
            name
            for name in headers
            if (name.startswith("x-amz-") or name == "host") and name not in names
        ]
        if unsigned:
            raise errors.s3_headers_not_signed(unsigned)

    def find(self, access_key_id: str) -> Key | None:
        if access_key_id == "test":
            return TEST_KEY
        return self.directory.find_key(access_key_id)

    def check_token(
        self, family: Family, scope: Scope, key: Key, token: str, nows: tuple[int, ...]
    ) -> None:
        if key.session_token and not hmac.compare_digest(
            key.session_token.encode(), token.encode("utf-8", "replace")
        ):
            raise errors.wrong_token(family, scope.access_key_id, token)
        if key.expires_at is not None and min(nows) >= key.expires_at:
            raise errors.expired_token(family, token)

    def payload_of(self, request: Request, family: Family) -> str:
        """What stands for the body in the canonical request."""
        given = request.headers.get("x-amz-content-sha256")
        if given is None:
            if family is Family.S3:
                raise errors.s3_content_hash_missing()
            return hashlib.sha256(request.body).hexdigest()
        if given == UNSIGNED_PAYLOAD or given in STREAMED_PAYLOADS:
            return given
        if family is not Family.S3:
            if request.stream is not None:
                return given
            return hashlib.sha256(request.body).hexdigest()
        if PAYLOAD_HASH.fullmatch(given) is None:
            raise errors.s3_content_hash_malformed(given)
        if request.stream is None:
            computed = hashlib.sha256(request.body).hexdigest()
            if computed != given:
                raise errors.s3_content_hash_differs(given, computed)
        return given

    def verify(
        self,
        request: Request,
        family: Family,
        scope: Scope,
        key: Key,
        stamp: str,
        signature: str,
        payload: str,
    ) -> None:
        is_s3 = family is Family.S3
        path = request.path
        query = request.query
        if path != "/":
            path = canonical.canonical_path(path, is_s3)
        if query:
            query = canonical.canonical_query(query, without="X-Amz-Signature")
        lines = canonical.canonical_headers(request.headers, scope.names)
        text = f"{request.method}\n{path}\n{query}\n{lines}\n{scope.names_text}\n{payload}"
        digest = hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()
        to_sign = f"{scope.algorithm}\n{stamp}\n{scope.text}\n{digest}"
        derived = signing_key(key.secret, scope.date, scope.region, scope.service)
        expected = hmac.digest(derived, to_sign.encode("latin-1", "replace"), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise errors.mismatch(family, scope.access_key_id, text, to_sign, signature)

    def identity(
        self,
        request: Request,
        scope: Scope,
        key: Key | None,
        token: str,
        stamp: str,
        signature: str,
        payload: str,
    ) -> Identity:
        access_key_id = scope.access_key_id
        if key is not None:
            account, principal = key.account_id, key.principal_arn
        else:
            account = access_key_id if ACCOUNT.fullmatch(access_key_id) else DEFAULT_ACCOUNT
            principal = f"arn:aws:iam::{account}:root"
        identity = Identity(
            access_key_id, account, principal, scope.region, scope.service, token, key is not None
        )
        if payload in STREAMED_PAYLOADS:
            seed = None
            if key is not None:
                derived = signing_key(key.secret, scope.date, scope.region, scope.service)
                seed = ChunkSeed(derived, signature, stamp, scope.text)
            return replace(identity, streamed_payload=payload, chunk_seed=seed)
        if request.stream is not None and PAYLOAD_HASH.fullmatch(payload) is not None:
            return replace(identity, content_sha256=payload)
        return identity
