"""Clusters, standalone compute resources and resource pools as VI JSON."""

from typing import Any

from mocks.encode.guards import admission_info, admission_policy, issues
from mocks.encode.value import ENTITY, Encoders, Tree, data, refer, reference, wire_name
from mocks.world import Cluster, ComputeResource, Datastore, Host, ResourcePool, Vm, World


def hosts_of(world: World, compute: ComputeResource) -> list[Host]:
    """List the hosts of a cluster or of a standalone compute resource."""
    return [host for host in world.all(Host) if host.parent == compute.moid]


def _totals(world: World, compute: ComputeResource) -> dict[str, Any]:
    """Sum capacities: `totalMemory` is in bytes while `effectiveMemory` is in MB, as vSphere has it."""
    hosts = hosts_of(world, compute)
    effective = [host for host in hosts if host.answers and not host.maintenance]
    return {
        "totalCpu": sum(host.cpu_mhz * host.cores for host in hosts),
        "totalMemory": sum(host.memory for host in hosts),
        "numCpuCores": sum(host.cores for host in hosts),
        "numCpuThreads": sum(host.cores * 2 for host in hosts),
        "effectiveCpu": sum(host.cpu_mhz * host.cores * 97 // 100 for host in effective),
        "effectiveMemory": sum(host.memory // 2**20 * 97 // 100 for host in effective),
        "numHosts": len(hosts),
        "numEffectiveHosts": len(effective),
        "overallStatus": "green",
    }


def _compute_summary(world: World, compute: ComputeResource) -> Tree:
    return data("ComputeResourceSummary", **_totals(world, compute))


def _cluster_summary(world: World, cluster: Cluster) -> Tree:
    totals = _totals(world, cluster)
    return data(
        "ClusterComputeResourceSummary",
        **totals,
        currentFailoverLevel=cluster.admission.level_now if cluster.ha else 0,
        admissionControlInfo=admission_info(world, cluster),
        numVmotions=12,
        targetBalance=200,
        currentBalance=40,
        usageSummary=_usage(world, cluster, totals),
        drsScore=97,
    )


def _usage(world: World, cluster: Cluster, totals: dict[str, Any]) -> Tree:
    vms = [vm for vm in world.all(Vm) if vm.pool == cluster.pool]
    hosts = [host for host in hosts_of(world, cluster) if host.answers and not host.maintenance]
    return data(
        "ClusterUsageSummary",
        totalCpuCapacityMhz=totals["effectiveCpu"],
        totalMemCapacityMB=totals["effectiveMemory"],
        cpuReservationMhz=0,
        memReservationMB=0,
        poweredOffCpuReservationMhz=0,
        poweredOffMemReservationMB=0,
        cpuDemandMhz=sum(host.cpu_usage_mhz for host in hosts),
        memDemandMB=sum(host.memory_usage_mb for host in hosts),
        statsGenNumber=4711,
        cpuEntitledMhz=sum(host.cpu_usage_mhz for host in hosts),
        memEntitledMB=sum(host.memory_usage_mb for host in hosts),
        poweredOffVmCount=sum(vm.power_state != "poweredOn" for vm in vms),
        totalVmCount=len(vms),
    )


def _das(world: World, cluster: Cluster) -> Tree:
    shared = [store.moid for store in world.all(Datastore) if store.shared][:2]
    return data(
        "ClusterDasConfigInfo",
        enabled=cluster.ha,
        vmMonitoring="vmMonitoringDisabled",
        hostMonitoring=cluster.host_monitoring,
        vmComponentProtecting="disabled",
        failoverLevel=cluster.admission.level,
        admissionControlPolicy=admission_policy(world, cluster),
        admissionControlEnabled=cluster.admission.enabled,
        heartbeatDatastore=[refer(world, moid) for moid in shared],
        hBDatastoreCandidatePolicy="allFeasibleDsWithUserPreference",
        option=[],
    )


def _drs(cluster: Cluster) -> Tree:
    return data(
        "ClusterDrsConfigInfo",
        enabled=cluster.drs,
        enableVmBehaviorOverrides=True,
        defaultVmBehavior=cluster.drs_behavior,
        vmotionRate=3,
        scaleDescendantsShares="disabled",
        option=[],
    )


def _configuration(world: World, cluster: Cluster) -> Tree:
    return data("ClusterConfigInfo", dasConfig=_das(world, cluster), drsConfig=_drs(cluster), rule=[])


def _configuration_ex(world: World, cluster: Cluster) -> Tree:
    return data(
        "ClusterConfigInfoEx",
        vmSwapPlacement="vmDirectory",
        dasConfig=_das(world, cluster),
        dasVmConfig=[],
        drsConfig=_drs(cluster),
        drsVmConfig=[],
        rule=[],
        dpmConfigInfo=data("ClusterDpmConfigInfo", enabled=False, defaultDpmBehavior="automated", option=[]),
        dpmHostConfig=[],
        group=[],
    )


COMPUTE: Encoders = {
    **ENTITY,
    "configurationEx": lambda _world, _compute: data("ComputeResourceConfigInfo", vmSwapPlacement="vmDirectory"),
    "datastore": lambda world, compute: [
        refer(world, store.moid)
        for store in world.all(Datastore)
        if {host.moid for host in hosts_of(world, compute)} & set(store.hosts)
    ],
    "environmentBrowser": lambda _world, compute: reference("EnvironmentBrowser", f"envbrowser-{compute.moid}"),
    "host": lambda world, compute: [refer(world, host.moid) for host in hosts_of(world, compute)],
    "network": lambda _world, _compute: [],
    "resourcePool": lambda world, compute: refer(world, compute.pool),
    "summary": _compute_summary,
    "lifecycleManaged": lambda _world, _compute: False,
}

CLUSTER: Encoders = {
    **COMPUTE,
    "configIssue": issues,
    "configuration": _configuration,
    "configurationEx": _configuration_ex,
    "drsFault": lambda _world, _cluster: [],
    "drsRecommendation": lambda _world, _cluster: [],
    "recommendation": lambda _world, _cluster: [],
    "actionHistory": lambda _world, _cluster: [],
    "migrationHistory": lambda _world, _cluster: [],
    "summary": _cluster_summary,
    "summaryEx": _cluster_summary,
}


def _pool_config(world: World, pool: ResourcePool) -> Tree:
    shares = data("SharesInfo", shares=4000, level="normal")
    allocation = data("ResourceAllocationInfo", reservation=10_000, expandableReservation=True, limit=-1, shares=shares)
    entity = refer(world, pool.moid)
    return data("ResourceConfigSpec", entity=entity, cpuAllocation=allocation, memoryAllocation=allocation)


def _pool_runtime(_world: World, _pool: ResourcePool) -> Tree:
    usage = data(
        "ResourcePoolResourceUsage",
        reservationUsed=0,
        reservationUsedForVm=0,
        unreservedForPool=10_000,
        unreservedForVm=10_000,
        overallUsage=1000,
        maxUsage=10_000,
    )
    return data("ResourcePoolRuntimeInfo", memory=usage, cpu=usage, overallStatus="green")


def _pool_summary(world: World, pool: ResourcePool) -> Tree:
    return data(
        "ResourcePoolSummary",
        name=wire_name(pool.name),
        config=_pool_config(world, pool),
        runtime=_pool_runtime(world, pool),
    )


POOL: Encoders = {
    **ENTITY,
    "childConfiguration": lambda _world, _pool: [],
    "config": _pool_config,
    "owner": lambda world, pool: refer(world, pool.parent),
    "resourcePool": lambda _world, _pool: [],
    "runtime": _pool_runtime,
    "summary": _pool_summary,
    "vm": lambda world, pool: [refer(world, vm.moid) for vm in world.all(Vm) if vm.pool == pool.moid],
}
