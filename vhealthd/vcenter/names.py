"""Asks DNS about a vCenter and its hosts, as their clients would: addresses of the name, names of the addresses."""

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence
from datetime import timedelta

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
import dns.reversename

from vhealthd.model import Lookup

_IN_FLIGHT = 8


class Resolver:
    """Looks names up. `nameservers` are (address, port) pairs; none of them means those of this machine."""

    def __init__(self, nameservers: Sequence[tuple[str, int]], timeout: timedelta) -> None:
        try:
            resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        except dns.resolver.NoResolverConfiguration:
            resolver = dns.asyncresolver.Resolver(configure=False)
        if nameservers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in nameservers]
        resolver.timeout = timeout.total_seconds()
        # Two rounds over the servers: a lost datagram is no finding.
        resolver.lifetime = 2 * timeout.total_seconds() * max(1, len(resolver.nameservers))
        self._resolver = resolver
        self._slots = asyncio.Semaphore(_IN_FLIGHT)

    async def look_up(self, name: str) -> Lookup:
        """Return what DNS says of one name."""
        async with self._slots:
            v4, v6 = await self._addresses(name, "A"), await self._addresses(name, "AAAA")
            addresses = (*(v4 or ()), *(v6 or ()))
            if not addresses:
                return Lookup(name=name, status="failed" if v4 is None or v6 is None else "absent")
            pointers = {address: await self._pointers(address) for address in addresses}
            return Lookup(name=name, status="answered", addresses=addresses, pointers=pointers)

    async def look_up_all(self, names: Iterable[str]) -> dict[str, Lookup]:
        """Return what DNS says of many names, a few at a time."""
        found = await asyncio.gather(*(self.look_up(name) for name in set(names)))
        return {one.name: one for one in found}

    async def _addresses(self, name: str, kind: str) -> tuple[str, ...] | None:
        """Return addresses, an empty tuple if there are none, None if nobody answered."""
        try:
            answer = await self._resolver.resolve(name, kind, search=True)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException:
            return None
        return tuple(sorted(str(record.address) for record in answer))

    async def _pointers(self, address: str) -> tuple[str, ...] | None:
        try:
            answer = await self._resolver.resolve(dns.reversename.from_address(address), "PTR")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException:
            return None
        return tuple(sorted(str(record.target).rstrip(".") for record in answer))


def is_address(host: str) -> bool:
    """Whether a host is given by its IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
