"""What the checks of clusters, compute and alarms read: one builder a record, and estates with those parts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from tests.builders import CLUSTER, GIB, NOW, facets, inventory
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import (
    ClusterFailover,
    ClusterSettings,
    Datastore,
    Entity,
    Host,
    HostFdm,
    HostSize,
    HostUsage,
    MoRef,
    NumaNode,
    Reserve,
    TriggeredAlarm,
    Unseen,
    VirtualMachine,
    VmDemand,
    VmSize,
    VmTopology,
)

FACETS = (
    Need.CLUSTER_SETTINGS,
    Need.CLUSTER_ISSUES,
    Need.CLUSTER_FAILOVER,
    Need.CLUSTER_ALARM_ACTIONS,
    Need.HOST_FDM,
    Need.HOST_SIZE,
    Need.HOST_NUMA,
    Need.HOST_ALARM_ACTIONS,
    Need.DATASTORE_ALARM_ACTIONS,
    Need.VM_SIZE,
    Need.VM_TOPOLOGY,
    Need.VM_DEMAND,
)


def estate(
    facets_of: Mapping[Need, object],
    *,
    clusters: Iterable[Entity] = (CLUSTER,),
    hosts: Iterable[Host] = (),
    datastores: Iterable[Datastore] = (),
    vms: Iterable[VirtualMachine] = (),
    host_usage: Mapping[Host, HostUsage | Unseen] | None = None,
    alarms: Iterable[TriggeredAlarm] | Unseen = (),
) -> Inventory:
    """Return an estate of these objects, with these facets and none of the others."""
    given = inventory(clusters=clusters, hosts=hosts, datastores=datastores, vms=tuple(vms), host_usage=host_usage)
    return with_clusters(given, facets_of, alarms=alarms)


def with_clusters(
    given: Inventory,
    facets_of: Mapping[Need, object],
    *,
    alarms: Iterable[TriggeredAlarm] | Unseen = (),
) -> Inventory:
    """Return an estate with these parts besides its own."""
    parts: dict[Need, object] = {need: facets(cast("dict[Entity, object]", facets_of.get(need))) for need in FACETS}
    parts[Need.ALARMS] = alarms if isinstance(alarms, Unseen) else tuple(alarms)
    return replace(given, parts={**given.parts, **parts})


def every_cluster_part(cluster: Entity, host: Host, vm: VirtualMachine, datastore: Datastore) -> dict[Need, object]:
    """Return each facet of one object of its kind."""
    return {
        Need.CLUSTER_SETTINGS: {cluster: settings()},
        Need.CLUSTER_ISSUES: {cluster: ()},
        Need.CLUSTER_FAILOVER: {cluster: failover()},
        Need.CLUSTER_ALARM_ACTIONS: {cluster: True},
        Need.HOST_FDM: {host: HostFdm(state="master")},
        Need.HOST_SIZE: {host: HostSize(cores=32, memory=256 * GIB)},
        Need.HOST_NUMA: {host: nodes()},
        Need.HOST_ALARM_ACTIONS: {host: True},
        Need.DATASTORE_ALARM_ACTIONS: {datastore: True},
        Need.VM_SIZE: {vm: size()},
        Need.VM_TOPOLOGY: {vm: topology()},
        Need.VM_DEMAND: {vm: demand()},
    }


# --- records --------------------------------------------------------------------------------------------------------


def settings(
    *,
    ha: bool | None = True,
    host_monitoring: str | None = "enabled",
    drs: bool | None = True,
    drs_behavior: str | None = "fullyAutomated",
) -> ClusterSettings:
    return ClusterSettings(ha=ha, host_monitoring=host_monitoring, drs=drs, drs_behavior=drs_behavior)


def percents(cpu: int | None = 60, memory: int | None = 50, *, configured: int = 25) -> tuple[Reserve, ...]:
    return (
        Reserve(kind="cpu-percent", configured=configured, current=cpu),
        Reserve(kind="memory-percent", configured=configured, current=memory),
    )


def failover(
    *,
    ha: bool | None = True,
    admission_control: bool | None = True,
    reserves: tuple[Reserve, ...] | None = None,
    effective_cpu: int | None = 3000,
    effective_memory: int | None = 300 * GIB,
) -> ClusterFailover:
    return ClusterFailover(
        ha=ha,
        admission_control=admission_control,
        reserves=percents() if reserves is None else reserves,
        effective_cpu=effective_cpu,
        effective_memory=effective_memory,
    )


def usage(cpu: int | None = 1000, memory: int | None = 100 * GIB) -> HostUsage:
    """Return the capacity of a host, of which nothing is used."""
    return HostUsage(cpu_used=0, cpu_capacity=cpu, memory_used=0, memory_capacity=memory)


def demand(
    cpu: int | None = 100,
    memory: int | None = 10 * GIB,
    *,
    cpu_reservation: int | None = 0,
    memory_reservation: int | None = 0,
) -> VmDemand:
    return VmDemand(
        cpu_reservation=cpu_reservation,
        cpu_demand=cpu,
        memory_reservation=memory_reservation,
        memory_demand=memory,
    )


def size(cpus: int = 2, memory: int = 8 * GIB) -> VmSize:
    return VmSize(cpus=cpus, memory=memory)


def nodes(count: int = 2, *, cores: int = 16, memory: int = 128 * GIB) -> tuple[NumaNode, ...]:
    return (NumaNode(cores=cores, memory=memory),) * count


def topology(
    *,
    cpu_hot_add: bool | None = False,
    vnuma_with_hot_add: bool | None = False,
    cores_per_socket: int | None = 1,
    sockets_by_hand: bool = False,
    cores_per_node: int | None = None,
) -> VmTopology:
    return VmTopology(
        cpu_hot_add=cpu_hot_add,
        vnuma_with_hot_add=vnuma_with_hot_add,
        cores_per_socket=cores_per_socket,
        sockets_by_hand=sockets_by_hand,
        cores_per_node=cores_per_node,
    )


def alarm(
    entity: Entity | None = None,
    status: str = "yellow",
    *,
    number: int = 7,
    name: str | None = "Something odd",
    system_name: str | None = None,
    triggered_at: datetime | None = NOW - timedelta(days=2),
    acknowledged: bool = False,
) -> TriggeredAlarm:
    return TriggeredAlarm(
        alarm=MoRef("Alarm", f"alarm-{number}"),
        name=name,
        system_name=system_name,
        entity=entity,
        status=status,
        triggered_at=triggered_at,
        acknowledged=acknowledged,
    )
