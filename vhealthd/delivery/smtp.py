"""Sends mails with SMTP. A mail is tried until each of its recipients has it or was refused for good."""

import asyncio
import base64
import ipaddress
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiosmtplib
import structlog
from pydantic import JsonValue

from vhealthd import redaction
from vhealthd.config import MailSettings
from vhealthd.delivery import payloads
from vhealthd.delivery.outbox import NoObserver, Observer
from vhealthd.delivery.parcels import MAIL
from vhealthd.delivery.payloads import MailPayload
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.model import Delivery
from vhealthd.report.mail import Attachment, Letter, write
from vhealthd.report.mailbody import plain

log = structlog.get_logger(__name__)

_STEP = 60.0  # seconds that one step of the conversation may take
_FAREWELL = 5.0
_TOO_LARGE = 552
_REPLY = 300  # characters of a reply that are kept


class MailSink:
    """Sends mails as the settings say at that moment. `step` is the longest time for one step, in seconds."""

    name = MAIL

    def __init__(
        self, settings: Callable[[], MailSettings | None], *, observer: Observer | None = None, step: float = _STEP
    ) -> None:
        self._settings = settings
        self._observer = observer or NoObserver()
        self._step = step

    async def deliver(self, delivery: Delivery) -> None:
        """Send a mail to those who have it not yet. Raises DeliveryError; its progress says who has it."""
        settings = self._settings()
        if settings is None:
            raise DeliveryDelayedError("mail is no longer in the configuration; the delivery waits until it expires")
        mail = payloads.read(delivery.parcel, MailPayload)
        readers = _Readers.of(mail.letter.to, delivery.progress)
        before = len(readers.taken)
        if readers.left:
            data = await asyncio.to_thread(_bytes, mail)
            try:
                await self._send(settings, mail.letter, data, readers)
            except (aiosmtplib.SMTPException, OSError) as error:
                raise _with_progress(_translated(error, settings), readers) from error
            except DeliveryError as error:
                _with_progress(error, readers)
                raise
            if len(readers.taken) > before:
                self._observer.attachment(mail.pdf)
        readers.conclude()

    async def _send(self, settings: MailSettings, letter: Letter, data: bytes, readers: "_Readers") -> None:
        context = None if settings.tls == "plain" else await asyncio.to_thread(_trust, settings.ca_file)
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.server_port,
            use_tls=settings.tls == "implicit",
            start_tls=False,  # plain stays plain, and starttls is a step of its own that must succeed
            tls_context=context,
            timeout=self._step,
        )
        try:
            await client.connect()
            if settings.tls == "starttls":
                await client.starttls()
            await _log_in(client, settings)
            await _hand_over(client, letter, data, readers)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_FAREWELL)  # what comes of this changes nothing
        finally:
            client.close()


@dataclass(slots=True)
class _Readers:
    """Who has the mail, who was refused for good and with which reply, and who is to be tried (again)."""

    left: list[str]
    taken: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)  # of those left, with the reply

    @classmethod
    def of(cls, to: tuple[str, ...], progress: Mapping[str, JsonValue]) -> "_Readers":
        taken, refused = progress.get("taken"), progress.get("refused")
        done = cls(
            left=[],
            taken=[str(one) for one in taken] if isinstance(taken, list) else [],
            refused={one: str(why) for one, why in refused.items()} if isinstance(refused, dict) else {},
        )
        done.left = [one for one in to if one not in done.taken and one not in done.refused]
        return done

    def progress(self, *, final: bool) -> dict[str, JsonValue]:
        """Return what to remember. At the end no refusals: whoever retries by hand has changed something."""
        return {"taken": list(self.taken), "refused": {} if final else dict(self.refused)}

    def conclude(self) -> None:
        """Raise what is to be raised; nothing if everybody has it."""
        if self.left:
            raise _with_progress(DeliveryDelayedError(f"not taken yet: {_listed(self.waiting)}"), self)
        if self.refused:
            others = f"; {len(self.taken)} of the others have it" if self.taken else ""
            raise _with_progress(DeliveryRefusedError(f"refused: {_listed(self.refused)}{others}"), self)


def _with_progress(error: DeliveryError, readers: _Readers) -> DeliveryError:
    error.progress = readers.progress(final=isinstance(error, DeliveryRefusedError))
    return error


def _listed(replies: Mapping[str, str]) -> str:
    return "; ".join(f"{address} ({reply})" for address, reply in replies.items())


def _bytes(mail: MailPayload) -> bytes:
    """Write the mail. Raises DeliveryRefusedError if a file is gone."""
    attachments = []
    for one in mail.attachments:
        try:
            attachments.append(Attachment(name=one.name, kind=one.kind, data=one.path.read_bytes()))
        except OSError as error:
            raise payloads.gone(one.path, error) from error
    return write(mail.letter, attachments).as_bytes()


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the authorities of the file and nobody else, or the system's. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise ConfigError(
            f"mail.ca_file: {ca_file} cannot be used ({error}); it must hold certificates in PEM form"
        ) from error


async def _log_in(client: aiosmtplib.SMTP, settings: MailSettings) -> None:
    """Log in where there is an account. A password goes over an encrypted connection, or stays on this machine."""
    if settings.username is None or settings.password is None:
        return
    if settings.tls == "plain" and not is_loopback(client.get_transport_info("peername")[0]):
        raise DeliveryRefusedError(
            "mail.tls is plain, and a password would be shown to the network; set it to starttls or implicit, or do "
            "without username and password"
        )
    password = await asyncio.to_thread(settings.password.read)
    for form in (password, f"\0{settings.username}\0{password}"):
        redaction.remember(base64.b64encode(form.encode()).decode())
    await client.login(settings.username, password)


def is_loopback(peer: str) -> bool:
    """Tell whether an address is one of this machine alone, in whichever form a socket gives it."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


async def _hand_over(client: aiosmtplib.SMTP, letter: Letter, data: bytes, readers: _Readers) -> None:
    """Give the mail to the server, for all who are left. The server's replies are in `readers` then."""
    if client.is_ehlo_or_helo_needed:
        await client.ehlo()  # it tells what the server can do
    options = _options(client, len(data), wide=letter.wide)
    await client.mail(letter.sender, options=options, encoding="utf-8")
    accepted = []
    for one in readers.left:
        try:
            await client.rcpt(one, encoding="utf-8")
        except aiosmtplib.SMTPRecipientRefused as refusal:
            replies = readers.refused if _is_final(refusal.code) else readers.waiting
            replies[one] = _reply(refusal)
        else:
            accepted.append(one)
    if accepted:
        await client.data(data)
        readers.taken += accepted
    readers.left = [one for one in readers.left if one in readers.waiting]
    log.info("mail handed over", taken=len(accepted), waiting=len(readers.left), refused=len(readers.refused))


def _options(client: aiosmtplib.SMTP, size: int, *, wide: bool) -> list[str]:
    options = [f"SIZE={size}"] if client.supports_extension("size") else []
    if wide and not client.supports_extension("smtputf8"):
        raise DeliveryRefusedError(
            "an address has letters outside of ASCII, and the mail server does not take such addresses (SMTPUTF8)"
        )
    return [*options, "SMTPUTF8"] if wide else options


def _is_final(code: int) -> bool:
    return 500 <= code < 600  # noqa: PLR2004 - as RFC 5321 has it


def _reply(error: aiosmtplib.SMTPResponseException) -> str:
    return redaction.clean(plain(f"{error.code} {error.message}", _REPLY))


def _translated(error: aiosmtplib.SMTPException | OSError, settings: MailSettings) -> DeliveryError:
    """Return our error: final for a 5xx reply, for now for everything else."""
    where = f"{settings.host}:{settings.server_port}"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        said = f"{where} says: {_reply(error)}"
        if not _is_final(error.code):
            return DeliveryDelayedError(said)
        advice = "; a lower mail.max_bytes leaves the PDF out" if error.code == _TOO_LARGE else ""
        return DeliveryRefusedError(said + advice)
    cause = next((one for one in (error, error.__cause__) if isinstance(one, ssl.SSLCertVerificationError)), None)
    if cause:
        return DeliveryDelayedError(
            f"the certificate of {where} is not trusted ({cause.verify_message}); put the authority that signed it "
            "into mail.ca_file"
        )
    return DeliveryDelayedError(f"{where}: {redaction.clean(plain(str(error) or type(error).__name__, _REPLY))}")
