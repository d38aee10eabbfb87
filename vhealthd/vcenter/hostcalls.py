"""Asks connected hosts one by one, through vCenter, what no bulk read tells: their clocks and advanced settings.

vCenter relays such a call to the host, so that one that hangs holds its own answer and nobody else's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar, cast

from vhealthd.errors import BadAnswerError, FaultError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import Facets, Host, HostClock, HostManagers, Message, MoRef, Unseen
from vhealthd.vcenter.client import vi_data
from vhealthd.vcenter.single import Single, Site, as_unseen
from vhealthd.vcenter.transport import Answer
from vhealthd.vcenter.wire import each, moment, rounding, unbox

T = TypeVar("T")

NOT_CONNECTED = Message("unseen.not-connected", "the host is not connected ({connection_state})")

# What a host may take to answer, from the moment that its request is sent.
SECONDS = 10
# Half of the requests that are in flight by default: the other half is for bulk reads.
AT_ONCE = 4

# Subtrees end in a dot; asking for one costs as much as asking for a single setting.
SUBTREES = ("Syslog.global.logHost", "DataMover.", "VMFS3.", "UserVars.")
SETTINGS = frozenset(
    {
        "Syslog.global.logHost",
        "DataMover.HardwareAcceleratedMove",
        "DataMover.HardwareAcceleratedInit",
        "VMFS3.HardwareAcceleratedLocking",
        "VMFS3.EnableBlockDelete",
        "UserVars.ESXiShellTimeOut",
        "UserVars.ESXiShellInteractiveTimeOut",
    }
)


async def ask_each(hosts: Iterable[Host], ask: Callable[[Host], Awaitable[T | Unseen]]) -> Facets[T]:
    """Ask every connected host, a few at a time; what goes wrong with one is its own gap.

    `ask` gives `seconds=SECONDS` to the client's calls: a time-out around it would count its turn in the queue too.
    """
    found: dict[MoRef, T] = {}
    gaps: dict[MoRef, Unseen] = {}
    waiting = iter(hosts)

    async def worker() -> None:
        for host in waiting:
            answer = await _ask(host, ask)
            if isinstance(answer, Unseen):
                gaps[host.ref] = answer
            else:
                found[host.ref] = answer

    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(worker(), name=f"ask-hosts-{number}")
    return Facets(found, gaps)


async def _ask(host: Host, ask: Callable[[Host], Awaitable[T | Unseen]]) -> T | Unseen:
    if not host.connected:
        return Unseen(NOT_CONNECTED(connection_state=host.connection_state))
    try:
        return await ask(host)
    except VCenterError as error:
        return as_unseen(error)


async def _hosts(site: Site) -> tuple[tuple[Host, ...], Facets[HostManagers]]:
    hosts = cast("tuple[Host, ...]", await site.part(Need.HOSTS))
    return hosts, cast("Facets[HostManagers]", await site.part(Need.HOST_MANAGERS))


async def options(site: Site) -> Facets[Mapping[str, str | int]]:
    """Read the advanced settings named in SETTINGS; one that a host does not have is absent from its mapping."""
    hosts, managers = await _hosts(site)

    async def ask(host: Host) -> Mapping[str, str | int] | Unseen:
        known = managers[host.ref]
        if isinstance(known, Unseen):
            return known
        values: dict[str, str | int] = {}
        for name in SUBTREES:
            values |= await _query_options(site, known.options, name)
        return {key: value for key, value in values.items() if key in SETTINGS}

    return await ask_each(hosts, ask)


async def _query_options(site: Site, manager: MoRef, name: str) -> dict[str, str | int]:
    try:
        listed = await site.client.vi(manager, "QueryOptions", {"name": name}, seconds=SECONDS)
    except FaultError as fault:
        if fault.name == "InvalidName":
            return {}
        raise
    return {str(one.get("key")): _setting(unbox(one.get("value"))) for one in each({"options": listed}, "options")}


def _setting(value: object) -> str | int:
    return value if isinstance(value, int) else str(value or "")


async def clocks(site: Site) -> Facets[HostClock]:
    """Compare the clock of each host with this machine's, at the middle of the request."""
    hosts, managers = await _hosts(site)

    def compare(answer: Answer) -> HostClock:
        received = site.clock()
        told = moment(vi_data(answer))
        if told is None:
            raise BadAnswerError("the host's QueryDateTime is not a time")
        error = (answer.seconds + rounding(told)) / 2
        return HostClock(ahead_seconds=(told - received).total_seconds() + error, error_seconds=error)

    async def ask(host: Host) -> HostClock | Unseen:
        known = managers[host.ref]
        if isinstance(known, Unseen):
            return known
        ours: HostClock = await site.client.vi(known.clock, "QueryDateTime", {}, seconds=SECONDS, decode=compare)
        return ours

    return await ask_each(hosts, ask)


_AFTER = frozenset({Need.HOSTS, Need.HOST_MANAGERS})
SINGLES = (
    Single(need=Need.HOST_OPTIONS, name="advanced settings of hosts", read=options, after=_AFTER),
    Single(need=Need.HOST_CLOCKS, name="clocks of hosts", read=clocks, after=_AFTER),
)
