"""memory-utilization: whether hosts and clusters have memory left."""

from collections import defaultdict
from collections.abc import Iterator

from vhealthd.checkapi import HELD_UNTIL, Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import (
    Category,
    Entity,
    Examined,
    Finding,
    Host,
    HostUsage,
    Message,
    MoRef,
    NotExamined,
    Resource,
    Severity,
    Unseen,
    Usage,
    Verdict,
    VmMemory,
)

FULL = Message(
    "memory-utilization.full",
    "{used_percent:percent} of the memory is used ({used_bytes:bytes} of {capacity_bytes:bytes}); "
    "the limit is {threshold_percent:limit}",
)
HELD = Message(
    "memory-utilization.held",
    FULL.english + ", and as it was reported before, it is reported while above {clear_percent:limit}",
)
_TAKEN = (
    ". From its virtual machines {ballooned_bytes:bytes} are taken back by ballooning and "
    "{swapped_bytes:bytes} are swapped out"
)
RECLAIMED = Message("memory-utilization.reclaimed", FULL.english + _TAKEN)
HELD_RECLAIMED = Message("memory-utilization.held-reclaimed", HELD.english + _TAKEN)
NOT_CONNECTED = Message("memory-utilization.not-connected", "the host is not connected ({connection_state})")
NO_FIGURES = Message("memory-utilization.no-figures", "vCenter does not say how much memory it has or uses")
NO_HOSTS = Message("memory-utilization.no-hosts", "none of its hosts is connected, out of maintenance and measured")

Load = tuple[MoRef, int, int]  # host, used and capacity in bytes
Reclaimed = defaultdict[MoRef | None, list[VmMemory]]


class MemoryUtilizationLimits(Limits):
    """When memory runs short."""

    warning_percent: Percent = Field(85, description="More of the memory of a host or a cluster is used")
    critical_percent: Percent = Field(95, description="More of the memory of a host or a cluster is used")
    hysteresis_percent: Percent = Field(0, description=HELD_UNTIL)


@check(
    title="Memory utilization",
    category=Category.WATERMARK,
    needs={Need.CLUSTERS, Need.HOSTS, Need.HOST_USAGE, Need.VMS, Need.VM_MEMORY},
    limits=MemoryUtilizationLimits,
    what="The used share of the memory of every host, and of every cluster over its hosts that are connected and not "
    "in maintenance mode. A finding also says how much memory was taken back from virtual machines.",
    why="When memory runs out, the hypervisor takes it back from virtual machines by ballooning, then by swapping to "
    "disk, which slows them down by orders of magnitude. A full cluster cannot restart the machines of a failed host.",
    fix="Look for virtual machines with ballooned or swapped memory first: they suffer already. Move or shrink virtual "
    "machines, or add memory or a host, before more is overcommitted.",
    blind_spots="Memory that a guest once touched counts as used, whether or not the guest still needs it. It is the "
    "reading of one moment. Ballooned and swapped memory is shown and not judged.",
)
def memory_utilization(inventory: Inventory, limits: MemoryUtilizationLimits) -> Iterator[Verdict]:
    """Judge each host, then each cluster by the sum of its working hosts."""
    reclaimed = _reclaimed(inventory)
    clusters: defaultdict[MoRef, list[Load]] = defaultdict(list)
    for host in inventory.hosts:
        load = _load(host, inventory.host_usage[host.ref])
        if isinstance(load, Unseen):
            yield NotExamined(host, load)
            continue
        yield from _judge(host, [load], reclaimed, limits, inventory.history.was(host))
        if host.cluster is None:
            yield _usage(host, [load], limits)
        elif not host.in_maintenance_mode:
            clusters[host.cluster.ref].append(load)
    populated = {host.cluster.ref for host in inventory.hosts if host.cluster}
    for cluster in inventory.clusters:
        if clusters[cluster.ref]:
            yield from _judge(cluster, clusters[cluster.ref], reclaimed, limits, inventory.history.was(cluster))
            yield _usage(cluster, clusters[cluster.ref], limits)
        elif cluster.ref in populated:
            yield NotExamined(cluster, Unseen(NO_HOSTS(), derived=True))


def _reclaimed(inventory: Inventory) -> Reclaimed:
    """Return what was taken back from the VMs of each host, as far as vCenter says."""
    by_host: Reclaimed = defaultdict(list)
    for vm in inventory.vms:
        memory = inventory.vm_memory[vm.ref]
        if not isinstance(memory, Unseen):
            by_host[vm.host].append(memory)
    return by_host


def _load(host: Host, usage: HostUsage | Unseen) -> Load | Unseen:
    if not host.connected:
        return Unseen(NOT_CONNECTED(connection_state=host.connection_state))
    if isinstance(usage, Unseen):
        return usage
    if usage.memory_used is None or not usage.memory_capacity:
        return Unseen(NO_FIGURES())
    return host.ref, usage.memory_used, usage.memory_capacity


def _usage(entity: Entity, loads: list[Load], limits: MemoryUtilizationLimits) -> Usage:
    mine = limits.for_object(entity)
    return Usage(
        object=entity,
        resource=Resource.MEMORY,
        used=sum(load[1] for load in loads),
        capacity=sum(load[2] for load in loads),
        warning_percent=mine.warning_percent,
        critical_percent=mine.critical_percent,
    )


def _judge(
    entity: Entity, loads: list[Load], reclaimed: Reclaimed, limits: MemoryUtilizationLimits, was: Severity | None
) -> Iterator[Verdict]:
    yield Examined(entity)
    limits = limits.for_object(entity)
    used, capacity = sum(load[1] for load in loads), sum(load[2] for load in loads)
    percent = 100 * used / capacity
    margin = limits.hysteresis_percent
    graded = exceeded(
        percent, warning=limits.warning_percent, critical=limits.critical_percent, was=was, hysteresis=margin
    )
    if graded is None:
        return
    severity, limit = graded
    vms = [memory for host, _, _ in loads for memory in reclaimed[host]]
    ballooned, swapped = sum(memory.ballooned for memory in vms), sum(memory.swapped for memory in vms)
    measured = {
        "used_percent": percent,
        "threshold_percent": limit,
        "used_bytes": used,
        "capacity_bytes": capacity,
        "ballooned_bytes": ballooned if vms else None,
        "swapped_bytes": swapped if vms else None,
    }
    if percent > limit:
        text = (RECLAIMED if ballooned or swapped else FULL)(**measured)
    else:
        text = (HELD_RECLAIMED if ballooned or swapped else HELD)(**measured, clear_percent=limit - margin)
    yield Finding(severity, entity, text)
