"""Mail of the outbox on its way to the SMTP server that the user named, if there is one."""

from __future__ import annotations

import asyncio
import socket
import ssl
from email.utils import formatdate
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.errors import AwsError

if TYPE_CHECKING:
    from email.message import EmailMessage

    import aiosmtplib

    from pileus.kernel.clock import Clock
    from pileus.kernel.outbox import Message

SERVICE = "pileus-mail"
_PORTS = {"smtp": 25, "smtps": 465}
_CONNECTIONS_MAX = 4
# For one answer of the server, and for the whole of one letter.
_ANSWER_SECONDS_MAX = 15
_LETTER_SECONDS_MAX = 60
_REFUSED = "MailRefused"
_UNAVAILABLE = "MailServerUnavailable"
# RFC 5321, 4.5.4.1: try for some days, and seldom in the end.
POLICY = RetryPolicy(
    attempts_max=1_000,
    age_max_seconds=4 * 24 * 3600,
    first_pause_seconds=10,
    pause_max_seconds=1_800,
    final_codes=(_REFUSED,),
)


class MailServer(NamedTuple):
    """What `smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS&verify=no` says."""

    host: str
    port: int
    is_secure: bool
    user: str
    password: str
    sender: str
    verifies: bool

    @property
    def needs_tls(self) -> bool:
        """A password is not sent in clear, but on this machine."""
        return bool(self.password) and not self.is_secure and not _is_loopback(self.host)


def read_url(text: str) -> MailServer:
    """The server that a URL names; raises ValueError in words. HOST:PORT alone is enough."""
    parts = urlsplit(text if "://" in text else f"smtp://{text}")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("The mail server is not given as smtp://HOST:PORT or smtps://HOST:PORT.")
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(asked) - {"from", "verify"}
    if unknown or asked.get("verify", "yes") not in ("yes", "no") or parts.path not in ("", "/"):
        raise ValueError("A mail server takes `?from=ADDRESS` and `?verify=no`, and no path.")
    return MailServer(
        parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "smtps",
        unquote(parts.username or ""), unquote(parts.password or ""), asked.get("from", ""),
        asked.get("verify") != "no",
    )  # fmt: skip


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Mail:
    """One for each running Pileus."""

    def __init__(self, clock: Clock, url: str) -> None:
        self._clock = clock
        self._server = read_url(url) if url else None
        self._turns = asyncio.Semaphore(_CONNECTIONS_MAX)
        self._tls: ssl.SSLContext | None = None

    @property
    def is_carried(self) -> bool:
        return self._server is not None

    async def carry(self, message: Message) -> None:
        """Give one letter to the server; raises what is tried again, or MailRefused."""
        server = self._server
        if server is None:
            raise AwsError(_UNAVAILABLE, "Pileus was started without --smtp")
        letter = write_letter(message, server.sender)
        async with self._turns:
            try:
                await self._clock.limit(
                    self._send(server, letter), real_seconds=_LETTER_SECONDS_MAX
                )
            except (TimeoutError, OSError) as error:
                said = str(error) or "it does not answer"
                raise AwsError(_UNAVAILABLE, f"{server.host}:{server.port}: {said}") from error

    async def _send(self, server: MailServer, letter: EmailMessage) -> None:
        # Only those who give a mail server pay for the library.
        import aiosmtplib

        session = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, use_tls=server.is_secure,
            # None: where the server offers it.
            start_tls=True if server.needs_tls else False if server.is_secure else None,
            username=server.user or None, password=server.password or None,
            timeout=_ANSWER_SECONDS_MAX, tls_context=self._context(server),
            local_hostname=socket.gethostname(),
        )  # fmt: skip
        try:
            await session.connect()
            try:
                await session.send_message(letter)
            except aiosmtplib.SMTPRecipientsRefused as refusal:
                raise _refusal(refusal.recipients[0]) from refusal
            except aiosmtplib.SMTPResponseException as refusal:
                raise _refusal(refusal) from refusal
            except (aiosmtplib.SMTPNotSupported, ValueError) as refusal:
                raise AwsError(_REFUSED, str(refusal)) from refusal
        except aiosmtplib.SMTPException as failure:
            raise AwsError(_UNAVAILABLE, f"{server.host}:{server.port}: {failure}") from failure
        finally:
            session.close()

    def _context(self, server: MailServer) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            if not server.verifies:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE
        return self._tls


def _refusal(answer: aiosmtplib.SMTPResponseException) -> AwsError:
    """What begins with 5 stays as it is, however often it is tried."""
    is_final = 500 <= answer.code < 600
    return AwsError(_REFUSED if is_final else _UNAVAILABLE, f"{answer.code} {answer.message}")


def write_letter(message: Message, sender: str) -> EmailMessage:
    """The message as mail; raises MailRefused where its addresses are none."""
    # Who has no mail server is spared what these take to import.
    from email.errors import MessageError
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP

    letter = EmailMessage(policy=SMTP)
    # `NAME <ADDRESS>`, the name as the topic has it.
    name, _, address = message.sender.rpartition("<")
    try:
        letter["From"] = Address(_line(name), addr_spec=sender or address.rstrip(">"))
        letter["To"] = Address(addr_spec=message.to)
    except (ValueError, IndexError, MessageError) as error:
        raise AwsError(_REFUSED, f"{message.to} is not a mail address: {error}") from error
    letter["Subject"] = _line(message.subject)
    letter["Date"] = formatdate(message.at / 1000)
    # The same at each attempt, so that a letter which comes twice is known to be one.
    letter["Message-ID"] = f"<{message.id}@pileus>"
    letter.set_content(message.body)
    return letter


def _line(text: str) -> str:
    """A header is one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def arn_of(address: str) -> str:
    """What letters to an address are handed over to."""
    return f"arn:aws:{SERVICE}:::{address}"
