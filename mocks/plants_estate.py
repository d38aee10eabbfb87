"""Planted defects of storage and network, and decoys beside them. See `mocks.plants`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mocks.encode.host_devices import canonical_name
from mocks.world import GIB, Cluster, Datastore, Host, Planted, PortGroup, Severity, StandardSwitch, Switch

if TYPE_CHECKING:
    from mocks.plants import Site

DEAD, ACTIVE, STANDBY, DISABLED = "dead", "active", "standby", "disabled"


def _local(site: "Site", name: str, number: int, gigabytes: float, free: float) -> Datastore:
    """Add a datastore of one host; sizes in GiB. It counts in no pool."""
    host = site.host(number)
    parent = site.store(f"local-{site.host(5).address}").parent or ""
    store = site.build.datastore(name, parent, [host], terabytes=1, used=0)
    store.capacity, store.free, store.uncommitted = int(gigabytes * GIB), int(free * GIB), 0
    return store


def datastore_capacity(site: "Site") -> Iterator[Planted]:
    """Plant datastores beyond warning and critical, a small one with little space, and one that is promised out.

    Decoys: exactly 85 per cent, 20 GiB on a small one, exactly 200 per cent promised, full ones that are not
    accessible, one of them of a disconnected host.
    """
    for name in ("vmfs-gold-02", f"local-{site.host(5).address}", "local-10.20.0.20"):
        yield Planted("datastore-capacity", "critical", Datastore.kind, name)
    yield Planted("datastore-capacity", "info", Datastore.kind, "vmfs-test-01", "provisioned")
    _local(site, "scratch-esx06", 6, 2000, 240)
    yield Planted("datastore-capacity", "warning", Datastore.kind, "scratch-esx06")
    _local(site, "boot-esx06", 6, 120, 19)
    yield Planted("datastore-capacity", "critical", Datastore.kind, "boot-esx06")
    _local(site, "boot-esx07", 7, 120, 20)
    even = _local(site, "scratch-esx07", 7, 2000, 300)
    even.uncommitted = 2300 * GIB
    unreachable = _local(site, "scratch-esx08", 8, 2000, 1)
    unreachable.accessible = False


def vaai_status(site: "Site") -> Iterator[Planted]:
    """Plant a LUN without support, one that nobody knows of, switches that are off, and a volume of VMFS 5.

    Decoys: local disks and NFS are not accelerated, and giving space back is off on every host.
    """
    store = site.store("vmfs-test-01")
    site.host(3).vaai[store.moid] = "vStorageUnsupported"
    site.host(6).vaai[store.moid] = "vStorageUnknown"
    cases: tuple[tuple[int, str, Severity], ...] = (
        (1, "VMFS3.HardwareAcceleratedLocking", "warning"),
        (2, "DataMover.HardwareAcceleratedMove", "warning"),
        (4, "DataMover.HardwareAcceleratedInit", "info"),
    )
    for number, option, severity in cases:
        site.host(number).settings[option] = 0
        yield Planted("vaai-status", severity, Host.kind, site.host(number).name, option)
    yield Planted("vaai-status", "warning", Host.kind, site.host(3).name, canonical_name(store))
    yield Planted("vaai-status", "info", Host.kind, site.host(6).name, canonical_name(store))
    site.store(f"local-{site.host(5).address}").vmfs = 5
    yield Planted("vaai-status", "info", Host.kind, site.host(5).name, "VMFS3.EnableBlockDelete")


def storage_paths(site: "Site") -> Iterator[Planted]:
    """Plant dead paths, too few of them, none at all, unequal numbers, and datastores that are out of reach.

    Decoys: standby paths everywhere, disabled ones beside two that work, local disks with one path, what a disconnected
    host cannot reach.
    """
    gold, other, test = (site.store(name) for name in ("vmfs-gold-01", "vmfs-gold-02", "vmfs-test-01"))
    cases: tuple[tuple[int, Datastore, tuple[str, ...], Severity | None], ...] = (
        (1, gold, (DEAD, ACTIVE, DEAD, STANDBY), "warning"),
        (2, test, (DEAD, DEAD, DEAD, DEAD), "critical"),
        (4, gold, (DEAD, ACTIVE, ACTIVE, STANDBY), "info"),
        (7, gold, (ACTIVE, DISABLED, DISABLED, DISABLED), "warning"),
        (3, gold, (ACTIVE, DISABLED, STANDBY, DISABLED), None),
    )
    for number, store, states, severity in cases:
        site.host(number).path_states[store.moid] = states
        if severity:
            yield Planted("storage-paths", severity, Host.kind, site.host(number).name, canonical_name(store))
    site.host(5).path_states[other.moid] = (ACTIVE, ACTIVE, STANDBY)
    yield Planted("storage-paths", "info", Cluster.kind, "test", canonical_name(other))
    test.lost_by[site.host(2).moid] = "AllPathsDown_Timeout"
    site.store("nfs-media").lost_by[site.host(4).moid] = "AllPathsDown_Start"
    yield Planted("storage-paths", "critical", Datastore.kind, "vmfs-test-01")
    yield Planted("storage-paths", "info", Datastore.kind, "nfs-media")
    yield Planted("storage-paths", "critical", Datastore.kind, "nfs-archive")


def promiscuous_mode(site: "Site") -> Iterator[Planted]:
    """Plant port groups that accept what they should not, standard and distributed.

    Decoys: the port group of the uplinks accepts all, and so does one of a disconnected host.
    """
    (switch,) = site.build.world.all(Switch)
    sniffer = site.build.port_group("pg-sniffer", 130, switch)
    sniffer.promiscuous = True
    yield Planted("promiscuous-mode", "warning", PortGroup.kind, "pg-sniffer")
    site.build.world.named(PortGroup, "pg-back").forged_transmits = True
    yield Planted("promiscuous-mode", "info", PortGroup.kind, "pg-back", "forged-transmits")
    uplinks = site.build.world.named(PortGroup, "dvs-core-DVUplinks")
    uplinks.promiscuous = uplinks.forged_transmits = uplinks.mac_changes = True
    cases: tuple[tuple[int, str, Severity | None, str], ...] = (
        (3, "allowPromiscuous", "warning", "VM Network"),
        (4, "allowPromiscuous", "info", "VM Network"),
        (7, "macChanges", "info", "mac-changes: VM Network"),
        (8, "allowPromiscuous", None, ""),
    )
    for number, policy, severity, key in cases:
        site.host(number).lax_port_groups["VM Network"] = frozenset({policy})
        if severity:
            yield Planted("promiscuous-mode", severity, Host.kind, site.host(number).name, key)


def uplink_redundancy(site: "Site") -> Iterator[Planted]:
    """Plant teams with one link and with none, a single adapter by design, and unequal speeds.

    Decoys: two adapters of no team are down on every host, and a switch has no adapter at all.
    """
    cases: tuple[tuple[int, set[str], Severity, str], ...] = (
        (1, {"vmnic1"}, "warning", "vmnic0+vmnic1"),
        (2, {"vmnic2", "vmnic3"}, "critical", "vmnic2+vmnic3"),
        (4, {"vmnic0"}, "info", "vmnic0+vmnic1"),
    )
    for number, down, severity, key in cases:
        site.host(number).nics_down |= down
        yield Planted("uplink-redundancy", severity, Host.kind, site.host(number).name, key)
    single, internal = site.host(3), site.host(6)
    single.nics_down -= {"vmnic4"}
    single.switches = (StandardSwitch(name="vSwitch1", nics=("vmnic4",), port_groups=("iSCSI",)),)
    yield Planted("uplink-redundancy", "info", Host.kind, single.name, "vmnic4")
    internal.switches = (StandardSwitch(name="vSwitch1", nics=(), port_groups=("internal",)),)
    site.host(5).nic_speeds["vmnic3"] = 1000
    yield Planted("uplink-redundancy", "info", Host.kind, site.host(5).name, "vmnic2+vmnic3")


ESTATE = (datastore_capacity, vaai_status, storage_paths, promiscuous_mode, uplink_redundancy)
