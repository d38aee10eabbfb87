"""Clients of mock vCenters, and faults that are told what to say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mocks.faults import Fault, Inside, When
from mocks.vcenter import MockVCenter
from mocks.wire import Answer, Call
from tests.unit.vcenter.servers import AT_ONCE, transport
from vhealthd.vcenter.auth import PasswordAuthentication
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.transport import Pace


@asynccontextmanager
async def client_of(
    vc: MockVCenter, *, password: str | None = None, pace: Pace = AT_ONCE
) -> AsyncIterator[VCenterClient]:
    """Start a vCenter and a client of it, which is closed at the end whatever happens."""
    async with vc, transport(vc.url, pace=pace) as way:
        client = VCenterClient(way, PasswordAuthentication(vc.user, password or vc.password))
        try:
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def opened(vc: MockVCenter, *, pace: Pace = AT_ONCE) -> AsyncIterator[VCenterClient]:
    """Start a vCenter and a client that has opened it."""
    async with client_of(vc, pace=pace) as client:
        await client.open()
        yield client


@dataclass(slots=True)
class Says(Fault):
    """Answers what it is told."""

    answer: Answer
    when: When = field(default_factory=When)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        del inside
        return self.answer if self.when.strikes(call) else None


@dataclass(slots=True)
class Hears(Fault):
    """Keeps every call, and does something on those that it strikes."""

    do: Callable[[Inside], object] = lambda _: None
    when: When = field(default_factory=When)
    calls: list[Call] = field(default_factory=list)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        self.calls.append(call)
        if self.when.strikes(call):
            self.do(inside)
            # Whatever was set off has its turn before the answer is written.
            for _ in range(3):
                await asyncio.sleep(0)
        return None

    def to(self, path: str) -> int:
        """Count the calls to paths that end so."""
        return sum(call.path.endswith(path) for call in self.calls)
