"""The worlds that the mock vCenter serves: a small site with planted defects, and large ones to measure with."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from mocks.build import DOMAIN, ROOT, Builder
from mocks.plants import Site, plant
from mocks.world import Datacenter, Datastore, Host, Planted, Snapshot, World

ROLES = ("web", "app", "db", "cache", "queue", "build", "mon", "files")
# The fourth host is in maintenance and the eighth disconnected: no running VM lies on them.
WITHOUT_VMS = {f"esx04.{DOMAIN}", f"esx08.{DOMAIN}"}
HEALTHY_VMS = 30
HOSTS_A_CLUSTER = 32


def default_world(now: datetime | None = None, seed: int = 1) -> World:
    """Build the small site: a datacenter, two clusters, nine hosts, some sixty VMs, planted defects and decoys."""
    build = Builder(now or datetime.now(UTC), seed)
    center = build.datacenter("DC0", build.folder("Europe", ROOT, "Datacenter", prefix="group-d").moid)
    production, test = build.cluster("production", center), build.cluster("test", center)
    hosts = [
        build.host(f"esx{number:02}.{DOMAIN}", number, production if number < 5 else test) for number in range(1, 9)
    ]
    hosts.append(build.host("10.20.0.20", 9, build.standalone("10.20.0.20", center)))
    stores = _default_datastores(build, center, hosts)
    networks = build.networks(center, hosts)
    folders = _default_folders(build, center)
    running = [host for host in hosts if host.name not in WITHOUT_VMS]
    for index in range(HEALTHY_VMS):
        name = f"{ROLES[index % len(ROLES)]}-{index // len(ROLES) + 1:02}"
        build.vm(name, folders[index % len(folders)], running[index % len(running)], stores, networks)
    build.world.truth = tuple(plant(Site(build, folders[1], tuple(networks))))
    return build.world


def _default_folders(build: Builder, center: Datacenter) -> list[str]:
    site = build.folder("Production", center.vm_folder, "VirtualMachine")
    nested = build.folder("Tier 1", site.moid, "VirtualMachine")
    return [center.vm_folder, site.moid, nested.moid]


def _default_datastores(build: Builder, center: Datacenter, hosts: Sequence[Host]) -> list[Datastore]:
    """Add seven datastores; give the shared ones that healthy VMs lie on."""
    pod = build.pod("gold-pod", center)
    gold = [
        build.datastore(f"vmfs-gold-{each:02}", pod.moid, hosts, terabytes=4, used=used)
        for each, used in ((1, 0.79), (2, 0.97))
    ]
    test = build.datastore("vmfs-test-01", center.datastore_folder, hosts, terabytes=2, used=0.4)
    nfs = build.datastore("nfs-media", center.datastore_folder, hosts, terabytes=3, used=0.6)
    archive = build.datastore("nfs-archive", center.datastore_folder, hosts, terabytes=8, used=0.99)
    for store, kind in ((nfs, "NFS"), (archive, "NFS41")):
        store.type = kind
        store.remote = (f"nas1.{DOMAIN}", f"/export/{store.name}")
    for host in (hosts[4], hosts[8]):
        build.datastore(f"local-{host.address}", center.datastore_folder, [host], terabytes=0.8, used=0.97)
    return [*gold, test]


def big_world(hosts: int = 1000, vms: int = 20_000, seed: int = 1, now: datetime | None = None) -> World:
    """Build a large estate: clusters of 32 hosts with four datastores each; every hundredth VM has an old snapshot."""
    build = Builder(now or datetime.now(UTC), seed)
    center = build.datacenter("DC0", ROOT)
    groups = list(_big_clusters(build, center, hosts))
    networks = build.networks(center, list(build.world.all(Host)))
    truth = []
    for index in range(vms):
        members, stores = groups[index % len(groups)]
        name = f"{ROLES[index % len(ROLES)]}-{index:05}"
        host = members[index // len(groups) % len(members)]
        vm = build.vm(name, center.vm_folder, host, stores, networks)
        if index % 100 == 99:
            vm.snapshots = (Snapshot(moid=build.moid("snapshot"), name="before update", created=_old(build)),)
            truth.append(Planted("snapshot-age", "warning", "VirtualMachine", name))
    build.world.truth = tuple(truth)
    return build.world


def _old(build: Builder) -> datetime:
    return build.world.now - timedelta(days=12)


def _big_clusters(build: Builder, center: Datacenter, hosts: int) -> Iterator[tuple[list[Host], list[Datastore]]]:
    for first in range(0, hosts, HOSTS_A_CLUSTER):
        cluster = build.cluster(f"cluster-{first // HOSTS_A_CLUSTER + 1:03}", center)
        numbers = range(first, min(first + HOSTS_A_CLUSTER, hosts))
        members = [build.host(f"esx{number:04}.{DOMAIN}", number, cluster) for number in numbers]
        names = (f"vmfs-{first // HOSTS_A_CLUSTER + 1:03}-{number}" for number in range(1, 5))
        yield (
            members,
            [build.datastore(name, center.datastore_folder, members, terabytes=16, used=0.6) for name in names],
        )
