"""Switches, port groups and adapters: those of a host, and the distributed ones."""

from dataclasses import dataclass

from vhealthd.model.entities import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPolicy:
    """What a port group accepts; None where vCenter does not say."""

    promiscuous: bool | None
    forged_transmits: bool | None
    mac_changes: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPortGroup:
    """A port group of a standard switch, with the policies that are in effect and its team of adapters."""

    name: str
    switch: str
    security: SecurityPolicy
    nics: tuple[str, ...]  # active, then standby


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """An uplink (or link aggregation group) of a distributed switch, and the adapters of one host behind it."""

    name: str
    nics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProxySwitch:
    """The part of a distributed switch that lies in one host."""

    switch_uuid: str
    switch: str
    uplinks: tuple[Uplink, ...]


@dataclass(frozen=True, slots=True)
class PhysicalNic:
    """A network adapter of a host."""

    device: str  # vmnic0
    speed_mb: int | None  # Mbit/s; None: the link is down


@dataclass(frozen=True, slots=True)
class VmKernelNic:
    """An interface of the host itself. `port_group` is the name of a standard port group or a distributed one's key."""

    device: str  # vmk0
    port_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNetwork:
    """The network of one host."""

    port_groups: tuple[HostPortGroup, ...]
    proxies: tuple[HostProxySwitch, ...]
    nics: tuple[PhysicalNic, ...]
    vmkernels: tuple[VmKernelNic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributedPortGroup(Entity):
    """A port group of a distributed switch. `uplinks` names those of its team, active, then standby.

    `carries_uplinks` marks the port group that holds the uplinks themselves.
    """

    key: str
    switch_uuid: str | None
    carries_uplinks: bool
    security: SecurityPolicy
    uplinks: tuple[str, ...]
