"""Networks, distributed switches and their port groups as VI JSON."""

from mocks.encode.value import ENTITY, Encoders, Tree, data, refer, timestamp, wire_name
from mocks.world import Entity, PortGroup, Switch, Vm, World

UPLINKS = ["Uplink 1", "Uplink 2"]
FALSE = data("BoolPolicy", inherited=False, value=False)
PRODUCT = data(
    "DistributedVirtualSwitchProductSpec",
    name="DVS",
    vendor="VMware, Inc.",
    version="8.0.3",
    build="24022515",
    forwardingClass="etherswitch",
)


def _network_summary(world: World, network: Entity) -> Tree:
    return data(
        "NetworkSummary",
        network=refer(world, network.moid),
        name=wire_name(network.name),
        accessible=True,
        ipPoolName="",
    )


def _vms(world: World, network: Entity) -> list[Tree]:
    return [refer(world, vm.moid) for vm in world.all(Vm) if any(nic.network == network.moid for nic in vm.nics)]


NETWORK: Encoders = {
    **ENTITY,
    "host": lambda world, network: [refer(world, moid) for moid in network.hosts],
    "summary": _network_summary,
    "vm": _vms,
}


def _port_setting(group: PortGroup) -> Tree:
    """Encode a port group's policies; since 6.7 the MAC policy stands beside the older security policy."""
    accepts = {
        "allowPromiscuous": group.promiscuous,
        "macChanges": group.mac_changes,
        "forgedTransmits": group.forged_transmits,
    }
    older = {name: data("BoolPolicy", inherited=False, value=value) for name, value in accepts.items()}
    return data(
        "VMwareDVSPortSetting",
        blocked=FALSE,
        vlan=_vlan(group),
        uplinkTeamingPolicy=data(
            "VmwareUplinkPortTeamingPolicy",
            inherited=False,
            policy=data("StringPolicy", inherited=False, value="loadbalance_loadbased"),
            notifySwitches=data("BoolPolicy", inherited=False, value=True),
            rollingOrder=FALSE,
            uplinkPortOrder=data(
                "VMwareUplinkPortOrderPolicy", inherited=False, activeUplinkPort=UPLINKS, standbyUplinkPort=[]
            ),
        ),
        securityPolicy=data("DVSSecurityPolicy", inherited=False, **older),
        macManagementPolicy=data("DVSMacManagementPolicy", inherited=False, **accepts),
    )


def _vlan(group: PortGroup) -> Tree:
    if group.uplink:
        trunk = [data("NumericRange", start=0, end=4094)]
        return data("VmwareDistributedVirtualSwitchTrunkVlanSpec", inherited=False, vlanId=trunk)
    return data("VmwareDistributedVirtualSwitchVlanIdSpec", inherited=False, vlanId=group.vlan)


def _group_config(world: World, group: PortGroup) -> Tree:
    return data(
        "DVPortgroupConfigInfo",
        key=group.moid,
        name=wire_name(group.name),
        numPorts=8,
        distributedVirtualSwitch=refer(world, group.switch),
        defaultPortConfig=_port_setting(group),
        type="earlyBinding",
        policy=data(
            "VMwareDVSPortgroupPolicy",
            blockOverrideAllowed=True,
            shapingOverrideAllowed=False,
            vendorConfigOverrideAllowed=False,
            livePortMovingAllowed=False,
            portConfigResetAtDisconnect=True,
            vlanOverrideAllowed=False,
            uplinkTeamingOverrideAllowed=False,
            securityPolicyOverrideAllowed=False,
        ),
        configVersion="1",
        autoExpand=True,
        uplink=group.uplink,
        backingType="standard",
    )


def _group_hosts(world: World, group: PortGroup) -> list[Tree]:
    members = (switch.hosts for switch in world.all(Switch) if switch.moid == group.switch)
    return [refer(world, moid) for hosts in members for moid in hosts]


PORT_GROUP: Encoders = {
    **NETWORK,
    "config": _group_config,
    "host": _group_hosts,
    "key": lambda _world, group: group.moid,
    "portKeys": lambda _world, _group: [str(number) for number in range(8)],
}


def _groups(world: World, switch: Switch, *, uplink: bool) -> list[Tree]:
    groups = (group for group in world.all(PortGroup) if group.switch == switch.moid)
    return [refer(world, group.moid) for group in groups if group.uplink or not uplink]


def _switch_config(world: World, switch: Switch) -> Tree:
    return data(
        "VMwareDVSConfigInfo",
        uuid=switch.uuid,
        name=wire_name(switch.name),
        numStandalonePorts=0,
        numPorts=24,
        maxPorts=2147483647,
        uplinkPortPolicy=data("DVSNameArrayUplinkPortPolicy", uplinkPortName=UPLINKS),
        uplinkPortgroup=_groups(world, switch, uplink=True),
        defaultPortConfig=data("VMwareDVSPortSetting", blocked=FALSE),
        host=[_member(world, host) for host in switch.hosts],
        productInfo=PRODUCT,
        configVersion="12",
        contact=data("DVSContactInfo"),
        createTime=timestamp(world.now.replace(year=world.now.year - 1, month=1, day=1)),
        networkResourceManagementEnabled=True,
        healthCheckConfig=[
            data("VMwareDVSVlanMtuHealthCheckConfig", enable=True, interval=1),
            data("VMwareDVSTeamingHealthCheckConfig", enable=True, interval=1),
        ],
        maxMtu=switch.max_mtu,
        linkDiscoveryProtocolConfig=data("LinkDiscoveryProtocolConfig", protocol="lldp", operation="both"),
        lacpApiVersion="multipleLag",
    )


def _member(world: World, host: str) -> Tree:
    nics = [
        data("DistributedVirtualSwitchHostMemberPnicSpec", pnicDevice=device, uplinkPortKey=str(number))
        for number, device in enumerate(("vmnic2", "vmnic3"))
    ]
    config = data(
        "DistributedVirtualSwitchHostMemberConfigInfo",
        host=refer(world, host),
        maxProxySwitchPorts=2560,
        backing=data("DistributedVirtualSwitchHostMemberPnicBacking", pnicSpec=nics),
    )
    return data("DistributedVirtualSwitchHostMember", config=config, status="up")


def _switch_runtime(world: World, switch: Switch) -> Tree:
    members = [data("HostMemberRuntimeInfo", host=refer(world, host), status="up") for host in switch.hosts]
    return data("DVSRuntimeInfo", hostMemberRuntime=members)


def _switch_summary(world: World, switch: Switch) -> Tree:
    return data(
        "DVSSummary",
        name=wire_name(switch.name),
        uuid=switch.uuid,
        numPorts=24,
        productInfo=PRODUCT,
        hostMember=[refer(world, moid) for moid in switch.hosts],
        numHosts=len(switch.hosts),
    )


SWITCH: Encoders = {
    **ENTITY,
    "capability": lambda _world, _switch: data("DVSCapability", dvsOperationSupported=True),
    "config": _switch_config,
    "portgroup": lambda world, switch: _groups(world, switch, uplink=False),
    "runtime": _switch_runtime,
    "summary": _switch_summary,
    "uuid": lambda _world, switch: switch.uuid,
}
