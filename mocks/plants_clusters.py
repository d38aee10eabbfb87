"""Planted defects of clusters, compute and alarms, and decoys beside them. See `mocks.plants`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from mocks.build import DOMAIN
from mocks.guards import Admission, Alarm, Triggered
from mocks.world import GIB, Cluster, Datacenter, Datastore, Host, Network, Planted, Switch, Vm

if TYPE_CHECKING:
    from mocks.plants import Site

LAB, EDGE, DMZ = (11, 12), (13,), (14, 15, 16)
ALARMS = (
    Alarm(moid="alarm-4", name="Host memory usage", system_name="alarm.HostMemoryUsageAlarm"),
    Alarm(moid="alarm-6", name="Virtual machine CPU usage", system_name="alarm.VmCPUUsageAlarm", watches=Vm.kind),
    Alarm(moid="alarm-7", name="Datastore usage on disk", system_name="alarm.DatastoreDiskUsageAlarm"),
    Alarm(moid="alarm-11", name="Host error", system_name="alarm.HostErrorAlarm"),
    Alarm(moid="alarm-401", name="Rack 7/2: door open", watches=Datacenter.kind),
    Alarm(moid="alarm-402", name="Memory exhaustion on vcsa", watches="Folder"),
    Alarm(moid="alarm-403", name="Teaming mismatch", watches=Switch.kind),
)


def _cluster(site: "Site", name: str, numbers: tuple[int, ...], cores: int, gigabytes: int) -> Cluster:
    """Add a cluster of small hosts with one NUMA node each, little used, on the networks and stores of the others."""
    world = site.build.world
    (center,) = world.all(Datacenter)
    places: list[Switch | Network | Datastore] = [*world.all(Switch), *world.all(Network), site.store("vmfs-test-01")]
    cluster = site.build.cluster(name, center)
    for number in numbers:
        host = site.build.host(f"esx{number:02}.{DOMAIN}", number, cluster)
        host.cores, host.memory, host.numa_nodes = cores, gigabytes * GIB, 1
        host.cpu_usage_mhz, host.memory_usage_mb = cores * 500, gigabytes * 512
        for place in places:
            place.hosts += (host.moid,)
    return cluster


def cluster_ha_drs(site: "Site") -> Iterator[Planted]:
    """Plant HA off, DRS off and by half, hosts that nobody watches, a complaint, agents that found no other.

    Decoys: a cluster of one host, agents where HA is off, and that of a host in maintenance.
    """
    world = site.build.world
    production, test = (world.named(Cluster, name) for name in ("production", "test"))
    production.drs_behavior, test.host_monitoring = "partiallyAutomated", "disabled"
    yield Planted("cluster-ha-drs", "warning", Cluster.kind, "production", "drs")
    yield Planted("cluster-ha-drs", "warning", Cluster.kind, "test", "host-monitoring")
    kind = "InsufficientFailoverResourcesEvent"
    production.issues = ((kind, "Insufficient resources to satisfy vSphere HA failover level on cluster production"),)
    yield Planted("cluster-ha-drs", "warning", Cluster.kind, "production", f"config-issue {kind}")
    lab, edge = _cluster(site, "lab", LAB, 16, 64), _cluster(site, "edge", EDGE, 4, 64)
    for cluster in (lab, edge):
        cluster.ha = cluster.drs = False
    yield Planted("cluster-ha-drs", "critical", Cluster.kind, "lab", "ha")
    yield Planted("cluster-ha-drs", "warning", Cluster.kind, "lab", "drs")
    states = {1: "master", 2: "networkPartitionedFromMaster", 4: "uninitialized", 5: "election", 6: "master"}
    for number, state in {**states, **dict.fromkeys((*LAB, *EDGE), "uninitialized")}.items():
        site.host(number).das_state = state
    yield Planted("cluster-ha-drs", "critical", Host.kind, site.host(2).name)
    yield Planted("cluster-ha-drs", "warning", Host.kind, site.host(5).name)


def ha_failover_capacity(site: "Site") -> Iterator[Planted]:
    """Plant a reserve that is used up, admission control off, machines that do not fit without a host, or only just.

    Decoys: exactly the level that is set, and clusters without HA or with one host.
    """
    world = site.build.world
    world.named(Cluster, "production").admission = Admission(percents_now=(24, 25))
    yield Planted("ha-failover-capacity", "critical", Cluster.kind, "production", "cpu-percent")
    world.named(Cluster, "test").admission = Admission(enabled=False)
    yield Planted("ha-failover-capacity", "warning", Cluster.kind, "test", "admission-control")
    dmz = _cluster(site, "dmz", DMZ, 8, 64)
    dmz.admission = Admission(policy="level")
    # Without one of its three hosts dmz has 38,200 MHz and 125,000 MB.
    for number in range(1, 8):
        vm = site.vm(f"dmz-proxy-{number}", host=DMZ[number % len(DMZ)])
        vm.cpus, vm.memory_mb = 15, 43_000
        vm.cpu_reservation_mhz, vm.host_memory_mb = 5200, 19_000
    yield Planted("ha-failover-capacity", "warning", Cluster.kind, "dmz", "n-1 cpu")
    yield Planted("ha-failover-capacity", "critical", Cluster.kind, "dmz", "n-1 memory")


def overcommit_ratio(site: "Site") -> Iterator[Planted]:
    """Find the machines of dmz too many for its 24 cores and 192 GiB, and those of the only host of edge.

    Decoy: a huge machine that is off.
    """
    yield Planted("overcommit-ratio", "warning", Cluster.kind, "dmz", "cpu")
    yield Planted("overcommit-ratio", "critical", Cluster.kind, "dmz", "memory")
    for number in range(1, 6):
        vm = site.vm(f"edge-{number}", host=EDGE[0])
        vm.cpus, vm.memory_mb = 7, 14_000
    yield Planted("overcommit-ratio", "critical", Cluster.kind, "edge", "cpu")
    yield Planted("overcommit-ratio", "warning", Cluster.kind, "edge", "memory")
    spare = site.vm("spare-sap", host=LAB[0])
    spare.cpus, spare.memory_mb, spare.power_state, spare.booted = 128, 2_000_000, "poweredOff", None


def numa_alignment(site: "Site") -> Iterator[Planted]:
    """Plant nodes hidden by hot-add, too much memory, and odd splits, on hosts with nodes of 16 cores and 128 GiB.

    Decoys: hot-add that shows the nodes, hot-add on a small machine, and machines on hosts with a single node.
    """
    names = ("numa-hot", "numa-large", "numa-17", "numa-sockets", "numa-shown", "numa-small")
    hot, large, odd, sockets, shown, small = (site.vm(name, host=3) for name in names)
    for vm, cpus in ((hot, 24), (large, 8), (odd, 17), (sockets, 24), (shown, 32), (small, 8)):
        vm.cpus, vm.memory_mb = cpus, 16_384
    hot.hot_add = shown.hot_add = shown.hot_add_shows_nodes = small.hot_add = True
    large.memory_mb, sockets.cores_per_socket = 200_000, 24
    yield Planted("numa-alignment", "warning", Vm.kind, hot.name, "hot-add")
    yield Planted("numa-alignment", "warning", Vm.kind, large.name, "memory")
    yield Planted("numa-alignment", "info", Vm.kind, odd.name, "split")
    yield Planted("numa-alignment", "info", Vm.kind, sockets.name, "split")


def triggered_alarms(site: "Site") -> Iterator[Planted]:
    """Plant alarms of each colour on objects of each kind, and alarm actions that are off.

    Decoys: alarms that other checks tell of, one that is disabled, and a machine without alarm actions.
    """
    world = site.build.world
    world.alarms = {one.moid: one for one in ALARMS}
    since = world.now - timedelta(days=3, hours=4)
    vm, center, switch = world.named(Vm, "erp-db"), world.named(Datacenter, "DC0"), world.named(Switch, "dvs-core")

    def stands(alarm: str, entity: str, status: str = "red", **more: bool) -> None:
        world.triggered.append(Triggered(alarm=alarm, entity=entity, status=status, since=since, **more))

    stands("alarm-6", vm.moid)
    yield Planted("triggered-alarms", "critical", Vm.kind, vm.name, "alarm-6")
    stands("alarm-11", site.host(2).moid, "yellow")
    yield Planted("triggered-alarms", "warning", Host.kind, site.host(2).name, "alarm-11")
    stands("alarm-11", site.host(4).moid)
    yield Planted("triggered-alarms", "info", Host.kind, site.host(4).name, "alarm-11")
    stands("alarm-401", center.moid, acknowledged=True)
    yield Planted("triggered-alarms", "info", Datacenter.kind, center.name, "alarm-401")
    stands("alarm-402", "group-d1", "yellow")
    yield Planted("triggered-alarms", "warning", "VirtualCenter", None, "alarm-402")
    stands("alarm-403", switch.moid, "yellow")
    yield Planted("triggered-alarms", "warning", Switch.kind, switch.name, "alarm-403")
    stands("alarm-4", site.host(6).moid)
    stands("alarm-7", site.store("vmfs-gold-02").moid)
    stands("alarm-11", site.host(5).moid, disabled=True)
    vm.alarm_actions = False
    yield from _silent(site)


def _silent(site: "Site") -> Iterator[Planted]:
    cluster, resting = site.build.world.named(Cluster, "test"), site.host(4)
    for one in (cluster, site.host(7), resting, site.store("nfs-media")):
        one.alarm_actions = False
    yield Planted("triggered-alarms", "warning", Cluster.kind, cluster.name, "alarm-actions")
    yield Planted("triggered-alarms", "warning", Host.kind, site.host(7).name, "alarm-actions")
    yield Planted("triggered-alarms", "info", Host.kind, resting.name, "alarm-actions")
    yield Planted("triggered-alarms", "warning", Datastore.kind, "nfs-media", "alarm-actions")


CLUSTERS = (cluster_ha_drs, ha_failover_capacity, overcommit_ratio, numa_alignment, triggered_alarms)
