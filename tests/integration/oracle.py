"""Judges a world directly, as plainly as can be: what a scan of it must find. Shares no code with vhealthd.

Slow and naive on purpose: every rule is one sentence over the world's own data.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from mocks.world import Cluster, Datacenter, Datastore, Host, Planted, Snapshot, StoragePod, Vm, World

LEFT_OUT = ("com.vmware.vim.eam", "com.vmware.vcDr")
STS = {"sts", "lookupsvc", "trustmanagement"}
RANK = ["info", "warning", "critical"]


def findings(world: World) -> set[Planted]:
    rules = (
        cpu,
        memory,
        pools,
        capacity,
        orphaned,
        snapshot_age,
        snapshot_chain,
        tools,
        consolidation,
        drives,
        services,
        names,
    )
    resting = {host.name for host in world.all(Host) if host.maintenance}
    return {
        replace(one, severity="info") if one.type == "HostSystem" and one.name in resting else one
        for rule in rules
        for one in rule(world)
    }


def above(value: float, warning: float, critical: float) -> str | None:
    return "critical" if value > critical else "warning" if value > warning else None


def workloads(world: World) -> Iterator[Vm]:
    for vm in world.all(Vm):
        template = vm.template and vm.has_config
        managed = vm.has_config and vm.managed_by is not None and vm.managed_by[0].startswith(LEFT_OUT)
        if not template and not managed and not vm.name.startswith("vCLS-"):
            yield vm


def utilization(world: World, check: str, used: str, size: str) -> Iterator[Planted]:
    for host in world.all(Host):
        grade = above(100 * getattr(host, used) / _size(host, size), 85, 95)
        if host.answers and grade:
            yield Planted(check, grade, "HostSystem", host.name)  # type: ignore[arg-type]
    for cluster in world.all(Cluster):
        hosts = [h for h in world.all(Host) if h.parent == cluster.moid and h.answers and not h.maintenance]
        if hosts:
            share = 100 * sum(getattr(h, used) for h in hosts) / sum(_size(h, size) for h in hosts)
            if grade := above(share, 85, 95):
                yield Planted(check, grade, "ClusterComputeResource", cluster.name)  # type: ignore[arg-type]


def _size(host: Host, what: str) -> float:
    return host.cpu_mhz * host.cores if what == "cpu" else host.memory / 2**20


def cpu(world: World) -> Iterator[Planted]:
    return utilization(world, "cpu-utilization", "cpu_usage_mhz", "cpu")


def memory(world: World) -> Iterator[Planted]:
    return utilization(world, "memory-utilization", "memory_usage_mb", "memory")


def pools(world: World) -> Iterator[Planted]:
    stores = [one for one in world.all(Datastore) if one.shared and one.accessible]
    pods = {pod.moid: pod for pod in world.all(StoragePod)}
    loose = [one for one in stores if one.parent not in pods]
    groups = [(pod.kind, pod.name, [one for one in stores if one.parent == pod.moid]) for pod in pods.values()]
    groups += [(Datacenter.kind, center.name, loose) for center in world.all(Datacenter)]
    for kind, name, members in groups:
        if not members:
            continue
        capacity = sum(one.capacity for one in members)
        used = capacity - sum(one.free for one in members)
        if grade := above(100 * used / capacity, 85, 95):
            yield Planted("storage-utilization", grade, kind, name)  # type: ignore[arg-type]
        if 100 * (used + sum(one.uncommitted for one in members)) / capacity > 200:
            yield Planted("storage-utilization", "info", kind, name, "provisioned")


def capacity(world: World) -> Iterator[Planted]:
    for store in world.all(Datastore):
        if not store.accessible:
            continue
        grade = above(100 * (store.capacity - store.free) / store.capacity, 85, 95)
        if store.capacity < 2**40 and store.free < 20 * 2**30:
            grade = "critical"
        if grade:
            yield Planted("datastore-capacity", grade, Datastore.kind, store.name)  # type: ignore[arg-type]
        if 100 * (store.capacity - store.free + store.uncommitted) / store.capacity > 200:
            yield Planted("datastore-capacity", "info", Datastore.kind, store.name, "provisioned")


def orphaned(world: World) -> Iterator[Planted]:
    for vm in workloads(world):
        if vm.connection_state in {"orphaned", "inaccessible", "invalid"}:
            yield Planted("orphaned-vms", "critical", vm.kind, vm.name)


def _flat(snapshots: tuple[Snapshot, ...]) -> list[Snapshot]:
    return [one for top in snapshots for one in [top, *_flat(top.children)]]


def _depth(snapshots: tuple[Snapshot, ...]) -> int:
    return max((1 + _depth(one.children) for one in snapshots), default=0)


def snapshot_age(world: World) -> Iterator[Planted]:
    for vm in workloads(world):
        if not vm.snapshots:
            continue
        ages = [(world.now - one.created) / timedelta(days=1) for one in _flat(vm.snapshots)]
        if grade := above(max(ages), 7, 30):
            yield Planted("snapshot-age", grade, vm.kind, vm.name)  # type: ignore[arg-type]
        if min(ages) < 0:
            yield Planted("snapshot-age", "info", vm.kind, vm.name, "future")


def snapshot_chain(world: World) -> Iterator[Planted]:
    for vm in workloads(world):
        own = [disk for disk in vm.disks if len({file.rpartition("/")[0] for file in disk.files}) == 1]
        deltas = max((len(disk.files) - 1 for disk in own), default=0) if vm.has_config else 0
        if grade := above(max(_depth(vm.snapshots), deltas), 5, 15):
            yield Planted("snapshot-chain", grade, vm.kind, vm.name)  # type: ignore[arg-type]


def tools(world: World) -> Iterator[Planted]:
    for vm in workloads(world):
        awake = vm.booted is not None and world.now - vm.booted > timedelta(minutes=15)
        if vm.power_state != "poweredOn" or vm.connection_state != "connected" or not awake or vm.tools_running:
            continue
        grade = "info" if vm.tools_status == "guestToolsNotInstalled" else "warning"
        yield Planted("tools-not-running", grade, vm.kind, vm.name)  # type: ignore[arg-type]


def consolidation(world: World) -> Iterator[Planted]:
    stores = {one.moid: one for one in world.all(Datastore)}
    for vm in workloads(world):
        full = any(100 * stores[moid].used > 85 for moid in vm.datastores if stores[moid].accessible)
        if vm.consolidation_needed:
            yield Planted("consolidation-needed", "critical" if full else "warning", vm.kind, vm.name)


def drives(world: World) -> Iterator[Planted]:
    stores = {one.moid: one for one in world.all(Datastore)}
    for vm in workloads(world):
        for drive in vm.drives if vm.has_config else ():
            local = drive.medium == "iso" and drive.datastore is not None and not stores[drive.datastore].shared
            if drive.medium == "client" or not (drive.connected or drive.start_connected):
                continue
            grade = "warning" if drive.connected or local else "info"
            yield Planted("removable-media", grade, vm.kind, vm.name, str(drive.key))  # type: ignore[arg-type]


def services(world: World) -> Iterator[Planted]:
    for name, service in world.appliance.services.items():
        if name not in STS:
            continue
        stopped = service.state == "STOPPED" and service.startup == "AUTOMATIC"
        if stopped or service.health == "DEGRADED":
            yield Planted("sso-service", "critical", "VirtualCenter", None, name)
        elif service.health == "HEALTHY_WITH_WARNINGS":
            yield Planted("sso-service", "warning", "VirtualCenter", None, name)


def names(world: World) -> Iterator[Planted]:
    for host in world.all(Host):
        if host.resolves_to is None:
            yield Planted("dns-resolution", "warning", "HostSystem", host.name, "forward")
        elif host.ptr != host.name:
            yield Planted("dns-resolution", "warning", "HostSystem", host.name, "reverse")
        if host.answers and len(host.dns_servers) < 2:
            yield Planted("dns-resolution", "warning", "HostSystem", host.name, "dns-servers")
