"""A service that is posted to, with faults as told. What a real one verifies, its subclasses do.

async with MockService(faults=[Answer(status=429, headers={"Retry-After": "7"}, times=1)]) as service:
    service.url; service.requests
"""

import asyncio
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import orjson
from aiohttp import web

from mocks.tls import Certificates, server_context

LARGEST = 1 << 20
_CHUNK = b"x" * (1 << 16)
# lingers for no time: closing sends a reset
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came in."""

    path: str  # with the query
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        value = orjson.loads(self.body)
        if not isinstance(value, dict):
            raise TypeError("not an object")
        return value


@dataclass(slots=True, kw_only=True)
class Answer:
    """What is answered: with `times` in place of the service's own answer, so often. A `wait` stalls before it.

    With `reset` the connection is cut in place of an answer; with `endless` its body never ends.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: asyncio.Event | None = None
    times: int = 1
    reset: bool = False
    endless: bool = False


class Rejected(Exception):  # noqa: N818 - it is an answer
    """The service does not take what was posted, and says so as the real one does."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


class MockService:
    """Serves on 127.0.0.1 from entering the context to leaving it; `accept` is what a subclass verifies with.

    With `tls` it serves https.
    """

    def __init__(self, *, faults: Iterable[Answer] = (), tls: Certificates | None = None) -> None:
        self.faults = list(faults)
        self._tls = tls
        self.requests: list[Request] = []  # all of them
        self.accepted: list[Request] = []  # those that were taken
        self.url = ""
        application = web.Application(client_max_size=LARGEST)
        application.router.add_post("/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1, handler_cancellation=True)

    async def accept(self, request: Request) -> Answer:
        """Verify a request as the real service does: return its answer, or raise Rejected."""
        raise NotImplementedError(request)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        context = server_context(self._tls) if self._tls else None
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if context else 'http'}://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, raw: web.Request) -> web.StreamResponse:
        request = Request(path=raw.raw_path, headers=dict(raw.headers), body=await raw.read())
        self.requests.append(request)
        answer = self._fault() or await self._own(request)
        if answer.wait:
            await answer.wait.wait()
        if answer.reset:
            _cut(raw)
        if answer.endless:
            return await _never_end(raw, answer)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def _own(self, request: Request) -> Answer:
        try:
            answer = await self.accept(request)
        except Rejected as rejected:
            return rejected.answer
        self.accepted.append(request)
        return answer

    def _fault(self) -> Answer | None:
        for one in self.faults:
            if one.times:
                one.times -= 1
                return one
        return None


def _cut(raw: web.Request) -> None:
    if raw.transport:
        raw.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raw.transport.abort()


async def _never_end(raw: web.Request, answer: Answer) -> web.StreamResponse:
    """Send until the other side hangs up, which cancels this."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    await response.prepare(raw)
    while True:
        await response.write(_CHUNK)
