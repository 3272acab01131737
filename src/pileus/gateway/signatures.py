"""Who signed a request, and whether the signature holds."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Protocol

import msgspec

from pileus.gateway import s3_version_2_signatures, version_2_signatures
from pileus.gateway import signature_errors as errors
from pileus.gateway.canonical_requests import (
    canonical_headers,
    canonical_path,
    canonical_query,
    literal_query,
)
from pileus.gateway.credential_scopes import ECDSA_ALGORITHM
from pileus.gateway.signature_claims import (
    PAYLOAD_HASH,
    STREAMED_PAYLOADS,
    Claim,
    claim_of_header,
    claim_of_query,
    is_presigned,
)
from pileus.gateway.signature_dates import check_fresh, check_unexpired, nows_of
from pileus.gateway.signature_errors import Family
from pileus.gateway.signing_keys import SigningKey, signing_key
from pileus.kernel.access import Directory, Key
from pileus.kernel.request import Request

DEFAULT_ACCOUNT = "000000000000"
# The key that every example uses. Whoever holds it may live by either clock.
TEST_KEY = Key("test", DEFAULT_ACCOUNT, f"arn:aws:iam::{DEFAULT_ACCOUNT}:root", clock="either")
# The signature itself is no part of what it signs.
PRESIGNED = "X-Amz-Signature"
ACCOUNT = re.compile(r"[0-9]{12}")


class ChunkSeed(msgspec.Struct, frozen=True):
    """What the signatures of a streamed body's pieces are computed from."""

    access_key_id: str
    secret: str
    signing_key: SigningKey
    signature: str
    stamp: str
    scope: str


class Identity:
    """The caller. An anonymous one has no key, and no region or service either."""

    __slots__ = (
        "access_key_id", "account_id", "chunk_seed", "content_sha256", "is_verified",
        "principal_arn", "region", "service", "session_token", "streamed_payload",
    )  # fmt: skip

    def __init__(
        self,
        access_key_id: str,
        account_id: str,
        principal_arn: str,
        region: str = "",
        service: str = "",
        session_token: str = "",
        is_verified: bool = False,
        streamed_payload: str = "",
    ) -> None:
        self.access_key_id = access_key_id
        self.account_id = account_id
        self.principal_arn = principal_arn
        self.region = region
        self.service = service
        self.session_token = session_token
        self.is_verified = is_verified
        # The x-amz-content-sha256 of a body in aws-chunked form; "" for others.
        self.streamed_payload = streamed_payload
        # The body's SHA-256 as signed, where the body is still to come and is to be checked.
        self.content_sha256 = ""
        # None where the pieces are not signed, or by a key that nobody knows.
        self.chunk_seed: ChunkSeed | None = None

    @property
    def is_anonymous(self) -> bool:
        return not self.access_key_id


ANONYMOUS = Identity("", DEFAULT_ACCOUNT, "anonymous")
UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
ANONYMOUS_IN_CHUNKS = Identity("", DEFAULT_ACCOUNT, "anonymous", streamed_payload=UNSIGNED_CHUNKS)


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
        if request.query and is_presigned(request.query):
            if authorization is not None:
                raise two_mechanisms(family)
            claim = claim_of_query(request, family)
        elif authorization is not None and not authorization.startswith("AWS "):
            claim = claim_of_header(request, family, authorization)
        else:
            return self.identify_otherwise(request, family, allows_anonymous)
        return self.judge(request, family, claim, signing_name)

    def identify_otherwise(
        self, request: Request, family: Family, allows_anonymous: bool
    ) -> Identity:
        """A request without a version 4 signature."""
        if family is Family.S3:
            older = s3_version_2_signatures.read(request)
            if older is not None:
                return self.judge_older(request, older)
        parameters = version_2_signatures.read(request, family)
        if parameters is None:
            if allows_anonymous:
                payload = request.headers.get("x-amz-content-sha256", "")
                return ANONYMOUS_IN_CHUNKS if payload == UNSIGNED_CHUNKS else ANONYMOUS
            raise errors.missing_token(family)
        key = self.find(parameters.access_key_id, family)
        nows = self.nows(key)
        version_2_signatures.check_date(parameters, nows)
        token = parameters.token
        if key is not None:
            check_token(family, parameters.access_key_id, key, token, nows)
            if not version_2_signatures.holds(request, parameters, key.secret):
                raise errors.version_2_mismatch(family)
        return identity_of(parameters.access_key_id, key, "", "", token)

    def judge_older(self, request: Request, claim: s3_version_2_signatures.Claim) -> Identity:
        """Believe S3's version 2 or not: key, time, token, signature."""
        key = self.find(claim.access_key_id, Family.S3)
        nows = self.nows(key)
        claim.check_date(nows)
        if key is not None:
            check_token(Family.S3, claim.access_key_id, key, claim.token, nows)
            s3_version_2_signatures.verify(request, claim, key.secret)
        return identity_of(claim.access_key_id, key, "", "s3", claim.token)

    def judge(
        self, request: Request, family: Family, claim: Claim, signing_name: str | None
    ) -> Identity:
        """Believe a well-formed claim or not: time, scope, key, token, signature, in this order."""
        scope = claim.scope
        key = self.directory_key(scope.access_key_id)
        nows = self.nows(key)
        if claim.expires_seconds is None:
            check_fresh(family, claim.stamp, claim.instant, nows)
        else:
            check_unexpired(family, claim.stamp, claim.instant, claim.expires_seconds, nows)
        scope.check_date(family, claim.stamp, claim.is_query)
        if signing_name is not None:
            scope.check_service(family, signing_name, claim.is_query)
        if key is not None:
            check_token(family, scope.access_key_id, key, claim.token, nows)
            verify(request, family, claim, key)
        elif not self.allows_unknown_keys:
            raise errors.unknown_key(family, scope.access_key_id)
        region = scope.region or first_region(request)
        identity = identity_of(scope.access_key_id, key, region, scope.service, claim.token)
        if claim.payload in STREAMED_PAYLOADS or request.stream is not None:
            note_payload(identity, claim, key)
        return identity

    def directory_key(self, access_key_id: str) -> Key | None:
        if access_key_id == "test":
            return TEST_KEY
        return self.directory.find_key(access_key_id)

    def find(self, access_key_id: str, family: Family) -> Key | None:
        key = self.directory_key(access_key_id)
        if key is None and not self.allows_unknown_keys:
            raise errors.unknown_key(family, access_key_id)
        return key

    def nows(self, key: Key | None) -> tuple[int, ...]:
        clocks = self.clocks
        return nows_of(key.clock if key else "either", clocks.real_now(), clocks.now())


def two_mechanisms(family: Family) -> Exception:
    if family is Family.S3:
        return errors.s3_two_mechanisms()
    return errors.invalid(
        family,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


def check_token(
    family: Family, access_key_id: str, key: Key, token: str, nows: tuple[int, ...]
) -> None:
    if key.session_token and not hmac.compare_digest(
        key.session_token.encode(), token.encode("utf-8", "replace")
    ):
        raise errors.wrong_token(family, access_key_id, token)
    if key.expires_at is not None and min(nows) >= key.expires_at:
        raise errors.expired_token(family, token)


def verify(request: Request, family: Family, claim: Claim, key: Key) -> None:
    """Refuse a signature that none of the readings of the URL gives."""
    first = ("", "")
    for path, query in readings(request, family):
        text, to_sign = strings_of(request, claim, path, query)
        if is_signed(claim, key, to_sign):
            return
        first = first if first[0] else (text, to_sign)
    raise errors.mismatch(family, claim.scope.access_key_id, *first, claim.signature)


def readings(request: Request, family: Family) -> Iterator[tuple[str, str]]:
    """AWS's canonical path and query, then those of signers that take the URL as it is."""
    is_s3 = family is Family.S3
    path = request.path if request.path == "/" else canonical_path(request.path, is_s3)
    query = canonical_query(request.query, PRESIGNED) if request.query else ""
    yield path, query
    literal = literal_query(request.query, PRESIGNED) if request.query else ""
    if literal != query:
        yield path, literal
    if is_s3 and path != request.path:
        yield request.path, query
        if literal != query:
            yield request.path, literal


def strings_of(request: Request, claim: Claim, path: str, query: str) -> tuple[str, str]:
    """The canonical request and the string to sign."""
    scope = claim.scope
    lines = canonical_headers(request.headers, scope.names)
    text = f"{request.method}\n{path}\n{query}\n{lines}\n{scope.names_text}\n{claim.payload}"
    digest = hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()
    return text, f"{scope.algorithm}\n{claim.stamp}\n{scope.text}\n{digest}"


def is_signed(claim: Claim, key: Key, to_sign: str) -> bool:
    scope = claim.scope
    if scope.algorithm == ECDSA_ALGORITHM:
        # Few need it, and the library behind it takes time and memory to load.
        from pileus.gateway import elliptic_signatures

        return elliptic_signatures.holds(scope.access_key_id, key.secret, to_sign, claim.signature)
    derived = signing_key(key.secret, scope.date, scope.region, scope.service)
    expected = derived.sign(to_sign.encode("latin-1", "replace"))
    return hmac.compare_digest(expected.encode(), claim.signature.encode("utf-8", "replace"))


def first_region(request: Request) -> str:
    """A region of the set that a SigV4A signature is good for."""
    region = request.headers.get("x-amz-region-set", "").split(",")[0].strip()
    return "us-east-1" if not region or "*" in region else region


def identity_of(
    access_key_id: str, key: Key | None, region: str, service: str, token: str
) -> Identity:
    if key is not None:
        account, principal = key.account_id, key.principal_arn
    else:
        account = access_key_id if ACCOUNT.fullmatch(access_key_id) else DEFAULT_ACCOUNT
        principal = f"arn:aws:iam::{account}:root"
    return Identity(access_key_id, account, principal, region, service, token, key is not None)


def note_payload(identity: Identity, claim: Claim, key: Key | None) -> None:
    """Add what the reader of the body needs to check it."""
    if claim.payload not in STREAMED_PAYLOADS:
        if key is not None and PAYLOAD_HASH.fullmatch(claim.payload) is not None:
            identity.content_sha256 = claim.payload
        return
    identity.streamed_payload = claim.payload
    if key is not None:
        scope = claim.scope
        derived = signing_key(key.secret, scope.date, scope.region, scope.service)
        identity.chunk_seed = ChunkSeed(
            scope.access_key_id, key.secret, derived, claim.signature, claim.stamp, scope.text
        )
