"""A small DNS server on UDP and TCP of one local port; its zone is plain data.

async with MockDns({("esx01.lab.example", "A"): ("10.20.0.11",), ("10.20.0.11", "PTR"): ("esx01.lab.example",)}) as dns:
    dns.host, dns.port
"""

import asyncio
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TypeAlias, cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset

Records: TypeAlias = Mapping[tuple[str, str], tuple[str, ...]]
"""(name, record type) -> answers; the name of a PTR record is the plain address."""

TTL = 60
ATTEMPTS = 20


class Zone:
    """Answers queries from records; names in `silent` get no answer at all, others NXDOMAIN when nothing bears them."""

    def __init__(self, records: Records, silent: frozenset[str] = frozenset()) -> None:
        self.records = {(_owner(name, kind), kind): values for (name, kind), values in records.items()}
        self.names = {name for name, _ in self.records}
        self.silent = {_owner(name, "A") for name in silent}

    def answer(self, wire: bytes) -> bytes | None:
        """Answer one message; None where the server keeps silent."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        owner = question.name.to_text().rstrip(".").lower()
        if owner in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        kind = dns.rdatatype.to_text(question.rdtype)
        values = self.records.get((owner, kind), ())
        if values:
            texts = [f"{value}." if kind == "PTR" else value for value in values]
            response.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", kind, texts))
        elif owner not in self.names:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


def _owner(name: str, kind: str) -> str:
    owner = dns.reversename.from_address(name) if kind == "PTR" else dns.name.from_text(name)
    return owner.to_text().rstrip(".").lower()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: "MockDns") -> None:
        self.server = server
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport is no DatagramTransport by inheritance before Python 3.12
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self.server.reply(data)
        if reply is not None and self.transport is not None:
            self.transport.sendto(reply, addr)


class MockDns:
    """The server, from entering the context to leaving it; `queries` counts what it was asked."""

    def __init__(self, records: Records, silent: frozenset[str] = frozenset()) -> None:
        self.zone = Zone(records, silent)
        self.host, self.port = "127.0.0.1", 0
        self.queries = 0
        self.datagrams: asyncio.DatagramTransport | None = None
        self.streams: asyncio.Server | None = None

    def reply(self, wire: bytes) -> bytes | None:
        """Count and answer a query."""
        self.queries += 1
        return self.zone.answer(wire)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for _ in range(ATTEMPTS):
            datagrams, _protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(self), (self.host, 0))
            port = datagrams.get_extra_info("sockname")[1]
            try:
                self.streams = await asyncio.start_server(self._stream, self.host, port)
            except OSError:
                # The port that UDP was given is taken on TCP: try another.
                datagrams.close()
                continue
            self.datagrams, self.port = datagrams, port
            return self
        raise OSError(f"no port is free on both UDP and TCP after {ATTEMPTS} attempts")

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.datagrams is not None:
            self.datagrams.close()
        if self.streams is not None:
            self.streams.close()
            await self.streams.wait_closed()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: each message is preceded by its length in two bytes."""
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = self.reply(await reader.readexactly(length))
                if reply is not None:
                    writer.write(struct.pack("!H", len(reply)) + reply)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
