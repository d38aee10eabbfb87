"""Carries requests to one vCenter: one connection pool, one limit on what is in flight, repeats with back-off.

It knows HTTP and nothing of tokens or of what the answers mean.
"""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import orjson
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential
from yarl import URL

from vhealthd.errors import (
    BadAnswerError,
    CertificateError,
    ConnectionFailedError,
    NameNotResolvedError,
    UnavailableError,
    VCenterError,
)
from vhealthd.vcenter.trust import SslArgument, served_certificate

log = structlog.get_logger(__name__)

TRIES = 5
TRIES_AFTER_SILENCE = 2  # a server that says nothing for the whole time-out is rarely better at the third try
_PASSING_STATUS = frozenset({429, 502, 503, 504})

# Hears of each request that is over: its path, its status or why it has none, and the seconds that it took.
OnRequest = Callable[[str, str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: until a step of one request is given up, and at most between two tries (full jitter below that)."""

    connect: float = 10
    answer: float = 45
    first_back_off: float = 0.5
    longest_back_off: float = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0  # from the moment of sending; waiting for a free slot does not count

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the range of success

    def json(self) -> Any:  # noqa: ANN401 - whatever the server says
        """Decode the body; None for an empty one. Raises BadAnswerError for anything but JSON."""
        if not self.body:
            return None
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise BadAnswerError(_not_json(self)) from error


@dataclass(slots=True)
class Traffic:
    """What has gone over the wire so far."""

    requests: int = 0
    bytes_received: int = 0
    first_connect_seconds: float | None = None
    sockets: list[socket.socket] = field(default_factory=list)

    def peer_address(self) -> str | None:
        """Address of a connection that is open now."""
        for one in self.sockets:
            try:
                return str(one.getpeername()[0])
            except OSError:
                continue
        return None


class _PassingError(Exception):
    """Wraps an error that may be gone at the next try."""

    def __init__(self, error: VCenterError, *, after: float = 0, tries: int = TRIES) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after
        self.tries = tries


class Transport:
    """Use as an async context manager. `deadline` is loop time after which no try is begun."""

    def __init__(
        self,
        url: str,
        *,
        trust: SslArgument,
        user_agent: str,
        in_flight: int,
        deadline: float,
        pace: Pace = Pace(),
        on_request: OnRequest = lambda _path, _code, _seconds: None,
    ) -> None:
        self.url = URL(url)
        self.traffic = Traffic()
        self._trust = trust
        self._user_agent = user_agent
        self._slots = asyncio.Semaphore(in_flight)
        self._in_flight = in_flight
        self._deadline = deadline
        self._pace = pace
        self._on_request = on_request
        self._back_off = wait_random_exponential(multiplier=pace.first_back_off, max=pace.longest_back_off)

    async def __aenter__(self) -> Self:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_start.append(self._connection_starts)
        trace.on_connection_create_end.append(self._connection_ready)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._in_flight, ssl=self._trust, socket_factory=self._socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"},
            trace_configs=[trace],
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        repeatable: bool = True,
        seconds: float | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status, except the passing ones.

        `path` is percent-encoded already. Connection errors, cut bodies, 429, 502, 503 and 504 are tried again, up to
        5 times, if the request is `repeatable`. `seconds` gives up sooner than usual, and for good, when there is no
        answer. Raises ConnectionFailedError and BadAnswerError.
        """
        tries = AsyncRetrying(
            retry=retry_if_exception_type(_PassingError),
            stop=self._enough if repeatable else lambda _: True,
            wait=self._wait,
            before_sleep=_say_again,
            reraise=True,
        )
        try:
            return await tries(self._try_once, method, path, headers, json, seconds)
        except _PassingError as passing:
            raise passing.error from passing.__cause__

    def _enough(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        tries = error.tries if isinstance(error, _PassingError) else TRIES
        late = asyncio.get_running_loop().time() + state.upcoming_sleep >= self._deadline
        return late or state.attempt_number >= tries

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return max(self._back_off(state), error.after if isinstance(error, _PassingError) else 0)

    async def _try_once(
        self, method: str, path: str, headers: Mapping[str, str] | None, json: object, seconds: float | None
    ) -> Answer:
        target = URL(f"{self.url}{path}", encoded=True)
        body = None if json is None else orjson.dumps(json)
        content = {"Content-Type": "application/json"} if body is not None else {}
        patience = min(seconds or self._pace.answer, self._pace.answer)
        async with self._slots:
            self.traffic.requests += 1
            began = time.monotonic()
            try:
                async with self._http.request(
                    method,
                    target,
                    data=body,
                    headers={**(headers or {}), **content},
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=patience, sock_connect=self._pace.connect),
                ) as response:
                    content_read = await response.read()
                    answer = Answer(response.status, response.headers, content_read, time.monotonic() - began)
            except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
                failure = _without_secrets(error)
                self._on_request(path, _kind(failure), time.monotonic() - began)
            except asyncio.CancelledError:
                self._on_request(path, "cancelled", time.monotonic() - began)
                raise
            else:
                self.traffic.bytes_received += len(answer.body)
                self._on_request(path, str(answer.status), answer.seconds)
                return _usable(answer)
            # Out here, so that what was caught is no one's context.
            explained = await self._explain(failure, patience)
            if seconds and isinstance(explained, _PassingError) and isinstance(failure, TimeoutError):
                explained.tries = 1
            raise explained from failure

    async def _explain(self, error: Exception, patience: float) -> Exception:
        """Turn an error of the library into ours; a passing one comes wrapped."""
        host, port = self.url.host or "", self.url.port or 443
        if isinstance(error, _TLS_ERRORS):
            return CertificateError(_tls_sentence(error, f"{host}:{port}", await served_certificate(host, port)))
        _, ours, sentence, tries = _failure(error)
        return _PassingError(
            ours(
                sentence.format(
                    host=host,
                    where=f"{host}:{port}",
                    connect=self._pace.connect,
                    answer=patience,
                    cause=_cause(error),
                )
            ),
            tries=tries,
        )

    def _socket(self, info: Any) -> socket.socket:  # noqa: ANN401 - aiohttp's AddrInfoType, a plain tuple
        family, kind, protocol, _, _ = info
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)  # noqa: FBT003 - the socket module's own form
        self.traffic.sockets.append(made)
        return made

    async def _connection_starts(self, _session: object, context: SimpleNamespace, _params: object) -> None:
        context.connection_started = asyncio.get_running_loop().time()

    async def _connection_ready(self, _session: object, context: SimpleNamespace, _params: object) -> None:
        if self.traffic.first_connect_seconds is None:
            self.traffic.first_connect_seconds = asyncio.get_running_loop().time() - context.connection_started


class _NoHttpError(Exception):
    """Stands for an error of the library that holds the request, and so the password or the token."""


def _without_secrets(error: Exception) -> Exception:
    return _NoHttpError(error.message) if isinstance(error, aiohttp.ClientResponseError) else error


_TLS_ERRORS = (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch, aiohttp.ClientSSLError)

# The first row that fits: the library's error, its kind for whoever counts, our error, what to say, and how often it
# is worth a try.
_FAILURES: tuple[tuple[type[Exception], str, type[VCenterError], str, int], ...] = (
    (
        aiohttp.ClientConnectorDNSError,
        "name",
        NameNotResolvedError,
        "the name {host} cannot be resolved ({cause}); check the URL and DNS",
        TRIES,
    ),
    (
        aiohttp.ConnectionTimeoutError,
        "timeout",
        ConnectionFailedError,
        "no connection to {where} within {connect:g} s; check the route and firewalls",
        TRIES_AFTER_SILENCE,
    ),
    (TimeoutError, "timeout", ConnectionFailedError, "{where} did not answer within {answer:g} s", TRIES_AFTER_SILENCE),
    (
        aiohttp.ClientConnectorError,
        "refused",
        ConnectionFailedError,
        "{where} refuses the connection ({cause}); check that vCenter runs there",
        TRIES,
    ),
    (aiohttp.ClientPayloadError, "cut", BadAnswerError, "{where} cut its answer short", TRIES),
    (
        _NoHttpError,
        "no_http",
        BadAnswerError,
        "{where} answers with something that is no HTTP; is this vCenter's port?",
        TRIES,
    ),
    (Exception, "broken", ConnectionFailedError, "the connection to {where} broke ({cause})", TRIES),
)


def _failure(error: Exception) -> tuple[str, type[VCenterError], str, int]:
    return next(row[1:] for row in _FAILURES if isinstance(error, row[0]))


def _kind(error: Exception) -> str:
    return "tls" if isinstance(error, _TLS_ERRORS) else _failure(error)[0]


def _cause(error: Exception) -> str:
    system = getattr(error, "os_error", None)
    if isinstance(system, OSError) and system.errno and system.errno > 0:
        # asyncio puts a sentence of its own, with the address once more, into the place of the system's.
        return os.strerror(system.errno)
    return getattr(system, "strerror", None) or type(error).__name__


def _usable(answer: Answer) -> Answer:
    if answer.status in _PASSING_STATUS:
        raise _PassingError(
            UnavailableError(f"vCenter answers {answer.status}: {_first_line(answer)}"),
            after=_retry_after(answer.headers.get("Retry-After")),
        )
    if 300 <= answer.status < 400:  # noqa: PLR2004 - redirects would carry the token elsewhere
        raise BadAnswerError(
            f"the server answers with a redirect to {answer.headers.get('Location', 'nowhere')}; "
            "put vCenter's own address into the configuration"
        )
    return answer


def _say_again(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.info(
        "request is repeated", attempt=state.attempt_number, seconds=round(state.upcoming_sleep, 2), why=str(error)
    )


def _retry_after(value: str | None) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110: seconds or a date); 0 if it is unreadable."""
    if not value:
        return 0
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0


def _first_line(answer: Answer) -> str:
    text = answer.body[:200].decode("utf-8", "replace").strip()
    return text.splitlines()[0] if text else "no text"


def _not_json(answer: Answer) -> str:
    kind = answer.headers.get("Content-Type", "no content type").partition(";")[0]
    what = "an HTML page" if "html" in kind or answer.body.lstrip()[:1] == b"<" else f"something else ({kind})"
    return f"the server answers with {what} in place of JSON; is this vCenter's own address, without a proxy between?"


def _tls_sentence(error: Exception, where: str, shown: str | None) -> str:
    certificate = f"; it shows: {shown}" if shown else ""
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return f"the certificate of {where} is not the pinned one{certificate}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
        return (
            f"the certificate of {where} is not trusted ({why}); give vCenter's CA as tls.ca_file, or compare and pin "
            f"the fingerprint as tls.sha256_fingerprint{certificate}"
        )
    return f"{where} does not speak TLS as expected ({error.__class__.__name__}); is this vCenter's HTTPS port?"
