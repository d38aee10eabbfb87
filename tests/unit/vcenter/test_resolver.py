"""How names are looked up: which servers are asked, how long, and how often."""

import time
from datetime import timedelta

import pytest

from mocks.dns import MockDns
from vhealthd.vcenter.names import Resolver, is_address

ZONE = {
    ("esx.lab.example", "A"): ("10.0.0.1",),
    ("esx.lab.example", "AAAA"): ("fd00::1",),
    ("10.0.0.1", "PTR"): ("esx.lab.example",),
    ("bare.lab.example", "A"): ("10.0.0.2",),
}


class Deaf(MockDns):
    """Loses the first datagrams of all."""

    def __init__(self, lost: int) -> None:
        super().__init__(ZONE)
        self.lost = lost

    def reply(self, wire: bytes) -> bytes | None:
        self.lost -= 1
        reply = super().reply(wire)
        return None if self.lost >= 0 else reply


def resolver(*servers: MockDns, milliseconds: int = 5000) -> Resolver:
    return Resolver([(one.host, one.port) for one in servers], timedelta(milliseconds=milliseconds))


async def test_addresses_of_both_kinds_and_the_way_back() -> None:
    async with MockDns(ZONE) as server:
        found = await resolver(server).look_up("esx.lab.example")

    assert (found.status, found.addresses) == ("answered", ("10.0.0.1", "fd00::1"))
    assert found.pointers == {"10.0.0.1": ("esx.lab.example",), "fd00::1": ()}


async def test_a_name_that_no_server_knows_is_absent() -> None:
    async with MockDns(ZONE) as server:
        assert (await resolver(server).look_up("gone.lab.example")).status == "absent"


async def test_a_lost_datagram_is_no_finding() -> None:
    async with Deaf(1) as server:
        assert (await resolver(server, milliseconds=300).look_up("esx.lab.example")).status == "answered"


async def test_one_server_that_is_silent_leaves_the_other() -> None:
    async with Deaf(1000) as silent, MockDns(ZONE) as server:
        found = await resolver(silent, server, milliseconds=300).look_up("esx.lab.example")

    assert (found.status, silent.queries > 0) == ("answered", True)


async def test_silence_ends_after_the_time_that_is_configured() -> None:
    async with Deaf(1000) as server:
        before = time.monotonic()
        found = await resolver(server, milliseconds=300).look_up("esx.lab.example")
        took = time.monotonic() - before

    assert found.status == "failed"
    assert server.queries >= 4, "both kinds of address are asked for twice"
    assert took < 4, "by default dnspython waits for 5 s, twice"


async def test_many_names_are_each_looked_up_once() -> None:
    async with MockDns(ZONE) as server:
        found = await resolver(server).look_up_all(["esx.lab.example", "bare.lab.example", "esx.lab.example"])

        assert {name: one.status for name, one in found.items()} == dict.fromkeys(
            ["esx.lab.example", "bare.lab.example"], "answered"
        )
        assert server.queries == 2 + 2 + 2 + 1


@pytest.mark.parametrize(
    ("host", "address"),
    [("10.0.0.1", True), ("fd00::1", True), ("esx01", False), ("esx01.lab.example", False), ("10.0.0", False)],
)
def test_an_address_is_no_name(host: str, *, address: bool) -> None:
    assert is_address(host) is address
