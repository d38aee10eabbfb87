"""The DNS server, asked by dnspython over UDP and TCP."""

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.message
import dns.rcode
import dns.resolver
import pytest

from mocks.dns import MockDns
from mocks.world import Host, records
from mocks.worlds import default_world


def _resolver(server: MockDns) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server.host], server.port
    resolver.lifetime = 0.2
    return resolver


@pytest.mark.parametrize("tcp", [True, False])
async def test_forward_and_reverse_agree_where_nothing_is_planted(*, tcp: bool) -> None:
    world = default_world()
    host = world.named(Host, "esx01.lab.example")
    async with MockDns(records(world)) as server:
        resolver = _resolver(server)
        forward = await resolver.resolve(host.name, "A", tcp=tcp)
        assert [each.to_text() for each in forward] == [host.address]
        reverse = await resolver.resolve_address(host.address, tcp=tcp)
        assert [each.to_text() for each in reverse] == [f"{host.name}."]
        local = await resolver.resolve_address("127.0.0.1", tcp=tcp)
        assert [each.to_text() for each in local] == ["localhost."]
        assert server.queries == 3


async def test_a_name_without_records_does_not_exist_and_one_without_the_type_is_empty() -> None:
    world = default_world()
    async with MockDns(records(world)) as server:
        with pytest.raises(dns.resolver.NXDOMAIN):
            await _resolver(server).resolve("esx05.lab.example", "A")
        with pytest.raises(dns.resolver.NoAnswer):
            await _resolver(server).resolve("esx01.lab.example", "AAAA")


async def test_a_silent_name_gets_no_answer() -> None:
    async with MockDns({("slow.lab.example", "A"): ("10.0.0.1",)}, frozenset({"slow.lab.example"})) as server:
        with pytest.raises(dns.exception.Timeout):
            await _resolver(server).resolve("slow.lab.example", "A")


async def test_ipv6_records() -> None:
    zone = {("six.lab.example", "AAAA"): ("fd00::1",), ("fd00::1", "PTR"): ("six.lab.example",)}
    async with MockDns(zone) as server:
        answer = await dns.asyncquery.udp(
            dns.message.make_query("six.lab.example", "AAAA"), server.host, port=server.port, timeout=1
        )
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.answer[0][0].to_text() == "fd00::1"
        reverse = await _resolver(server).resolve_address("fd00::1")
        assert [each.to_text() for each in reverse] == ["six.lab.example."]
