"""What the checks of storage and network read: one builder a record, and an estate of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tests.builders import DATACENTER, facets, inventory
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import (
    Datastore,
    DistributedPortGroup,
    Host,
    HostMount,
    HostNetwork,
    HostPortGroup,
    HostProxySwitch,
    Lun,
    MoRef,
    PhysicalNic,
    SecurityPolicy,
    StoragePath,
    Unseen,
    Uplink,
    VmKernelNic,
    Volume,
)

PARTS = {
    Need.HOST_LUNS,
    Need.HOST_VOLUMES,
    Need.HOST_OPTIONS,
    Need.HOST_NETWORK,
    Need.DATASTORE_MOUNTS,
    Need.PORT_GROUPS,
}
LUN = "naa.6000c001"
SWITCH = "50 2a uuid"
UP, SLOW, DOWN = 10_000, 1_000, None
SWITCHES = {
    "VMFS3.HardwareAcceleratedLocking": 1,
    "DataMover.HardwareAcceleratedMove": 1,
    "DataMover.HardwareAcceleratedInit": 1,
    "VMFS3.EnableBlockDelete": 0,
}


def estate(
    *,
    hosts: Iterable[Host] = (),
    datastores: Iterable[Datastore] = (),
    luns: Mapping[Host, tuple[Lun, ...] | Unseen] | None = None,
    volumes: Mapping[Host, tuple[Volume, ...] | Unseen] | None = None,
    options: Mapping[Host, Mapping[str, str | int] | Unseen] | None = None,
    networks: Mapping[Host, HostNetwork | Unseen] | None = None,
    mounts: Mapping[Datastore, tuple[HostMount, ...] | Unseen] | None = None,
    port_groups: Iterable[DistributedPortGroup] = (),
) -> Inventory:
    """Return an estate of these records; hosts and datastores may be left out where a facet names them."""
    named = dict.fromkeys([*hosts, *(luns or ()), *(options or ()), *(networks or ())])
    given = inventory(hosts=named, datastores=dict.fromkeys([*datastores, *(mounts or ())]))
    more = {
        Need.HOST_LUNS: facets(luns),
        Need.HOST_VOLUMES: facets(volumes if volumes is not None else dict.fromkeys(named, ())),
        Need.HOST_OPTIONS: facets(options),
        Need.HOST_NETWORK: facets(networks),
        Need.DATASTORE_MOUNTS: facets(mounts),
        Need.PORT_GROUPS: tuple(port_groups),
    }
    assert more.keys() == PARTS
    return replace(given, parts={**given.parts, **more})


def every_device(host: Host, store: Datastore) -> dict[Need, object]:
    """Return each of these parts of one host and one datastore."""
    parts = estate(
        luns={host: (lun("dead"),)},
        options={host: SWITCHES},
        networks={host: network(port_group())},
        mounts={store: (mount(host),)},
        port_groups=[distributed()],
    ).parts
    return {need: parts[need] for need in PARTS}


# --- storage --------------------------------------------------------------------------------------------------------


def lun(
    *states: str,
    name: str = LUN,
    local: bool = False,
    device: tuple[str, ...] = ("ok",),
    vaai: str | None = "vStorageSupported",
) -> Lun:
    """Return a LUN with a path in each of these states; without any it has four, as an array with ALUA shows them."""
    each = states or ("active", "active", "standby", "standby")
    paths = (StoragePath(f"vmhba{64 + number % 2}", state) for number, state in enumerate(each))
    return Lun(canonical_name=name, local=local, states=device, vaai=vaai, paths=tuple(paths))


def volume(name: str = "ds01", *, version: int | None = 6, kind: str = "VMFS") -> Volume:
    return Volume(name=name, type=kind, major_version=version)


def mount(by: Host, *, mounted: bool | None = True, accessible: bool | None = True) -> HostMount:
    reason = None if accessible else "AllPathsDown_Timeout"
    return HostMount(host=by.ref, mounted=mounted, accessible=accessible, inaccessible_reason=reason)


# --- network --------------------------------------------------------------------------------------------------------


def security(
    *,
    promiscuous: bool | None = False,
    forged_transmits: bool | None = False,
    mac_changes: bool | None = False,
) -> SecurityPolicy:
    return SecurityPolicy(promiscuous=promiscuous, forged_transmits=forged_transmits, mac_changes=mac_changes)


def port_group(
    name: str = "VM Network",
    *nics: str,
    switch: str = "vSwitch0",
    policy: SecurityPolicy = security(),  # noqa: B008 - frozen
) -> HostPortGroup:
    return HostPortGroup(name=name, switch=switch, security=policy, nics=nics)


def network(
    *groups: HostPortGroup,
    nics: Mapping[str, int | None] | None = None,
    uplinks: Mapping[str, tuple[str, ...]] | None = None,
    vmkernels: Mapping[str, str] | None = None,
) -> HostNetwork:
    """Return a network of these port groups; `uplinks` are those of its part of the distributed switch."""
    behind = tuple(Uplink(name=name, nics=devices) for name, devices in (uplinks or {}).items())
    proxy = HostProxySwitch(switch_uuid=SWITCH, switch="dvs-core", uplinks=behind)
    return HostNetwork(
        port_groups=groups,
        proxies=() if uplinks is None else (proxy,),
        nics=tuple(PhysicalNic(device, speed) for device, speed in (nics or {}).items()),
        vmkernels=tuple(VmKernelNic(device, group) for device, group in (vmkernels or {}).items()),
    )


def distributed(
    name: str = "pg-front",
    *uplinks: str,
    switch: str | None = SWITCH,
    carries_uplinks: bool = False,
    policy: SecurityPolicy = security(),  # noqa: B008 - frozen
) -> DistributedPortGroup:
    return DistributedPortGroup(
        ref=MoRef("DistributedVirtualPortgroup", f"dvportgroup-{name}"),
        name=name,
        datacenter=DATACENTER,
        key=f"dvportgroup-{name}",
        switch_uuid=switch,
        carries_uplinks=carries_uplinks,
        security=policy,
        uplinks=uplinks,
    )
