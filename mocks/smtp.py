"""A mail server on one local port that keeps what it is given, and has faults as told.

later = SmtpFault("body", "451 4.3.0 later", times=1)
async with MockSmtp(mode="starttls", tls=make_certificates(), faults=[later]) as mta:
    mta.host, mta.port, mta.mails
"""

import asyncio
import email.message
import email.policy
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mocks.tls import Certificates, server_context

Mode = Literal["plain", "starttls", "implicit"]
Stage = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "quit"]

DROP, STALL = "drop", "stall"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was taken."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes

    @property
    def message(self) -> email.message.EmailMessage:
        """The mail, parsed."""
        return email.message_from_bytes(self.data, email.message.EmailMessage, policy=email.policy.default)


@dataclass(slots=True)
class SmtpFault:
    """What happens at a stage in place of the right answer: a reply, DROP the connection, or STALL for ever.

    `body` is the reply to the mail itself, which is kept before. `about` narrows it to commands with that text, such as
    one recipient. It strikes `times` times, or always.
    """

    stage: Stage
    reply: str = DROP
    about: str = ""
    times: int | None = None

    def strikes(self, stage: Stage, arg: str) -> bool:
        """Count and decide."""
        if stage != self.stage or self.about not in arg or self.times == 0:
            return False
        self.times = None if self.times is None else self.times - 1
        return True


@dataclass(slots=True)
class _Server:
    """What all connections share."""

    faults: list[SmtpFault]
    account: tuple[str, str] | None
    mails: list[Mail] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # what clients said, command by command, without secrets
    connections: set["_Connection"] = field(default_factory=set)

    async def handle_DATA(  # noqa: N802 - as aiosmtpd has it
        self, server: "_Connection", _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        data = envelope.original_content or b""
        self.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), data))
        return await server.trouble("body") or "250 2.0.0 taken"

    def login(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: object) -> AuthResult:
        """Judge an account."""
        given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.account, handled=False)


class _Connection(SMTP):
    """One client's conversation."""

    def __init__(self, shared: _Server, **options: Any) -> None:  # noqa: ANN401 - as aiosmtpd has it
        super().__init__(
            shared,
            hostname="mock.example",
            ident="ESMTP mock",
            authenticator=shared.login if shared.account else None,
            timeout=60,
            loop=asyncio.get_running_loop(),
            **options,
        )
        self.shared = shared
        shared.connections.add(self)

    async def trouble(self, stage: Stage, arg: str | None = None) -> str | None:
        """Return the reply of the fault that strikes; None if none does. Some faults give no reply."""
        fault = next((one for one in self.shared.faults if one.strikes(stage, arg or "")), None)
        if fault is None:
            return None
        if fault.reply == STALL:
            await asyncio.Event().wait()
        if fault.reply == DROP:
            self.abort()
            raise ConnectionResetError
        return fault.reply

    def abort(self) -> None:
        """Cut the connection."""
        for one in (self.transport, self._original_transport):
            if isinstance(one, asyncio.WriteTransport):
                one.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self.shared.connections.discard(self)
        super().connection_lost(error)

    async def _spoiled(self, stage: Stage, arg: str | None) -> bool:
        """Give the reply of a fault, if one strikes."""
        self.shared.heard.append(stage if stage == "auth" else f"{stage} {arg or ''}".rstrip())
        reply = await self.trouble(stage, arg)
        if reply is not None:
            await self.push(reply)
        return reply is not None

    async def _handle_client(self) -> None:
        if await self._spoiled("connect", None) and self.transport:
            self.transport.close()
        else:
            await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - as aiosmtpd has it, here and below
        """Answer, or have a fault; so do all that follow."""
        if not await self._spoiled("ehlo", None):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if not await self._spoiled("starttls", arg):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        if not await self._spoiled("auth", arg):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if await self._spoiled("mail", arg):
            return
        if self.shared.account and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 log in first")
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if not await self._spoiled("rcpt", arg):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if not await self._spoiled("data", arg):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if not await self._spoiled("quit", arg):
            await super().smtp_QUIT(arg)


class MockSmtp:
    """The server, from entering the context to leaving it. With an `account` it wants a login before mail.

    `faults` may be changed while it serves. `offers_tls` False is a server that lost its certificate.
    """

    def __init__(
        self,
        *,
        mode: Mode = "plain",
        tls: Certificates | None = None,
        account: tuple[str, str] | None = None,
        faults: Iterable[SmtpFault] = (),
        port: int = 0,
        smtputf8: bool = False,
        largest: int = 30 << 20,
    ) -> None:
        self.mode = mode
        self.host, self.port = "127.0.0.1", port
        self._shared = _Server(list(faults), account)
        self._tls = server_context(tls) if tls else None
        self._options = {"enable_SMTPUTF8": smtputf8, "data_size_limit": largest}
        self._server: asyncio.Server | None = None

    @property
    def mails(self) -> list[Mail]:
        """What was taken, in this order."""
        return self._shared.mails

    @property
    def heard(self) -> list[str]:
        """What clients said."""
        return self._shared.heard

    @property
    def faults(self) -> list[SmtpFault]:
        """The faults; those before others strike first."""
        return self._shared.faults

    async def __aenter__(self) -> Self:
        implicit = self._tls if self.mode == "implicit" else None
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, self.host, self.port, ssl=implicit
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for one in tuple(self._shared.connections):
            one.abort()

    def _connection(self) -> _Connection:
        starttls = self._tls if self.mode == "starttls" else None
        return _Connection(
            self._shared,
            tls_context=starttls,
            require_starttls=starttls is not None,
            # with implicit TLS aiosmtpd does not know that it is encrypted
            auth_require_tls=starttls is not None,
            **self._options,
        )
