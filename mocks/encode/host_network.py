"""The network configuration of an ESXi host as VI JSON."""

from mocks.encode.network import UPLINKS
from mocks.encode.value import Tree, data
from mocks.world import Host, Network, PortGroup, StandardSwitch, Switch, World

# The last two are no part of any switch unless a host says so.
NICS = ("vmnic0", "vmnic1", "vmnic2", "vmnic3", "vmnic4", "vmnic5")
STANDARD, DISTRIBUTED = NICS[:2], NICS[2:4]
POLICIES = ("allowPromiscuous", "macChanges", "forgedTransmits")
MANAGEMENT = "Management Network"


def network(world: World, host: Host) -> Tree:
    """Encode `config.network`: one standard switch on two adapters, a distributed one on the other two."""
    return data(
        "HostNetworkInfo",
        vswitch=[_standard_switch(switch) for switch in _switches(world, host)],
        proxySwitch=[_proxy(switch) for switch in world.all(Switch) if host.moid in switch.hosts],
        portgroup=[
            _port_group(name, switch, host.lax_port_groups.get(name, frozenset()))
            for switch in _switches(world, host)
            for name in switch.port_groups
        ],
        pnic=[_nic(host, number, device) for number, device in enumerate(NICS)],
        vnic=[_management(host), *_vmotion(world, host)],
        dnsConfig=_dns(host),
        ipRouteConfig=data("HostIpRouteConfig", defaultGateway="10.20.0.1"),
        atBootIpV6Enabled=True,
    )


def _switches(world: World, host: Host) -> list[StandardSwitch]:
    names = (each.name for each in world.all(Network) if host.moid in each.hosts)
    first = StandardSwitch(name="vSwitch0", nics=STANDARD, port_groups=(MANAGEMENT, *names))
    return [first, *host.switches]


def _policy(switch: StandardSwitch, accepts: frozenset[str] = frozenset()) -> Tree:
    """Encode the policies of a switch, or those that are in effect on a port group of it."""
    order = data("HostNicOrderPolicy", activeNic=list(switch.nics[:1]), standbyNic=list(switch.nics[1:]))
    return data(
        "HostNetworkPolicy",
        security=data("HostNetworkSecurityPolicy", **{name: name in accepts for name in POLICIES}),
        nicTeaming=data("HostNicTeamingPolicy", policy="failover_explicit", nicOrder=order),
    )


def _dns(host: Host) -> Tree:
    """Encode the resolver's settings; a host known by its address has no domain."""
    name, _, domain = host.name.partition(".")
    by_address = host.name[0].isdigit()
    return data(
        "HostDnsConfig",
        dhcp=False,
        hostName="localhost" if by_address else name,
        domainName="" if by_address else domain,
        address=list(host.dns_servers),
        searchDomain=["lab.example"],
    )


def _standard_switch(switch: StandardSwitch) -> Tree:
    bridge = data("HostVirtualSwitchBondBridge", nicDevice=list(switch.nics)) if switch.nics else None
    return data(
        "HostVirtualSwitch",
        name=switch.name,
        key=f"key-vim.host.VirtualSwitch-{switch.name}",
        numPorts=9216,
        numPortsAvailable=9200,
        mtu=1500,
        portgroup=[f"key-vim.host.PortGroup-{name}" for name in switch.port_groups],
        pnic=[f"key-vim.host.PhysicalNic-{device}" for device in switch.nics],
        spec=data(
            "HostVirtualSwitchSpec",
            numPorts=128,
            bridge=bridge,
            policy=_policy(switch),
            mtu=1500,
        ),
    )


def _proxy(switch: Switch) -> Tree:
    pnics = [
        data("DistributedVirtualSwitchHostMemberPnicSpec", pnicDevice=device, uplinkPortKey=str(number))
        for number, device in enumerate(DISTRIBUTED)
    ]
    return data(
        "HostProxySwitch",
        dvsUuid=switch.uuid,
        dvsName=switch.name,
        key=f"DvsPortset-{switch.moid}",
        numPorts=2560,
        numPortsAvailable=2540,
        mtu=switch.max_mtu,
        uplinkPort=[data("KeyValue", key=str(number), value=name) for number, name in enumerate(UPLINKS)],
        pnic=[f"key-vim.host.PhysicalNic-{device}" for device in DISTRIBUTED],
        spec=data(
            "HostProxySwitchSpec",
            backing=data("DistributedVirtualSwitchHostMemberPnicBacking", pnicSpec=pnics),
        ),
    )


def _port_group(name: str, switch: StandardSwitch, accepts: frozenset[str]) -> Tree:
    return data(
        "HostPortGroup",
        key=f"key-vim.host.PortGroup-{name}",
        vswitch=f"key-vim.host.VirtualSwitch-{switch.name}",
        computedPolicy=_policy(switch, accepts),
        spec=data(
            "HostPortGroupSpec",
            name=name,
            vlanId=0,
            vswitchName=switch.name,
            policy=data("HostNetworkPolicy", security=data("HostNetworkSecurityPolicy")),
        ),
    )


def _nic(host: Host, number: int, device: str) -> Tree:
    """Encode an adapter; one whose link is down has no link speed."""
    up = device not in host.nics_down
    tail = int(host.moid.rpartition("-")[2])
    return data(
        "PhysicalNic",
        key=f"key-vim.host.PhysicalNic-{device}",
        device=device,
        pci=f"0000:19:00.{number}",
        driver="i40en",
        linkSpeed=data("PhysicalNicLinkInfo", speedMb=host.nic_speeds.get(device, 10_000), duplex=True) if up else None,
        spec=data("PhysicalNicSpec"),
        wakeOnLanSupported=False,
        mac=f"e4:43:4b:{tail >> 8 & 255:02x}:{tail & 255:02x}:{number:02x}",
    )


def _management(host: Host) -> Tree:
    return data(
        "HostVirtualNic",
        device="vmk0",
        key="key-vim.host.VirtualNic-vmk0",
        portgroup=MANAGEMENT,
        spec=data(
            "HostVirtualNicSpec",
            ip=data("HostIpConfig", dhcp=False, ipAddress=host.address, subnetMask="255.255.0.0"),
            mac="e4:43:4b:00:00:00",
            portgroup=MANAGEMENT,
            mtu=1500,
        ),
    )


def _vmotion(world: World, host: Host) -> list[Tree]:
    """Encode an interface on the first distributed port group that the host has, if it has any."""
    switches = {switch.moid: switch for switch in world.all(Switch) if host.moid in switch.hosts}
    group = next((each for each in world.all(PortGroup) if each.switch in switches and not each.uplink), None)
    if group is None:
        return []
    port = data(
        "DistributedVirtualSwitchPortConnection",
        switchUuid=switches[group.switch].uuid,
        portgroupKey=group.moid,
        portKey="7",
        connectionCookie=1,
    )
    spec = data("HostVirtualNicSpec", mac="00:50:56:60:00:01", portgroup="", distributedVirtualPort=port, mtu=9000)
    return [data("HostVirtualNic", device="vmk1", key="key-vim.host.VirtualNic-vmk1", portgroup="", spec=spec)]
