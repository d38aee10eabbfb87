"""dns-resolution: whether the names of vCenter and of the hosts lead there and back."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from vhealthd.checkapi import Count, Field, Inventory, Limits, Need, check
from vhealthd.model import (
    Blind,
    Category,
    Entity,
    Examined,
    Finding,
    HostNames,
    Lookup,
    Message,
    Names,
    NotExamined,
    Outcome,
    Severity,
    Text,
    Unseen,
    Verdict,
    VirtualCenter,
)

ABSENT = Message("dns-resolution.absent", "DNS has no address for the name {name}")
ELSEWHERE = Message(
    "dns-resolution.elsewhere", "DNS leads the name {name} to {addresses}, but vCenter was reached at {connected_to}"
)
NO_POINTER = Message("dns-resolution.no-pointer", "There is no PTR record for {addresses}; it should name {name}")
WRONG_POINTER = Message(
    "dns-resolution.wrong-pointer", "The PTR record of {addresses} names {found}; it should name {name}"
)
FEW_SERVERS = Message(
    "dns-resolution.few-servers",
    "Number of DNS servers that it asks: {dns_servers}; there should be at least {minimum_dns_servers}",
)
BY_ADDRESS = Message("dns-resolution.by-address", "the configured URL has an address in place of a name")
NO_ANSWER = Message("dns-resolution.no-answer", "no DNS server answered the question for {name}")
NO_REVERSE_ANSWER = Message("dns-resolution.no-reverse-answer", "no DNS server answered the question for {addresses}")
NO_SERVERS_READ = Message("dns-resolution.no-servers-read", "the DNS servers that it asks could not be read")


class DnsResolutionLimits(Limits):
    """How many DNS servers there should be."""

    minimum_dns_servers: Count = Field(2, description="DNS servers that vCenter and each host should know, at least")


@check(
    title="DNS resolution",
    category=Category.CONNECTIVITY,
    needs={Need.NAMES},
    limits=DnsResolutionLimits,
    what="Whether the name of vCenter resolves to the address at which it was reached, whether the name of every host "
    "resolves, whether the PTR records lead back to the same names, and whether vCenter and the hosts have more than "
    "one DNS server.",
    why="vCenter, single sign-on and the certificates work by name. When a name stops resolving, logins, host "
    "connections, high availability and upgrades fail in ways that do not look like DNS.",
    fix="Add or correct the A (or AAAA) record and the PTR record of the name, so that each leads to the other. The "
    "name under which vCenter was installed must resolve both ways. Give vCenter and every host a second DNS server.",
    blind_spots="It asks the DNS servers of this machine, or those in its configuration, not the ones that vCenter and "
    "the hosts ask. Hosts that vCenter knows by address have no name to look up. Hosts files are not read.",
)
def dns_resolution(inventory: Inventory, limits: DnsResolutionLimits) -> Iterator[Verdict]:
    """Judge what DNS says of vCenter and of each host."""
    names = inventory.names
    yield from _vcenter(inventory.vcenter, names, limits.for_object(inventory.vcenter).minimum_dns_servers)
    if isinstance(names.hosts, Unseen):
        yield Blind(names.hosts)
        return
    for host in names.hosts:
        yield from _host(host, limits.for_object(host.host).minimum_dns_servers)


def _vcenter(vcenter: VirtualCenter, names: Names, minimum: int) -> Iterator[Verdict]:
    lookup, servers = names.vcenter, names.appliance_dns_servers
    if not isinstance(servers, Unseen) or (lookup and lookup.status != "failed"):
        yield Examined(vcenter)
    if lookup is None:
        yield NotExamined(vcenter, Unseen(BY_ADDRESS(), Outcome.SKIPPED), rule="name")
    elif lookup.status == "failed":
        yield Blind(Unseen(NO_ANSWER(name=lookup.name)))
    elif text := _astray(lookup, names.connected_to):
        yield Finding(Severity.CRITICAL, vcenter, text, "forward")
    else:
        yield from _back(vcenter, lookup)
    if isinstance(servers, Unseen):
        yield NotExamined(vcenter, servers, rule="dns-servers")
    else:
        yield from _servers(vcenter, servers, minimum)


def _host(names: HostNames, minimum: int) -> Iterator[Verdict]:
    host, lookup, servers = names.host, names.lookup, names.dns_servers
    if servers is not None or (lookup and lookup.status != "failed"):
        yield Examined(host)
    if lookup and lookup.status == "failed":
        yield NotExamined(host, Unseen(NO_ANSWER(name=lookup.name)), rule="name", hides_all=True)
    elif lookup and (text := _astray(lookup)):
        yield Finding(Severity.WARNING, host, text, "forward")
    elif lookup:
        yield from _back(host, lookup)
    if servers is None:
        yield NotExamined(host, Unseen(NO_SERVERS_READ()), rule="dns-servers")
    else:
        yield from _servers(host, servers, minimum)


def _astray(lookup: Lookup, connected_to: str | None = None) -> Text | None:
    """Say where a name leads, if that is not where it should."""
    if lookup.status == "absent":
        return ABSENT(name=lookup.name)
    if connected_to and ip_address(connected_to) not in map(ip_address, lookup.addresses):
        return ELSEWHERE(name=lookup.name, addresses=_list(lookup.addresses), connected_to=connected_to)
    return None


def _back(entity: Entity, lookup: Lookup) -> Iterator[Verdict]:
    """Judge the way from the addresses of a name back to it: one verdict for all addresses."""
    answers = {address: lookup.pointers.get(address) for address in lookup.addresses}
    silent = [address for address, found in answers.items() if found is None]
    bare = [address for address, found in answers.items() if found == ()]
    wrong = {address: found for address, found in answers.items() if found and not _named(lookup.name, found)}
    if silent:
        yield NotExamined(entity, Unseen(NO_REVERSE_ANSWER(addresses=_list(silent))), rule="reverse")
    if wrong:
        found = _list(name for names in wrong.values() for name in names)
        text = WRONG_POINTER(addresses=_list(wrong), found=found, name=lookup.name)
        yield Finding(Severity.WARNING, entity, text, "reverse")
    elif bare:
        yield Finding(Severity.WARNING, entity, NO_POINTER(addresses=_list(bare), name=lookup.name), "reverse")


def _servers(entity: Entity, servers: tuple[str, ...], minimum: int) -> Iterator[Verdict]:
    number = len(set(servers))
    if number < minimum:
        text = FEW_SERVERS(dns_servers=number, minimum_dns_servers=minimum, servers=_list(servers))
        yield Finding(Severity.WARNING, entity, text, "dns-servers")


def _named(name: str, found: Iterable[str]) -> bool:
    """Whether one of the names found is this one. A name without a domain is compared without domains."""
    wanted = _plain(name)
    known = [_plain(other) for other in found]
    return wanted in (known if "." in wanted else [other.partition(".")[0] for other in known])


def _plain(name: str) -> str:
    return name.removesuffix(".").lower()


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
