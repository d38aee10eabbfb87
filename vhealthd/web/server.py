"""Opens the port and closes it again."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from vhealthd.config import HttpSettings, ListenAddress
from vhealthd.errors import ListenError
from vhealthd.web.guard import HEADERS, Token, answer_errors, check_host, check_token, error_answer, set_headers
from vhealthd.web.limit import RateLimit
from vhealthd.web.routes import Routes
from vhealthd.web.service import Service

log = structlog.get_logger(__name__)

_LARGEST_BODY = 64 << 10  # bytes; nobody needs to send any
_IDLE = 75.0  # seconds that a connection may say nothing
_GRACE = 1.0  # seconds that a request under way is given at the end
_BURST, _EVERY = 3, 10.0  # requests to scan: so many at once, then one in so many seconds


class _Connection(web.RequestHandler):
    """One connection. What is no HTTP is answered as all else is, and not logged as a fault of ours."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the application cannot answer."""
        del message  # it repeats what came
        if status < 500:  # noqa: PLR2004 - the caller's fault
            log.debug("no request", peer=request.remote, status=status, why=type(exc).__name__)
            answer = error_answer(status, "this is not a request in HTTP/1.1")
        else:
            log.error("request failed", exc_info=exc)
            answer = error_answer(status, "this is a fault of vhealthd; its log has the details")
        answer.headers.update(HEADERS)
        answer.force_close()
        return answer


class _Server(web.Server):
    """Makes connections."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # None is none; ours is in the application
            keepalive_timeout=_IDLE,
            lingering_time=_GRACE,
        )


@asynccontextmanager
async def serve(
    http: HttpSettings, service: Service, *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[ListenAddress]:
    """Serve, and give the address that is listened on: with its true port, where 0 was configured.

    The token is read now; a new one needs a new server. Raises ListenError, and ConfigError for an unreadable token.
    """
    token = Token(http.token.read() if http.token else None)
    limit = RateLimit(burst=_BURST, seconds=_EVERY, clock=clock)
    application = web.Application(
        middlewares=[answer_errors, check_host(http.listen), check_token(http.listen, token)],
        client_max_size=_LARGEST_BODY,
    )
    application.on_response_prepare.append(set_headers)
    application.add_routes(Routes(service, token, limit).table())
    inner = web.AppRunner(application, access_log=None)
    await inner.setup()
    try:
        async with _listen(inner, http.listen) as address:
            yield address
    finally:
        await inner.cleanup()


@asynccontextmanager
async def _listen(inner: web.AppRunner, listen: ListenAddress) -> AsyncIterator[ListenAddress]:
    """Listen for an application, with connections of our own."""
    application = inner.server
    if application is None:
        raise RuntimeError("the application is not set up")
    server = _Server(application.request_handler, request_factory=application.request_factory)
    runner = web.ServerRunner(server, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        await _open(runner, listen)
        host, port, *_ = runner.addresses[0]
        address = ListenAddress(host, port)
        log.info("listening", address=str(address))
        yield address
    finally:
        await runner.cleanup()


async def _open(runner: web.ServerRunner, listen: ListenAddress) -> None:
    try:
        await web.TCPSite(runner, listen.host, listen.port).start()
    except OSError as error:
        raise ListenError(f"cannot listen on {listen}: {_why(error)}") from error


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program has this port; end it, or set another port as http.listen"
        case errno.EACCES:
            return "this port may not be used without root; set one above 1023 as http.listen"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address; set another one as http.listen"
        case number:
            return os.strerror(number) if number else str(error)
