"""promiscuous-mode: whether a port group lets its virtual machines hear the traffic of others."""

import re
from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Entity,
    Examined,
    Finding,
    Message,
    NotExamined,
    SecurityPolicy,
    Severity,
    Unseen,
    Verdict,
)

PROMISCUOUS = Message(
    "promiscuous-mode.promiscuous",
    "The port group {port_group} accepts promiscuous mode: its machines can read the traffic of all others on it",
)
FORGED = Message(
    "promiscuous-mode.forged-transmits",
    "The port group {port_group} accepts forged transmits: its machines can send under another MAC address",
)
CHANGED = Message(
    "promiscuous-mode.mac-changes",
    "The port group {port_group} accepts MAC address changes: its machines can receive under another MAC address",
)
NOT_CONNECTED = Message("promiscuous-mode.not-connected", "the host is not connected ({connection_state})")
NO_POLICY = Message("promiscuous-mode.no-policy", "vCenter does not say whether the port group accepts it")


class PromiscuousModeLimits(Limits):
    """Which policies are judged, and which port groups may accept."""

    forged_transmits: bool = Field(default=True, description="Tell of port groups that accept forged transmits")
    mac_changes: bool = Field(default=True, description="Tell of port groups that accept MAC address changes")
    accepted_port_groups: tuple[re.Pattern[str], ...] = Field(
        (), description="Regular expressions, searched for in names: port groups of sniffers, which may accept all"
    )


@check(
    title="Promiscuous mode",
    category=Category.NETWORK,
    needs={Need.HOSTS, Need.HOST_NETWORK, Need.PORT_GROUPS},
    limits=PromiscuousModeLimits,
    maximum=Severity.WARNING,
    what="Whether port groups, those of standard switches on each host and distributed ones, accept promiscuous mode; "
    "and for information whether they accept forged transmits and MAC address changes.",
    why="On such a port group one virtual machine that was broken into can read or take over the traffic of its "
    "neighbours.",
    fix="Set the policy of the port group to Reject, unless it serves a sniffer, an intrusion detection system or "
    "nested hypervisors. Name the port groups that do in the limit accepted_port_groups.",
    blind_spots="Single ports of a distributed switch may override the policy of their port group, which is not seen. "
    "Networks of NSX are left to NSX. A policy of a switch counts only through its port groups.",
)
def promiscuous_mode(inventory: Inventory, limits: PromiscuousModeLimits) -> Iterator[Verdict]:
    """Judge the port groups of each host, then the distributed ones."""
    for host in inventory.hosts:
        network = inventory.host_network[host.ref]
        if not host.connected:
            yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))
        elif isinstance(network, Unseen):
            yield NotExamined(host, network)
        else:
            yield Examined(host)
            for group in network.port_groups:
                yield from _judge(host, group.name, group.name, group.security, limits)
    for one in inventory.port_groups:
        if not one.carries_uplinks:
            yield Examined(one)
            yield from _judge(one, None, one.name, one.security, limits)


def _judge(
    owner: Entity, key: str | None, name: str, security: SecurityPolicy, limits: PromiscuousModeLimits
) -> Iterator[Verdict]:
    """Judge one port group; `key` is its name where its owner is a host that has others."""
    limits = limits.for_object(owner)
    if any(pattern.search(name) for pattern in limits.accepted_port_groups):
        return
    rules = [(PROMISCUOUS, Severity.WARNING, security.promiscuous, key)]
    if limits.forged_transmits:
        rules.append((FORGED, Severity.INFO, security.forged_transmits, _key("forged-transmits", key)))
    if limits.mac_changes:
        rules.append((CHANGED, Severity.INFO, security.mac_changes, _key("mac-changes", key)))
    for message, severity, accepts, place in rules:
        if accepts:
            yield Finding(severity, owner, message(port_group=name), place)
        elif accepts is None:
            yield NotExamined(owner, Unseen(NO_POLICY()), rule=place)


def _key(rule: str, port_group: str | None) -> str:
    return rule if port_group is None else f"{rule}: {port_group}"
