"""Facets of the network: switches, port groups and adapters of hosts; and distributed port groups."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vhealthd.inventory import Need
from vhealthd.model import (
    DistributedPortGroup,
    HostNetwork,
    HostPortGroup,
    HostProxySwitch,
    MoRef,
    PhysicalNic,
    SecurityPolicy,
    Uplink,
    VmKernelNic,
)
from vhealthd.vcenter.records.facet import Facet, Props
from vhealthd.vcenter.tree import Tree
from vhealthd.vcenter.wire import ObjectContent, dig, display_name, each, reference

SWITCH_PATHS = ("uuid",)
# `defaultPortConfig` is declared as a base type, so that nothing below it can be asked for.
PORT_GROUP_PATHS = ("name", "parent", "config")

GROUPS = "config.network.portgroup"
SWITCHES = "config.network.vswitch"
PROXIES = "config.network.proxySwitch"
NICS = "config.network.pnic"
VMKERNELS = "config.network.vnic"


def _host_network(props: Props) -> HostNetwork | None:
    if props.get(GROUPS) is None and props.get(PROXIES) is None:
        return None
    switches = {str(one.get("name")): one for one in each(props, SWITCHES)}
    return HostNetwork(
        port_groups=tuple(_port_group(one, switches) for one in each(props, GROUPS)),
        proxies=tuple(_proxy(one) for one in each(props, PROXIES)),
        nics=tuple(PhysicalNic(str(one.get("device")), dig(one, "linkSpeed", "speedMb")) for one in each(props, NICS)),
        vmkernels=tuple(_vmkernels(props)),
    )


def _port_group(group: Mapping[str, Any], switches: Mapping[str, Mapping[str, Any]]) -> HostPortGroup:
    """Make a port group of its computed policy; what that leaves open is as its switch has it."""
    switch = str(dig(group, "spec", "vswitchName") or "")
    spec = dig(switches.get(switch), "spec")
    order = dig(group, "computedPolicy", "nicTeaming", "nicOrder") or dig(spec, "policy", "nicTeaming", "nicOrder")
    bridged = dig(spec, "bridge", "nicDevice") or ()
    return HostPortGroup(
        name=display_name(str(dig(group, "spec", "name") or "")),
        switch=switch,
        security=_effective(dig(group, "computedPolicy", "security"), dig(spec, "policy", "security")),
        nics=tuple(bridged) if order is None else (*(order.get("activeNic") or ()), *(order.get("standbyNic") or ())),
    )


def _effective(*policies: Any) -> SecurityPolicy:  # noqa: ANN401 - decoded JSON
    """Take each value from the first policy that has it."""

    def value(name: str) -> bool | None:
        return next(iter(_values(policies, name)), None)

    return _security(value)


def _laxest(*policies: Any) -> SecurityPolicy:  # noqa: ANN401 - decoded JSON
    """Take it that what one policy accepts is accepted."""

    def value(name: str) -> bool | None:
        found = _values(policies, name)
        return any(found) if found else None

    return _security(value)


def _values(policies: tuple[Any, ...], name: str) -> list[bool]:
    """Return what policies say of one thing, be it plain or in a BoolPolicy."""
    found = (dig(policy, name) for policy in policies)
    plain = (one.get("value") if isinstance(one, dict) else one for one in found)
    return [one for one in plain if isinstance(one, bool)]


def _security(value: Callable[[str], bool | None]) -> SecurityPolicy:
    return SecurityPolicy(
        promiscuous=value("allowPromiscuous"),
        forged_transmits=value("forgedTransmits"),
        mac_changes=value("macChanges"),
    )


def _proxy(proxy: Mapping[str, Any]) -> HostProxySwitch:
    """Make a host's part of a distributed switch; adapters hang on ports, and ports bear the uplinks' names."""
    nics: defaultdict[str, list[str]] = defaultdict(list)
    for one in each(proxy, "spec", "backing", "pnicSpec"):
        nics[str(one.get("uplinkPortKey"))].append(str(one.get("pnicDevice")))
    ports: defaultdict[str, list[str]] = defaultdict(list)
    for port in each(proxy, "uplinkPort"):
        ports[str(port.get("value"))].append(str(port.get("key")))
    for lag in each(proxy, "hostLag"):
        ports[str(lag.get("lagName"))] += [str(port.get("key")) for port in each(lag, "uplinkPort")]
    return HostProxySwitch(
        switch_uuid=str(proxy.get("dvsUuid")),
        switch=display_name(str(proxy.get("dvsName") or "")),
        uplinks=tuple(
            Uplink(name=display_name(name), nics=tuple(nic for key in keys for nic in nics[key]))
            for name, keys in ports.items()
        ),
    )


def _vmkernels(props: Props) -> Iterator[VmKernelNic]:
    for one in each(props, VMKERNELS):
        group = one.get("portgroup") or dig(one, "spec", "distributedVirtualPort", "portgroupKey")
        if group:
            yield VmKernelNic(str(one.get("device")), display_name(str(group)))


def switch_uuid(content: ObjectContent) -> str | None:
    """Return by what hosts know a distributed switch."""
    return content.props.get("uuid")


def distributed_port_group(
    content: ObjectContent, tree: Tree, switches: Mapping[MoRef, str | None]
) -> DistributedPortGroup:
    """Make a distributed port group. Since 6.7 a policy of MAC management stands beside the older security policy."""
    props, parent, config = content.props, reference(content.props.get("parent")), content.props.get("config")
    name = display_name(str(props.get("name") or content.ref.value))
    switch, port = reference(dig(config, "distributedVirtualSwitch")), dig(config, "defaultPortConfig")
    order = dig(port, "uplinkTeamingPolicy", "uplinkPortOrder")
    names = (*(dig(order, "activeUplinkPort") or ()), *(dig(order, "standbyUplinkPort") or ()))
    return DistributedPortGroup(
        ref=content.ref,
        name=name,
        path=tree.path(name, parent),
        datacenter=tree.datacenter(parent),
        key=str(dig(config, "key") or content.ref.value),
        switch_uuid=switches.get(switch) if switch else None,
        carries_uplinks=bool(dig(config, "uplink")),
        security=_laxest(dig(port, "macManagementPolicy"), dig(port, "securityPolicy")),
        uplinks=tuple(display_name(str(one)) for one in names),
    )


NETWORK_FACETS = (
    Facet(
        Need.HOST_NETWORK,
        "HostSystem",
        (GROUPS, SWITCHES, PROXIES, NICS, VMKERNELS),
        _host_network,
        "host network",
    ),
)
