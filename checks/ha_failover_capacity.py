"""ha-failover-capacity: whether a cluster has room for the machines of a host that fails."""

from collections import defaultdict
from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Percent, check
from vhealthd.model import (
    Category,
    ClusterFailover,
    Entity,
    Examined,
    Finding,
    Host,
    HostUsage,
    Message,
    MoRef,
    NotExamined,
    Outcome,
    Severity,
    Unseen,
    Verdict,
    VirtualMachine,
    VmDemand,
)

NOT_GUARDED = Message(
    "ha-failover-capacity.not-guarded",
    "Admission control is off: machines may be started until there is no room for those of a failed host",
)
SHORT = {
    kind: Message(f"ha-failover-capacity.{kind}", sentence)
    for kind, sentence in {
        "host-failures": "The cluster can bear {current} failed hosts, and is set to keep room for {configured}",
        "failover-hosts": "Of {configured} dedicated failover hosts {current} stand ready",
        "cpu-percent": "For a failover {current:limit} of the CPU is left, and {configured:limit} is set",
        "memory-percent": "For a failover {current:limit} of the memory is left, and {configured:limit} is set",
    }.items()
}
ROOM = {
    "cpu": Message(
        "ha-failover-capacity.cpu",
        "Without its largest host the cluster has {capacity:mhz} of CPU; its virtual machines need {need:mhz}, and "
        "{threshold_percent:limit} are to be spare",
    ),
    "memory": Message(
        "ha-failover-capacity.memory",
        "Without its largest host the cluster has {capacity:bytes} of memory; its virtual machines need {need:bytes}, "
        "and {threshold_percent:limit} are to be spare",
    ),
}
HA_OFF = Message("ha-failover-capacity.ha-off", "vSphere HA is off, which cluster-ha-drs reports")
ONE_HOST = Message("ha-failover-capacity.one-host", "the cluster has one host, so there is nowhere to fail over to")
NOT_TOLD = Message("ha-failover-capacity.not-told", "vCenter does not say how it is set, or how much is left")
NO_FIGURES = Message("ha-failover-capacity.no-figures", "vCenter does not say how much its working hosts can give")

Machines = defaultdict[MoRef | None, list[VirtualMachine]]  # by their host


class HaFailoverCapacityLimits(Limits):
    """When the room for a failover is too small."""

    admission_control: bool = Field(
        default=True, description="Judge whether admission control is on and keeps what it is to"
    )
    warning_spare_percent: Percent = Field(
        10, description="Less is spare of the capacity that remains without the largest host"
    )


@check(
    title="HA failover capacity",
    category=Category.INFRASTRUCTURE,
    needs={Need.CLUSTERS, Need.HOSTS, Need.HOST_USAGE, Need.VMS, Need.VM_DEMAND, Need.CLUSTER_FAILOVER},
    limits=HaFailoverCapacityLimits,
    what="In each cluster with vSphere HA: whether admission control is on and what is left of the reserve that it is "
    "to keep, for all three of its policies; and whether the running virtual machines fit without the largest host. A "
    "machine needs its reservation or what it uses now, whichever is more.",
    why="vSphere HA restarts machines only where there is room. Admission control counts reservations, most of which "
    "are zero, so a cluster may be too full for a failover while it is content.",
    fix="Power off or shrink machines, lower reservations that are larger than the work, or add a host. Then switch "
    "admission control on again, and have it tolerate the failure of one host.",
    blind_spots="It is the reading of one moment, for one failed host. Memory counts as it is held on the hosts; a "
    "restarted machine may need less. Rules, and machines that vSphere HA does not restart, are not seen.",
)
def ha_failover_capacity(inventory: Inventory, limits: HaFailoverCapacityLimits) -> Iterator[Verdict]:
    """Judge each cluster with vSphere HA: what admission control says of it, then our own reckoning."""
    machines: Machines = defaultdict(list)
    for vm in (vm for vm in inventory.vms if vm.powered_on):
        machines[vm.host].append(vm)
    for cluster in inventory.clusters:
        hosts = [host for host in inventory.hosts if host.cluster and host.cluster.ref == cluster.ref]
        failover = _failover(hosts, inventory.cluster_failover[cluster.ref])
        if not hosts:
            continue
        if isinstance(failover, Unseen):
            yield NotExamined(cluster, failover)
            continue
        yield Examined(cluster)
        mine, needs = limits.for_object(cluster), [0, 0]
        if mine.admission_control:
            yield from _reserves(cluster, failover)
        for vm in (vm for host in hosts if host.connected for vm in machines[host.ref]):
            yield from _add(vm, inventory.vm_demand[vm.ref], needs)
        usage = [inventory.host_usage[host.ref] for host in hosts if host.connected and not host.in_maintenance_mode]
        yield from _rooms(cluster, failover, usage, needs, mine.warning_spare_percent)


def _failover(hosts: list[Host], failover: ClusterFailover | Unseen) -> ClusterFailover | Unseen:
    if len(hosts) == 1:
        return Unseen(ONE_HOST(), Outcome.SKIPPED)
    if isinstance(failover, Unseen) or failover.ha:
        return failover
    return Unseen(NOT_TOLD()) if failover.ha is None else Unseen(HA_OFF(), Outcome.SKIPPED)


def _reserves(cluster: Entity, failover: ClusterFailover) -> Iterator[Verdict]:
    if failover.admission_control is False:
        yield Finding(Severity.WARNING, cluster, NOT_GUARDED(), "admission-control")
    elif failover.admission_control is None or not failover.reserves:
        yield NotExamined(cluster, Unseen(NOT_TOLD()), rule="admission-control")
    for one in failover.reserves if failover.admission_control else ():
        if one.current is None:
            yield NotExamined(cluster, Unseen(NOT_TOLD()), rule=one.kind)
        elif one.current < one.configured:
            text = SHORT[one.kind](current=one.current, configured=one.configured)
            yield Finding(Severity.CRITICAL, cluster, text, one.kind)


def _add(vm: VirtualMachine, demand: VmDemand | Unseen, needs: list[int]) -> Iterator[Verdict]:
    """Add what one machine needs, in MHz and bytes: its reservation or what it uses, whichever is more."""
    if isinstance(demand, Unseen):
        yield NotExamined(vm, demand, rule="demand")
        return
    needs[0] += max(demand.cpu_reservation or 0, demand.cpu_demand or 0)
    needs[1] += max(demand.memory_reservation or 0, demand.memory_demand or 0)


def _rooms(
    cluster: Entity, failover: ClusterFailover, usage: list[HostUsage | Unseen], needs: list[int], limit: float
) -> Iterator[Verdict]:
    """Compare the needs with what remains when the largest host fails."""
    known = [one for one in usage if not isinstance(one, Unseen)]
    cpus, memories = [one.cpu_capacity or 0 for one in known], [one.memory_capacity or 0 for one in known]
    sides = (("cpu", failover.effective_cpu, cpus), ("memory", failover.effective_memory, memories))
    for need, (name, effective, hosts) in zip(needs, sides, strict=True):
        if not effective or not hosts or len(hosts) < len(usage) or not all(hosts):
            yield NotExamined(cluster, Unseen(NO_FIGURES()), rule=f"n-1 {name}")
            continue
        capacity = max(0, effective - max(hosts))
        if 100 * (capacity - need) < limit * capacity:
            severity = Severity.CRITICAL if need > capacity else Severity.WARNING
            text = ROOM[name](capacity=capacity, need=need, threshold_percent=limit)
            yield Finding(severity, cluster, text, f"n-1 {name}")
