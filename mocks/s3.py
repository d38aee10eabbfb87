"""A mock of S3: moto's server behind a proxy that has faults as told and notes each request.

async with MockS3(faults=[S3Fault(status=503, code="SlowDown", retry_after=7, times=1)]) as s3:
    s3.url, s3.requests; await s3.make("reports"); await s3.keys("reports")
"""

import asyncio
import io
import re
import socket
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from moto.server import ThreadedMotoServer
from yarl import URL

LARGEST = 1 << 30
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "date", "server"}
_CHECKSUMS = "x-amz-checksum-"


@dataclass(slots=True)
class S3Fault:
    """What happens to requests in place of an answer: an error, a reset, or a wait before the answer.

    It strikes requests with this method and with `about` in their path and query, `times` times or always. `late` lets
    the request through and spoils the answer only.
    """

    method: str = ""
    about: str = ""
    status: int = 0
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] | None = None
    reset: bool = False
    wait: asyncio.Event | None = None
    late: bool = False
    times: int | None = None
    struck: asyncio.Event = field(default_factory=asyncio.Event)

    def strikes(self, request: web.Request) -> bool:
        """Count and decide."""
        if not (request.method.startswith(self.method) and self.about in request.raw_path) or self.times == 0:
            return False
        self.times = None if self.times is None else self.times - 1
        self.struck.set()
        return True


class MockS3:
    """The server, from entering the context to leaving it. Faults may be changed while it serves.

    Without `checksums` it is a store that knows none: it drops what it is told of them, and tells none. Objects are the
    process's, not the server's: with `keep` those of an earlier server are there.
    """

    def __init__(
        self, *, faults: Iterable[S3Fault] = (), checksums: bool = True, port: int = 0, keep: bool = False
    ) -> None:
        self.faults = list(faults)
        self.checksums = checksums
        self.requests: list[tuple[str, str]] = []  # method, path with query
        self.stored: Counter[str] = Counter()  # how often an object was put to its end, by path
        self.headers: list[Mapping[str, str]] = []  # of the same requests
        self.port = port
        self._keep = keep
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._behind = ""
        self._client: aiohttp.ClientSession | None = None
        application = web.Application(client_max_size=LARGEST)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1, handler_cancellation=True)

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://127.0.0.1:{self.port}"

    def count(self, method: str) -> int:
        """Return the number of requests with a method."""
        return sum(one == method for one, _ in self.requests)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._moto.start)
        host, port = self._moto.get_host_and_port()
        self._behind = f"http://{host}:{port}"
        self._client = aiohttp.ClientSession(auto_decompress=False)
        if not self._keep:
            await self._straight("POST", "/moto-api/reset", {})
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if self._client is not None:
            await self._client.close()
        await asyncio.to_thread(self._moto.stop)

    # --- for tests: straight to the store, without faults

    async def make(self, bucket: str, *, locks: bool = False) -> None:
        """Make a bucket."""
        headers = {"x-amz-bucket-object-lock-enabled": "true"} if locks else {}
        await self._straight("PUT", f"/{bucket}", headers)

    async def put(self, bucket: str, key: str, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Put an object."""
        await self._straight("PUT", f"/{bucket}/{key}", headers or {}, content)

    async def get(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]]:
        """Return an object and its headers."""
        return await self._straight("GET", f"/{bucket}/{key}", {"x-amz-checksum-mode": "ENABLED"})

    async def tags(self, bucket: str, key: str) -> dict[str, str]:
        """Return the tags of an object."""
        said, _ = await self._straight("GET", f"/{bucket}/{key}?tagging", {})
        pairs = re.findall(r"<Key>(.*?)</Key>\s*<Value>(.*?)</Value>", said.decode())
        return {unescape(name): unescape(value) for name, value in pairs}

    async def keys(self, bucket: str) -> list[str]:
        """Return the keys in a bucket."""
        return await self._listed(f"/{bucket}?list-type=2")

    async def uploads(self, bucket: str) -> list[str]:
        """Return the keys of uploads in parts that are not complete."""
        return await self._listed(f"/{bucket}?uploads")

    async def _listed(self, path: str) -> list[str]:
        listed, _ = await self._straight("GET", path, {})
        return [unescape(key) for key in re.findall("<Key>(.*?)</Key>", listed.decode())]

    async def _straight(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes = b""
    ) -> tuple[bytes, Mapping[str, str]]:
        # moto judges no signatures, but without one it takes a request for anonymous
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=mock/20261121/us-east-1/s3/aws4_request", **headers}
        async with self._session.request(
            method, URL(self._behind + path, encoded=True), headers=signed, data=io.BytesIO(content)
        ) as answer:
            answer.raise_for_status()
            return await answer.read(), answer.headers

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            raise RuntimeError("the mock is not entered")
        return self._client

    # --- the proxy

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.raw_path))
        self.headers.append(request.headers)
        body = await request.read()
        fault = next((one for one in self.faults if one.strikes(request)), None)
        if fault and fault.wait:
            await fault.wait.wait()
        if fault and not fault.late and (fault.reset or fault.status):
            return _trouble(request, fault)
        response = await self._pass_on(request, body)
        return _trouble(request, fault) if fault and fault.late else response

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        url = URL(self._behind + request.raw_path, encoded=True)
        headers = self._known(request.headers)
        async with self._session.request(request.method, url, headers=headers, data=io.BytesIO(body)) as answer:
            content = await answer.read()
            if request.method == "PUT" and answer.ok:
                self.stored[request.path] += 1
            shown = {k: v for k, v in self._known(answer.headers).items() if k.lower() not in _HOP}
            if request.method == "HEAD":
                return web.Response(status=answer.status, headers=shown)
            shown.pop("Content-Length", None)
            return web.Response(status=answer.status, headers=shown, body=content)

    def _known(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name: value
            for name, value in headers.items()
            if self.checksums or not name.lower().startswith((_CHECKSUMS, "x-amz-sdk-checksum"))
        }


def _trouble(request: web.Request, fault: S3Fault) -> web.Response:
    if fault.reset and request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{fault.code}</Code>'
        f"<Message>{fault.message}</Message></Error>"
    )
    headers = {"Content-Type": "application/xml", **(fault.headers or {})}
    return web.Response(status=fault.status or 500, headers=headers, text="" if request.method == "HEAD" else body)
