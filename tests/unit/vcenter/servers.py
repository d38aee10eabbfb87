"""Small servers on port 0 that behave as they are told, one request after the other."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from mocks.tls import Certificates
from vhealthd.vcenter.transport import Pace, Transport
from vhealthd.vcenter.trust import SslArgument

AT_ONCE = Pace(connect=2, answer=5, first_back_off=0, longest_back_off=0)
Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(status: int = 200, body: bytes | str = b"{}", kind: str = "application/json", **headers: str) -> Behaviour:
    """Answer; underscores in the names of headers are dashes."""

    async def answer(_: web.Request) -> web.StreamResponse:
        content = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=content, headers={"Content-Type": kind, **named})

    return answer


def _reset(request: web.Request) -> None:
    assert request.transport is not None
    connection: socket.socket = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def resets(request: web.Request) -> web.StreamResponse:
    """Reset the connection in place of an answer."""
    _reset(request)
    return web.Response()


async def cuts(request: web.Request) -> web.StreamResponse:
    """Promise 100 bytes, send 10 and reset."""
    response = web.StreamResponse()
    response.content_length = 100
    await response.prepare(request)
    await response.write(b"0123456789")
    _reset(request)
    return response


async def is_silent(_: web.Request) -> web.StreamResponse:
    """Take the request and say nothing."""
    await asyncio.Event().wait()
    raise AssertionError


@dataclass
class Server:
    """Behaves as the list says, the last entry again and again; keeps what it was asked."""

    behaviours: list[Behaviour]
    url: str = ""
    port: int = 0
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            self.bodies.append(await request.read())
            return await self.behaviours[min(len(self.asked), len(self.behaviours)) - 1](request)
        finally:
            self.in_flight -= 1


@asynccontextmanager
async def server(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Serve on a free port of this machine."""
    one = Server(list(behaviours))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", one.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        one.port = runner.addresses[0][1]
        one.url = f"{'https' if tls else 'http'}://localhost:{one.port}"
        yield one
    finally:
        await runner.cleanup()


def transport(
    url: str,
    *,
    trust: SslArgument = True,
    seconds: float = 60,
    pace: Pace = AT_ONCE,
    in_flight: int = 8,
    user_agent: str = "vhealthd/test",
) -> Transport:
    """Return a transport to a server, with a deadline so many seconds away."""
    deadline = asyncio.get_running_loop().time() + seconds
    return Transport(url, trust=trust, user_agent=user_agent, in_flight=in_flight, deadline=deadline, pace=pace)


def tls_context(certificates: Certificates, folder: Path) -> ssl.SSLContext:
    """Return the context of a server that shows a certificate."""
    file = folder / "server.pem"
    file.write_bytes(certificates.certificate + certificates.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context
