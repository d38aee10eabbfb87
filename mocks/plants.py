"""Planted defects of the default world, check by check, and decoys beside them that no check may report.

Each function changes the site and yields what a check must find there. What it does not yield must not be found.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from mocks.build import DOMAIN, Builder
from mocks.plants_appliance import APPLIANCE
from mocks.plants_clusters import CLUSTERS
from mocks.plants_estate import ESTATE
from mocks.plants_extras import EXTRAS
from mocks.plants_hosts import HOSTS
from mocks.world import TIB, Datacenter, Datastore, Disk, Drive, Host, Planted, Severity, Snapshot, StoragePod, Vm

LONG_NAME = "customer-portal-frontend-whose-name-is-eighty-characters-long-as-vsphere-permits"
CDROM, FLOPPY = 16000, 8000


@dataclass(frozen=True, slots=True)
class Site:
    """The default world under construction: where new VMs go."""

    build: Builder
    folder: str
    networks: tuple[str, ...]

    def host(self, number: int) -> Host:
        """Find a host by the number in its name."""
        return self.build.world.named(Host, f"esx{number:02}.{DOMAIN}")

    def store(self, name: str) -> Datastore:
        """Find a datastore."""
        return self.build.world.named(Datastore, name)

    def vm(self, name: str, host: int = 7, store: str = "vmfs-test-01") -> Vm:
        """Add a VM, healthy as yet."""
        return self.build.vm(name, self.folder, self.host(host), [self.store(store)], self.networks)

    def snapshots(self, *ages_in_days: float) -> tuple[Snapshot, ...]:
        """Make a chain of snapshots, the first at the root, each upon the one before it."""
        chain: tuple[Snapshot, ...] = ()
        for number, age in reversed(list(enumerate(ages_in_days, 1))):
            created = self.build.world.now - timedelta(days=age)
            moid = self.build.moid("snapshot")
            chain = (Snapshot(moid=moid, name=f"before change {number}", created=created, children=chain),)
        return chain

    def take(self, vm: Vm, *ages_in_days: float) -> None:
        """Give a VM a chain of snapshots, and its disks a delta for each."""
        vm.snapshots = self.snapshots(*ages_in_days)
        vm.disks = tuple(with_deltas(disk, len(ages_in_days)) for disk in vm.disks)

    def iso(self, store: str, key: int = CDROM, *, connected: bool = False, start_connected: bool = False) -> Drive:
        """Make a CD-ROM drive with an image in it."""
        return Drive(
            key=key,
            medium="iso",
            file="iso/linux-13.iso",
            datastore=self.store(store).moid,
            connected=connected,
            start_connected=start_connected,
        )


Plant: TypeAlias = Callable[[Site], Iterator[Planted]]


def with_deltas(disk: Disk, count: int) -> Disk:
    """Put so many delta files upon a disk's base."""
    base = disk.files[-1]
    deltas = (base.replace(".vmdk", f"-{number:06}.vmdk") for number in range(count, 0, -1))
    return replace(disk, files=(*deltas, base))


def percent_of_cpu(host: Host, percent: float) -> int:
    """Give the use in MHz that is so many per cent of a host's."""
    return round(host.cpu_mhz * host.cores * percent / 100)


def percent_of_memory(host: Host, percent: float) -> int:
    """Give the use in MB that is so many per cent of a host's, rounded down."""
    return int(host.memory * percent / 100) // 2**20


def sso_service(site: Site) -> Iterator[Planted]:
    """Plant a sign-on service with warnings."""
    site.build.world.appliance.services["trustmanagement"].health = "HEALTHY_WITH_WARNINGS"
    yield Planted("sso-service", "warning", "VirtualCenter", None, "trustmanagement")


def dns_resolution(site: Site) -> Iterator[Planted]:
    """Plant a host without a name in DNS, one whose address bears another's name, one with one resolver.

    Decoy: the standalone host is known by its address, and DNS knows nothing of it.
    """
    site.host(5).resolves_to = None
    yield Planted("dns-resolution", "warning", "HostSystem", site.host(5).name, "forward")
    site.host(6).ptr = site.host(2).name
    yield Planted("dns-resolution", "warning", "HostSystem", site.host(6).name, "reverse")
    site.host(7).dns_servers = site.host(7).dns_servers[:1]
    yield Planted("dns-resolution", "warning", "HostSystem", site.host(7).name, "dns-servers")
    standalone = site.build.world.named(Host, "10.20.0.20")
    standalone.resolves_to = standalone.ptr = None


def hosts_away(site: Site) -> Iterator[Planted]:
    """Put one host into maintenance and disconnect another; checks of their own tell of that."""
    site.host(4).maintenance = True
    site.host(8).connection_state = "disconnected"
    yield from ()


def cpu_utilization(site: Site) -> Iterator[Planted]:
    """Plant a host beyond critical, its cluster beyond warning as a whole, a busy host in maintenance.

    Decoys: exactly 85 per cent, and the last known 99 per cent of a disconnected host.
    """
    for number, percent in ((1, 97.5), (2, 78), (3, 85), (4, 99), (5, 40), (6, 55), (7, 30), (8, 99)):
        host = site.host(number)
        host.cpu_usage_mhz = percent_of_cpu(host, percent)
    yield Planted("cpu-utilization", "critical", "HostSystem", site.host(1).name)
    yield Planted("cpu-utilization", "info", "HostSystem", site.host(4).name)
    yield Planted("cpu-utilization", "warning", "ClusterComputeResource", "production")


def memory_utilization(site: Site) -> Iterator[Planted]:
    """Plant hosts beyond warning and critical, one in maintenance beyond warning; decoy: just below 85 per cent."""
    for number, percent in ((1, 60), (2, 90), (3, 65), (4, 91), (5, 85), (6, 96), (7, 40), (8, 99)):
        host = site.host(number)
        host.memory_usage_mb = percent_of_memory(host, percent)
    yield Planted("memory-utilization", "warning", "HostSystem", site.host(2).name)
    yield Planted("memory-utilization", "info", "HostSystem", site.host(4).name)
    yield Planted("memory-utilization", "critical", "HostSystem", site.host(6).name)


def storage_utilization(site: Site) -> Iterator[Planted]:
    """Plant a datastore cluster beyond warning, and shared datastores outside it promised out twice over.

    Decoys: full local datastores, and a full one that is not accessible.
    """
    yield Planted("storage-utilization", "warning", StoragePod.kind, "gold-pod")
    site.store("vmfs-test-01").uncommitted = 9 * TIB
    yield Planted("storage-utilization", "info", Datacenter.kind, "DC0", "provisioned")
    site.store("nfs-archive").accessible = False


def orphaned_vms(site: Site) -> Iterator[Planted]:
    """Plant VMs that vCenter has lost; decoy: a VM of the disconnected host is disconnected with it."""
    lost = {"legacy-erp": "orphaned", '#read("/etc/passwd")': "invalid", "/vmfs/volumes/5f1/lost.vmx": "inaccessible"}
    for name, state in lost.items():
        vm = site.vm(name)
        vm.connection_state, vm.booted = state, None
        vm.power_state = "poweredOff"
        yield Planted("orphaned-vms", "critical", Vm.kind, name)
    site.vm("branch-01", host=8).connection_state = "disconnected"


def snapshot_age(site: Site) -> Iterator[Planted]:
    """Plant snapshots beyond warning and critical, and one made by a clock that runs ahead; decoy: 6.9 days old."""
    site.take(site.vm("db-archive"), 45, 2)
    yield Planted("snapshot-age", "critical", Vm.kind, "db-archive")
    site.take(site.vm("*_$@\\"), 10)
    yield Planted("snapshot-age", "warning", Vm.kind, "*_$@\\")
    site.take(site.vm("数据库-主"), -0.125)
    yield Planted("snapshot-age", "info", Vm.kind, "数据库-主", "future")
    site.take(site.vm("ci-runner-01"), 6.9)


def snapshot_chain(site: Site) -> Iterator[Planted]:
    """Plant deep trees, and deltas on disk that the tree does not show.

    Decoys: exactly five deep, eight snapshots but three deep, and a linked clone upon another VM's long chain.
    """
    site.take(site.vm("erp-db"), *(3 - number / 10 for number in range(6)))
    yield Planted("snapshot-chain", "warning", Vm.kind, "erp-db")
    site.take(site.vm("backup-proxy"), *(4 - number / 10 for number in range(16)))
    yield Planted("snapshot-chain", "critical", Vm.kind, "backup-proxy")
    phantom = site.vm("phantom-01")
    phantom.snapshots = site.snapshots(1)
    phantom.disks = tuple(with_deltas(disk, 7) for disk in phantom.disks)
    yield Planted("snapshot-chain", "warning", Vm.kind, "phantom-01")
    site.take(site.vm("staging-01"), *(2 - number / 10 for number in range(5)))
    _broad_tree(site)
    _linked_clone(site)


def _broad_tree(site: Site) -> None:
    """Make eight snapshots that lie at most three deep: two at the root, each with one child of two."""
    vm = site.vm("training-01")
    roots = []
    for _ in range(2):
        (root,) = site.snapshots(3, 2)
        (child,) = root.children
        child = replace(child, children=site.snapshots(1) + site.snapshots(1))
        roots.append(replace(root, children=(child,)))
    vm.snapshots = tuple(roots)
    vm.disks = tuple(with_deltas(disk, 3) for disk in vm.disks)


def _linked_clone(site: Site) -> None:
    golden, clone = site.vm("vdi-golden"), site.vm("vdi-clone-01")
    golden.power_state, golden.booted = "poweredOff", None
    chains = (with_deltas(disk, 8).files for disk in golden.disks)
    clone.disks = tuple(
        replace(disk, files=(*with_deltas(disk, 1).files[:1], *chain))
        for disk, chain in zip(clone.disks, chains, strict=True)
    )


def tools_not_running(site: Site) -> Iterator[Planted]:
    """Plant guests whose tools stand still or are missing; decoys: just booted, unmanaged but running, off."""
    site.vm(LONG_NAME).tools_running = False
    yield Planted("tools-not-running", "warning", Vm.kind, LONG_NAME)
    unmanaged = site.vm("firewall-01")
    unmanaged.tools_status, unmanaged.tools_running = "guestToolsUnmanaged", False
    yield Planted("tools-not-running", "warning", Vm.kind, "firewall-01")
    bare = site.vm("print-01")
    bare.tools_status, bare.tools_running = "guestToolsNotInstalled", False
    yield Planted("tools-not-running", "info", Vm.kind, "print-01")
    booting = site.vm("booting-01")
    booting.tools_running, booting.booted = False, site.build.world.now - timedelta(minutes=5)
    site.vm("router-01").tools_status = "guestToolsUnmanaged"
    for name, state in (("dr-standby", "poweredOff"), ("dev-paused", "suspended")):
        vm = site.vm(name)
        vm.power_state, vm.tools_running, vm.booted = state, False, None


def consolidation_needed(site: Site) -> Iterator[Planted]:
    """Plant disks to be consolidated: with room on the datastore, and on one that is nearly full."""
    cases: tuple[tuple[str, str, Severity], ...] = (
        ("report-01", "vmfs-test-01", "warning"),
        ("mail-01", "vmfs-gold-02", "critical"),
    )
    for name, store, severity in cases:
        site.vm(name, store=store).consolidation_needed = True
        yield Planted("consolidation-needed", severity, Vm.kind, name)


def removable_media(site: Site) -> Iterator[Planted]:
    """Plant media in drives; decoys: a client's device, and an image in a drive that is not connected at all."""
    local = f"local-{site.host(5).address}"
    client = Drive(key=CDROM, medium="client")
    floppy = Drive(key=FLOPPY, medium="host", floppy=True, connected=True, start_connected=True)
    cases: tuple[tuple[str, Severity | None, Drive], ...] = (
        ("a/b 100% \\ installed", "warning", site.iso("nfs-media", connected=True)),
        ("kiosk-01", "info", site.iso("nfs-media", CDROM + 1, start_connected=True)),
        ("kiosk-02", "warning", site.iso(local, start_connected=True)),
        ("plc-gateway", "warning", floppy),
        ("desk-01", None, replace(client, connected=True, start_connected=True)),
        ("desk-02", None, site.iso("nfs-media")),
    )
    for name, severity, drive in cases:
        vm = site.vm(name, host=5)
        vm.drives = (drive,) if drive.key == CDROM else (client, drive)
        if severity:
            yield Planted("removable-media", severity, Vm.kind, name, str(drive.key))


def out_of_scope(site: Site) -> Iterator[Planted]:
    """Plant decoys only: templates, vSphere's own agents and placeholders of a recovery site, ill in every way."""
    template = site.vm("tpl-linux-13")
    template.template, template.pool, template.power_state, template.booted = True, None, "poweredOff", None
    agent = "com.vmware.vim.eam"
    for name, owner in (("vCLS-4c4c4544-0042", None), ("nsx-agent-01", agent), ("srm-web-01", "com.vmware.vcDr-site2")):
        site.vm(name).managed_by = (owner, "agent") if owner else None
    for name in ("tpl-linux-13", "vCLS-4c4c4544-0042", "nsx-agent-01", "srm-web-01"):
        vm = site.build.world.named(Vm, name)
        site.take(vm, *(40 - number for number in range(17)))
        vm.consolidation_needed, vm.tools_running = True, False
        vm.drives = (site.iso("nfs-media", connected=True, start_connected=True),)
    yield from ()


PLANTS: tuple[Plant, ...] = (
    sso_service,
    dns_resolution,
    hosts_away,
    cpu_utilization,
    memory_utilization,
    storage_utilization,
    orphaned_vms,
    snapshot_age,
    snapshot_chain,
    tools_not_running,
    consolidation_needed,
    removable_media,
    out_of_scope,
    *APPLIANCE,
    *EXTRAS,
    *HOSTS,
    *ESTATE,
    *CLUSTERS,
)


def plant(site: Site) -> Iterator[Planted]:
    """Plant everything; yield the truth."""
    for each in PLANTS:
        yield from each(site)
