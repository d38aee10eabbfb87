"""The mock vCenter's edge: real sockets around the pure handlers of `/api` and VI JSON.

async with MockVCenter(default_world(), faults=(Latency(0.02),)) as vcenter:
    vcenter.url, vcenter.user, vcenter.password, vcenter.stats
"""

import asyncio
import gzip
import socket
import struct
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import reduce
from types import TracebackType
from typing import Self

from aiohttp import web

from mocks.automation import AutomationService
from mocks.collector import Collector, Rules
from mocks.estate import Estate
from mocks.faults import Fault, Inside
from mocks.schema import release_key
from mocks.sessions import Account, Level, Sessions
from mocks.stats import Stats
from mocks.tls import Certificates, server_context
from mocks.vijson import NOT_FOUND, VimService
from mocks.wire import SESSION_HEADER, Answer, Call, RefusedError, error, ok
from mocks.world import World

USER, PASSWORD = "monitor@vsphere.local", "Estate-1!"
LARGEST_BODY = 64 * 2**20
PIECE = 2**16
WORTH_COMPRESSING = 1024
VI_JSON_SINCE, WRAPPED_SINCE = (8, 0, 1, 0), (9, 0, 0, 0)
UNKNOWN = error(404, "NOT_FOUND", "com.vmware.vapi.rest.httpNotFound", "Not found.").answer


class MockVCenter:
    """A vCenter that serves a world on a local port, from entering the context to leaving it.

    `release` is what it pretends to be; `page_size` its own cap on objects a page; `compress` whether it gzips for
    clients that take it. With `tls` it speaks HTTPS under the given certificate.
    """

    def __init__(
        self,
        world: World,
        *,
        release: str = "8.0.3.0",
        faults: tuple[Fault, ...] = (),
        tls: Certificates | None = None,
        account: Level = "full",
        locked_after: int | None = None,
        session_limit: int = 550,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str | None = None,
        page_size: int = 1000,
        compress: bool = True,
    ) -> None:
        self.world = world
        self.release = release
        self.faults = faults
        self.tls = tls
        self.address = (host, port)
        self.name = name or ("localhost" if host == "127.0.0.1" else f"[{host}]")
        self.compress = compress
        self.user, self.password = USER, PASSWORD
        self.started = time.monotonic()
        self.sessions = Sessions(world.seed)
        self.estate = Estate(world, release)
        self.stats = Stats(self.sessions)
        rules = Rules(page_size=page_size, wrapped=release_key(release) >= WRAPPED_SINCE)
        rules = reduce(lambda bent, fault: fault.bend(bent), faults, rules)
        owner = Account(USER, PASSWORD, account, locked_after, session_limit)
        self.automation = AutomationService(world, self.sessions, owner, release, self.now)
        self.vim = VimService(Collector(self.estate, rules), self.sessions, owner, release, self.now)
        self.closing = asyncio.Event()
        self.runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1, handler_cancellation=True)
        self.port = 0

    def now(self) -> datetime:
        """Tell the estate's time: the world's instant when the server was made, running on from there."""
        return self.world.now + timedelta(seconds=time.monotonic() - self.started)

    @property
    def url(self) -> str:
        """The address to connect to, by name."""
        return f"{'https' if self.tls else 'http'}://{self.name}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.runner.setup()
        host, port = self.address
        site = web.TCPSite(self.runner, host, port, ssl_context=server_context(self.tls) if self.tls else None)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        await self.runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._serve)
        return application

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/mock/stats":
            return web.Response(body=ok(self.stats.snapshot()).body, content_type="application/json")
        call = await _call(request, self.stats.requests + 1)
        self.stats.begin(call)
        sent = 0
        try:
            answer = await self._answer(call, request.raw_path)
            response, sent = await self._send(request, answer)
        finally:
            self.stats.end(sent)
        return response

    async def _answer(self, call: Call, raw_path: str) -> Answer:
        inside = Inside(self.estate, self.sessions)
        for fault in self.faults:
            if (early := await fault.before(call, inside)) is not None:
                return early
        try:
            answer = self._dispatch(call, raw_path)
        except RefusedError as refused:
            answer = refused.answer
        return reduce(lambda bent, fault: fault.after(call, bent, inside), self.faults, answer)

    def _dispatch(self, call: Call, raw_path: str) -> Answer:
        if "[" in raw_path:
            # A square bracket is no character of a path; views' names have them, so they must come encoded.
            return Answer(400, b"Bad Request", "text/plain")
        if call.path.startswith("/api/"):
            return self.automation.answer(call)
        if call.path.startswith("/sdk/") and release_key(self.release) >= VI_JSON_SINCE:
            return self.vim.answer(call)
        return NOT_FOUND if call.path.startswith("/sdk/") else UNKNOWN

    async def _send(self, request: web.Request, answer: Answer) -> tuple[web.StreamResponse, int]:
        """Write an answer, or let happen what is to befall it; give the response and the bytes of body sent."""
        headers = {**answer.headers, **({"Content-Type": answer.content_type} if answer.content_type else {})}
        if answer.mishap == "hang":
            await self.closing.wait()
        if answer.mishap in {"reset", "hang"}:
            return _reset(request), 0
        if answer.mishap:
            return await self._send_broken(request, answer, headers)
        body = answer.body
        if self.compress and len(body) >= WORTH_COMPRESSING and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return web.Response(status=answer.status, body=body, headers=headers), len(body)

    async def _send_broken(
        self, request: web.Request, answer: Answer, headers: Mapping[str, str]
    ) -> tuple[web.StreamResponse, int]:
        """Send a body in pieces, under its whole length; a cut one ends in the middle with a reset."""
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.content_length = len(answer.body)
        await response.prepare(request)
        if answer.mishap == "cut":
            await response.write(answer.body[: len(answer.body) // 2])
            return _reset(request, response), len(answer.body) // 2
        for start in range(0, len(answer.body), PIECE):
            await response.write(answer.body[start : start + PIECE])
            await asyncio.sleep(answer.pause)
        return response, len(answer.body)


async def _call(request: web.Request, number: int) -> Call:
    query = {name: tuple(request.query.getall(name)) for name in request.query}
    wanted = (SESSION_HEADER, "Authorization", "Cookie", "User-Agent")
    headers = {name: request.headers[name] for name in wanted if name in request.headers}
    return Call(number, request.method, request.path, query, headers, await request.read())


def _reset(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Drop the connection with a TCP reset rather than an orderly end."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return response or web.Response()
