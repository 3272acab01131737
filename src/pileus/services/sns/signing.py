"""The key that messages are signed with: one for each store, its certificate for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.kernel.request import Request, Response
from pileus.services.sns import store
from pileus.services.sns.signed_ahead import SignedAhead
from pileus.services.sns.signer import PATH, SUFFIX, Signer

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

# The resource whose partition holds the key.
ABOUT = "arn:aws:sns:::signing"
_TOPICS_NOTED_MAX = 10_000


class Signing:
    """What the process has to sign with."""

    def __init__(self, signer: Signer, ahead: SignedAhead) -> None:
        self.signer = signer
        self.ahead = ahead
        # The version in which the last message of a topic was signed, where it was.
        self.versions: dict[str, str] = {}

    def note(self, topic_arn: str, version: str) -> None:
        """Say that the next message of a topic will be signed as well, as it seems."""
        if self.versions.get(topic_arn) != version:
            if len(self.versions) >= _TOPICS_NOTED_MAX:
                self.versions.clear()
            self.versions[topic_arn] = version


class Prepared(msgspec.Struct):
    """What was decided of a request's messages before its transaction, since signatures cover it.

    The signatures, by their texts, may be missing, and may prove to be needless.
    """

    at: int
    ids: list[str]
    version: str
    signatures: dict[str, str] = {}


class MessageSigner:
    """Signs the messages of one call, with what is prepared for it."""

    def __init__(self, call: Call) -> None:
        self._signing = signing_of(call)
        self._prepared: Prepared | None = call.prepared
        self.path = self._signing.signer.path
        self.is_used = False

    def sign(self, text: str, version: str) -> str:
        self.is_used = True
        prepared = self._prepared
        if prepared is not None and prepared.version == version:
            found = prepared.signatures.get(text)
            if found is not None:
                return found
        return self._signing.signer.sign(text, version)

    def conclude(self, topic_arn: str, version: str) -> None:
        """Learn from a message what the next one of its topic will need."""
        if self.is_used:
            self._signing.note(topic_arn, version)
        elif self._prepared is not None:
            self._signing.versions.pop(topic_arn, None)


def signer_of(call: Call) -> Signer:
    return signing_of(call).signer


def signing_of(call: Call) -> Signing:
    signing = call.kernel.memory["sns"]
    assert isinstance(signing, Signing)
    return signing


async def start(call: Call) -> None:
    """Read the store's key, or make it."""
    found = await call.read(_read, about=ABOUT)
    if found is None:
        # Once in a store's life; every other start is spared what certificates take to import.
        from pileus.services.sns import signing_keys

        found = await call.transaction(_keep, *signing_keys.make(), about=ABOUT)
    signer = Signer(*found)
    call.kernel.memory["sns"] = Signing(signer, SignedAhead(call.kernel, signer))


async def stop(call: Call) -> None:
    await signing_of(call).ahead.stop()


def _read(tx: Transaction) -> tuple[str, str] | None:
    return store.signing(tx)


def _keep(tx: Transaction, private_key: str, certificate: str) -> tuple[str, str]:
    store.keep_signing(tx, private_key, certificate)
    kept = store.signing(tx)
    assert kept is not None
    return kept


def matches(request: Request) -> bool:
    return request.path.startswith(PATH) and request.path.endswith(SUFFIX)


async def answer(call: Call, request: Request) -> Response:
    """Give the certificate to whoever checks a signature."""
    signer = signing_of(call).signer
    if request.path != signer.path or request.method not in ("GET", "HEAD"):
        return Response(404, {"content-type": "text/plain"}, b"No such certificate.\n")
    return Response(200, {"content-type": "application/x-pem-file"}, signer.certificate.encode())
