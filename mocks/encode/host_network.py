"""The network configuration of an ESXi host as VI JSON."""

from mocks.encode.value import Tree, data
from mocks.world import Host, Network, Switch, World

NICS = ("vmnic0", "vmnic1", "vmnic2", "vmnic3")
REJECT = data("HostNetworkSecurityPolicy", allowPromiscuous=False, macChanges=False, forgedTransmits=False)
ORDER = data("HostNicOrderPolicy", activeNic=list(NICS[:2]))
POLICY = data(
    "HostNetworkPolicy",
    security=REJECT,
    nicTeaming=data("HostNicTeamingPolicy", policy="loadbalance_srcid", nicOrder=ORDER),
)


def network(world: World, host: Host) -> Tree:
    """Encode `config.network`: one standard switch on two adapters, a distributed one on the other two."""
    return data(
        "HostNetworkInfo",
        vswitch=[_standard_switch(world, host)],
        proxySwitch=[_proxy(switch) for switch in world.all(Switch) if host.moid in switch.hosts],
        portgroup=[_port_group(name) for name in _standard_names(world, host)],
        pnic=[_nic(host, number, device) for number, device in enumerate(NICS)],
        vnic=[_management(host)],
        dnsConfig=_dns(host),
        ipRouteConfig=data("HostIpRouteConfig", defaultGateway="10.20.0.1"),
        atBootIpV6Enabled=True,
    )


def _standard_names(world: World, host: Host) -> list[str]:
    return ["Management Network", *(each.name for each in world.all(Network) if host.moid in each.hosts)]


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


def _standard_switch(world: World, host: Host) -> Tree:
    return data(
        "HostVirtualSwitch",
        name="vSwitch0",
        key="key-vim.host.VirtualSwitch-vSwitch0",
        numPorts=9216,
        numPortsAvailable=9200,
        mtu=1500,
        portgroup=[f"key-vim.host.PortGroup-{name}" for name in _standard_names(world, host)],
        pnic=[f"key-vim.host.PhysicalNic-{device}" for device in NICS[:2]],
        spec=data(
            "HostVirtualSwitchSpec",
            numPorts=128,
            bridge=data("HostVirtualSwitchBondBridge", nicDevice=list(NICS[:2])),
            policy=POLICY,
            mtu=1500,
        ),
    )


def _proxy(switch: Switch) -> Tree:
    pnics = [data("DistributedVirtualSwitchHostMemberPnicSpec", pnicDevice=device) for device in NICS[2:]]
    return data(
        "HostProxySwitch",
        dvsUuid=switch.uuid,
        dvsName=switch.name,
        key=f"DvsPortset-{switch.moid}",
        numPorts=2560,
        numPortsAvailable=2540,
        mtu=switch.max_mtu,
        pnic=[f"key-vim.host.PhysicalNic-{device}" for device in NICS[2:]],
        spec=data(
            "HostProxySwitchSpec",
            backing=data("DistributedVirtualSwitchHostMemberPnicBacking", pnicSpec=pnics),
        ),
    )


def _port_group(name: str) -> Tree:
    return data(
        "HostPortGroup",
        key=f"key-vim.host.PortGroup-{name}",
        vswitch="key-vim.host.VirtualSwitch-vSwitch0",
        computedPolicy=POLICY,
        spec=data(
            "HostPortGroupSpec",
            name=name,
            vlanId=0,
            vswitchName="vSwitch0",
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
        linkSpeed=data("PhysicalNicLinkInfo", speedMb=10_000, duplex=True) if up else None,
        spec=data("PhysicalNicSpec"),
        wakeOnLanSupported=False,
        mac=f"e4:43:4b:{tail >> 8 & 255:02x}:{tail & 255:02x}:{number:02x}",
    )


def _management(host: Host) -> Tree:
    return data(
        "HostVirtualNic",
        device="vmk0",
        key="key-vim.host.VirtualNic-vmk0",
        portgroup="Management Network",
        spec=data(
            "HostVirtualNicSpec",
            ip=data("HostIpConfig", dhcp=False, ipAddress=host.address, subnetMask="255.255.0.0"),
            mac="e4:43:4b:00:00:00",
            portgroup="Management Network",
            mtu=1500,
        ),
    )
