"""uplink-redundancy: whether the teams of network adapters have more than one link."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    DistributedPortGroup,
    Examined,
    Finding,
    Host,
    HostNetwork,
    Message,
    NotExamined,
    Severity,
    Text,
    Unseen,
    Verdict,
)

NONE_LEFT = Message(
    "uplink-redundancy.none-left", "No network adapter of {team} on {switch} has a link; it carries {port_groups}"
)
ONE_LEFT = Message(
    "uplink-redundancy.one-left",
    "Only {live} of the team {team} on {switch} has a link, {down} is down; it carries {port_groups}",
)
ONE_ONLY = Message(
    "uplink-redundancy.one-only", "{team} is the only network adapter of {port_groups} on {switch}, so a fault cuts it"
)
SPEEDS = Message(
    "uplink-redundancy.speeds", "The links of the team {team} on {switch} differ in speed ({speeds} Mbit/s)"
)
NOT_CONNECTED = Message("uplink-redundancy.not-connected", "the host is not connected ({connection_state})")
SHOWN = 4


@dataclass
class Team:
    """Adapters that stand in for each other, and what runs over them."""

    switch: str
    port_groups: list[str] = field(default_factory=list)


Teams = dict[tuple[str, ...], Team]
Groups = Mapping[str, list[DistributedPortGroup]]  # by the switch


@check(
    title="Uplink redundancy",
    category=Category.NETWORK,
    needs={Need.HOSTS, Need.HOST_NETWORK, Need.PORT_GROUPS},
    what="How many of the network adapters that a port group may use, active or standby, have a link, on standard and "
    "on distributed switches of each host; and whether their speeds differ.",
    why="With one link left, the next fault of a cable, a switch port or a switch cuts off the virtual machines, the "
    "storage or the management of the host.",
    fix="Repair the cable, the switch port or the adapter that is named. Give management and storage networks two "
    "adapters on different switches. Where one adapter is meant to serve alone, mute the finding.",
    blind_spots="Whether two adapters hang on the same physical switch is not seen, nor a link that is up and carries "
    "nothing. Adapters that belong to no team are left out, and so are switches without adapters. Every distributed "
    "port group counts on every host of its switch, used there or not.",
)
def uplink_redundancy(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - every check takes limits
    """Judge each team of each host once, however many port groups use it."""
    groups: defaultdict[str, list[DistributedPortGroup]] = defaultdict(list)
    for group in inventory.port_groups:
        if group.switch_uuid and not group.carries_uplinks:
            groups[group.switch_uuid].append(group)
    for host in inventory.hosts:
        network = inventory.host_network[host.ref]
        if not host.connected:
            yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))
        elif isinstance(network, Unseen):
            yield NotExamined(host, network)
        else:
            yield Examined(host)
            yield from _judge(host, network, groups)


def _judge(host: Host, network: HostNetwork, groups: Groups) -> Iterator[Verdict]:
    speeds = {nic.device: nic.speed_mb for nic in network.nics}
    own = {nic.port_group: nic.device for nic in network.vmkernels}
    for nics, team in sorted(_teams(network, groups, own).items()):
        if said := _grade(nics, team, speeds):
            yield Finding(said[0], host, said[1], "+".join(nics))


def _teams(network: HostNetwork, groups: Groups, own: Mapping[str, str]) -> Teams:
    """Return the teams of a host; an adapter belongs to one switch only, so that its adapters name a team."""
    teams: Teams = {}

    def add(nics: set[str], switch: str, port_group: str, vmkernel: str | None) -> None:
        if nics:
            team = teams.setdefault(tuple(sorted(nics)), Team(switch))
            # What the host itself runs over comes first.
            place = 0 if vmkernel else len(team.port_groups)
            team.port_groups.insert(place, f"{port_group} ({vmkernel})" if vmkernel else port_group)

    for group in network.port_groups:
        add(set(group.nics), group.switch, group.name, own.get(group.name))
    for proxy in network.proxies:
        behind = {uplink.name: uplink.nics for uplink in proxy.uplinks}
        for one in groups.get(proxy.switch_uuid, ()):
            nics = {nic for name in one.uplinks for nic in behind.get(name, ())}
            add(nics, proxy.switch, one.name, own.get(one.key))
    return teams


def _grade(nics: tuple[str, ...], team: Team, speeds: Mapping[str, int | None]) -> tuple[Severity, Text] | None:
    live = [nic for nic in nics if speeds.get(nic) is not None]
    shown = ", ".join(team.port_groups[:SHOWN]) + (" ..." if len(team.port_groups) > SHOWN else "")
    said = {"team": ", ".join(nics), "switch": team.switch, "port_groups": shown}
    if not live:
        return Severity.CRITICAL, NONE_LEFT(**said)
    if len(nics) == 1:
        return Severity.INFO, ONE_ONLY(**said)
    if len(live) == 1:
        down = ", ".join(nic for nic in nics if nic not in live)
        return Severity.WARNING, ONE_LEFT(**said, live=live[0], down=down)
    if len({speeds[nic] for nic in live}) > 1:
        return Severity.INFO, SPEEDS(**said, speeds=", ".join(f"{nic}: {speeds[nic]}" for nic in live))
    return None
