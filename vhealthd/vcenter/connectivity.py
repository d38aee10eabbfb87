"""Reads what the checks of connectivity judge: the way to a vCenter, its services, and what DNS says of it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import cast

from vhealthd.errors import (
    BadAnswerError,
    CertificateError,
    ConnectionFailedError,
    LoginFailedError,
    NameNotResolvedError,
    NotPermittedError,
    NotSupportedError,
    VCenterError,
)
from vhealthd.grants import APPLIANCE
from vhealthd.inventory import Need
from vhealthd.model import Facets, Host, HostNames, Names, Reachability, Service, Unseen
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.names import is_address
from vhealthd.vcenter.single import Single, Site, as_unseen, not_granted
from vhealthd.vcenter.wire import dig, rounding

# The appliance is asked for one rule of a check; it must not take the time of the others.
_APPLIANCE_SECONDS = 30

# The first row that fits names the step on which the way ended.
_STEPS: tuple[tuple[type[VCenterError], str], ...] = (
    (NameNotResolvedError, "name"),
    (CertificateError, "tls"),
    (LoginFailedError, "login"),
    (ConnectionFailedError, "connect"),
    (VCenterError, "answer"),
)


async def reach(
    client: VCenterClient, *, tls: str, clock: Callable[[], datetime], deadline: float
) -> tuple[Reachability, VCenterError | None, datetime]:
    """Open a vCenter and say how the way went, why there is no session if there is none, and what time it is there."""
    try:
        await _open(client, deadline)
    except VCenterError as error:
        step = next(name for kind, name in _STEPS if isinstance(error, kind))
        return _reachability(client, tls, failed_step=step, failure=str(error)), error, clock()
    before = clock()
    try:
        now = await client.current_time()
    except VCenterError:
        return _reachability(client, tls), None, clock()
    round_trip = clock() - before
    doubt = (round_trip.total_seconds() + rounding(now)) / 2
    skew = (now - (before + round_trip / 2)).total_seconds() + rounding(now) / 2
    known = _reachability(client, tls, skew=skew, skew_error=doubt)
    return known, None, now


async def _open(client: VCenterClient, deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            await client.open()
    except TimeoutError:
        raise ConnectionFailedError("it did not answer before the deadline of the scan") from None


def _reachability(
    client: VCenterClient,
    tls: str,
    *,
    failed_step: str | None = None,
    failure: str | None = None,
    skew: float | None = None,
    skew_error: float | None = None,
) -> Reachability:
    return Reachability(
        connect_seconds=client.transport.traffic.first_connect_seconds,
        tls=tls,
        failed_step=failed_step,
        failure=failure,
        clock_skew_seconds=skew,
        clock_error_seconds=skew_error,
    )


async def services(site: Site) -> tuple[Service, ...] | Unseen:
    """Read `/api/vcenter/services`; Unseen where the account may not. Raises VCenterError."""
    try:
        listed = await site.client.automation("GET", "/vcenter/services")
    except NotPermittedError as error:
        return not_granted(error, APPLIANCE.message)
    except NotSupportedError as error:
        return as_unseen(error)
    if not isinstance(listed, dict):
        raise BadAnswerError("the list of services is not a map")
    return tuple(
        Service(
            id=name,
            state=str(dig(one, "state") or "unknown"),
            health=dig(one, "health"),
            startup_type=str(dig(one, "startup_type") or "unknown"),
        )
        for name, one in sorted(listed.items())
    )


async def names(site: Site) -> Names:
    """Ask DNS about the vCenter's own name and the names of its hosts. It never fails: what was not seen says why."""
    own = site.client.transport.url.host or ""
    missing = as_unseen(site.no_session) if site.no_session else None
    return Names(
        vcenter=None if is_address(own) else await site.resolver.look_up(own),
        connected_to=site.client.transport.traffic.peer_address(),
        appliance_dns_servers=missing or await _appliance_dns_servers(site.client),
        hosts=missing or await _host_names(site),
    )


async def _appliance_dns_servers(client: VCenterClient) -> tuple[str, ...] | Unseen:
    try:
        async with asyncio.timeout(_APPLIANCE_SECONDS):
            answer = await client.automation("GET", "/appliance/networking/dns/servers")
    except NotPermittedError as error:
        return not_granted(error, APPLIANCE.message)
    except VCenterError as error:
        return as_unseen(error)
    except TimeoutError:
        return as_unseen(VCenterError(f"the appliance did not answer within {_APPLIANCE_SECONDS} s"))
    return tuple(str(server) for server in dig(answer, "servers") or ())


async def _host_names(site: Site) -> tuple[HostNames, ...] | Unseen:
    try:
        hosts = cast("tuple[Host, ...]", await site.part(Need.HOSTS))
        servers = cast("Facets[tuple[str, ...]]", await site.part(Need.HOST_DNS))
    except VCenterError as error:
        return as_unseen(error)
    found = await site.resolver.look_up_all(host.name for host in hosts if not is_address(host.name))
    return tuple(
        HostNames(host=host, lookup=found.get(host.name), dns_servers=servers.records.get(host.ref)) for host in hosts
    )


SINGLES = (
    Single(need=Need.SERVICES, name="services", read=services),
    Single(need=Need.NAMES, name="names", read=names, after=frozenset({Need.HOSTS, Need.HOST_DNS})),
)
