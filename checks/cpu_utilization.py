"""cpu-utilization: whether hosts and clusters have CPU left."""

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
)

FULL = Message(
    "cpu-utilization.full",
    "{used_percent:percent} of the CPU is used ({used_mhz:mhz} of {capacity_mhz:mhz}); "
    "the limit is {threshold_percent:limit}",
)
HELD = Message(
    "cpu-utilization.held",
    FULL.english + ", and as it was reported before, it is reported while above {clear_percent:limit}",
)
NOT_CONNECTED = Message("cpu-utilization.not-connected", "the host is not connected ({connection_state})")
NO_FIGURES = Message("cpu-utilization.no-figures", "vCenter does not say how much CPU it has or uses")
NO_HOSTS = Message("cpu-utilization.no-hosts", "none of its hosts is connected, out of maintenance and measured")

Load = tuple[int, int]  # used and capacity, MHz


class CpuUtilizationLimits(Limits):
    """When CPU runs short."""

    warning_percent: Percent = Field(85, description="More of the CPU of a host or a cluster is used")
    critical_percent: Percent = Field(95, description="More of the CPU of a host or a cluster is used")
    hysteresis_percent: Percent = Field(0, description=HELD_UNTIL)


@check(
    title="CPU utilization",
    category=Category.WATERMARK,
    needs={Need.CLUSTERS, Need.HOSTS, Need.HOST_USAGE},
    limits=CpuUtilizationLimits,
    what="The used share of the CPU of every host, and of every cluster over its hosts that are connected and not in "
    "maintenance mode.",
    why="Above the limit virtual machines wait for a processor, and a cluster cannot take the load of a host that "
    "fails.",
    fix="Let DRS rebalance the cluster, or move virtual machines yourself. Power off or shrink virtual machines that "
    "are larger than their work, or add a host.",
    blind_spots="It is the reading of one moment, averaged by vCenter over the last seconds to minutes: a peak between "
    "two scans is not seen, and a short one may be. Virtual machines may wait for CPU on a host that is not full.",
)
def cpu_utilization(inventory: Inventory, limits: CpuUtilizationLimits) -> Iterator[Verdict]:
    """Judge each host, then each cluster by the sum of its working hosts."""
    clusters: defaultdict[MoRef, list[Load]] = defaultdict(list)
    for host in inventory.hosts:
        load = _load(host, inventory.host_usage[host.ref])
        if isinstance(load, Unseen):
            yield NotExamined(host, load)
            continue
        yield from _judge(host, [load], limits, inventory.history.was(host))
        if host.cluster is None:
            yield _usage(host, [load], limits)
        elif not host.in_maintenance_mode:
            clusters[host.cluster.ref].append(load)
    populated = {host.cluster.ref for host in inventory.hosts if host.cluster}
    for cluster in inventory.clusters:
        if clusters[cluster.ref]:
            yield from _judge(cluster, clusters[cluster.ref], limits, inventory.history.was(cluster))
            yield _usage(cluster, clusters[cluster.ref], limits)
        elif cluster.ref in populated:
            yield NotExamined(cluster, Unseen(NO_HOSTS(), derived=True))


def _load(host: Host, usage: HostUsage | Unseen) -> Load | Unseen:
    if not host.connected:
        return Unseen(NOT_CONNECTED(connection_state=host.connection_state))
    if isinstance(usage, Unseen):
        return usage
    if usage.cpu_used is None or not usage.cpu_capacity:
        return Unseen(NO_FIGURES())
    return usage.cpu_used, usage.cpu_capacity


def _usage(entity: Entity, loads: list[Load], limits: CpuUtilizationLimits) -> Usage:
    mine = limits.for_object(entity)
    return Usage(
        object=entity,
        resource=Resource.CPU,
        used=sum(load[0] for load in loads),
        capacity=sum(load[1] for load in loads),
        warning_percent=mine.warning_percent,
        critical_percent=mine.critical_percent,
    )


def _judge(entity: Entity, loads: list[Load], limits: CpuUtilizationLimits, was: Severity | None) -> Iterator[Verdict]:
    yield Examined(entity)
    limits = limits.for_object(entity)
    used, capacity = sum(load[0] for load in loads), sum(load[1] for load in loads)
    percent = 100 * used / capacity
    margin = limits.hysteresis_percent
    if graded := exceeded(
        percent, warning=limits.warning_percent, critical=limits.critical_percent, was=was, hysteresis=margin
    ):
        severity, limit = graded
        measured = {"used_percent": percent, "used_mhz": used, "capacity_mhz": capacity, "threshold_percent": limit}
        text = FULL(**measured) if percent > limit else HELD(**measured, clear_percent=limit - margin)
        yield Finding(severity, entity, text)
