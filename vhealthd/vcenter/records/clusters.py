"""Facets of clusters, and of the agents of vSphere HA on their hosts.

The settings and the summary of a cluster are fetched whole: what is of interest in them belongs to a subtype, and the
property collector refuses paths into those.
"""

from collections.abc import Iterator
from typing import Any

from vhealthd.inventory import Need
from vhealthd.model import ClusterFailover, ClusterIssue, ClusterSettings, HostFdm, Reserve
from vhealthd.vcenter.records.facet import MB, Facet, Props
from vhealthd.vcenter.wire import dig, display_name, each

APART = "clusters"


def _settings(props: Props) -> ClusterSettings | None:
    config = props.get("configurationEx")
    if config is None:
        return None
    return ClusterSettings(
        ha=dig(config, "dasConfig", "enabled"),
        host_monitoring=dig(config, "dasConfig", "hostMonitoring"),
        drs=dig(config, "drsConfig", "enabled"),
        drs_behavior=dig(config, "drsConfig", "defaultVmBehavior"),
    )


def _issues(props: Props) -> tuple[ClusterIssue, ...]:
    """Return the events, none where the property is unset; an extended event names its type in a field."""
    return tuple(
        ClusterIssue(
            type=str(one.get("eventTypeId") or one.get("_typeName") or "Event"),
            message=display_name(str(one.get("fullFormattedMessage") or one.get("message") or "")).strip(),
        )
        for one in each(props, "configIssue")
    )


def _failover(props: Props) -> ClusterFailover | None:
    config, summary = props.get("configurationEx"), props.get("summary")
    if config is None or summary is None:
        return None
    memory = dig(summary, "effectiveMemory")
    return ClusterFailover(
        ha=dig(config, "dasConfig", "enabled"),
        admission_control=dig(config, "dasConfig", "admissionControlEnabled"),
        reserves=tuple(_reserves(dig(config, "dasConfig", "admissionControlPolicy"), summary)),
        effective_cpu=dig(summary, "effectiveCpu"),
        effective_memory=None if memory is None else memory * MB,  # in MB, while totalMemory is in bytes
    )


def _reserves(policy: Any, summary: Any) -> Iterator[Reserve]:  # noqa: ANN401 - decoded JSON
    info = dig(summary, "admissionControlInfo")
    match dig(policy, "_typeName"):
        case "ClusterFailoverLevelAdmissionControlPolicy":
            now = dig(info, "currentFailoverLevel")
            now = dig(summary, "currentFailoverLevel") if now is None else now
            yield Reserve(kind="host-failures", configured=dig(policy, "failoverLevel") or 0, current=now)
        case "ClusterFailoverResourcesAdmissionControlPolicy":
            cpu, memory = dig(policy, "cpuFailoverResourcesPercent"), dig(policy, "memoryFailoverResourcesPercent")
            cpu_now = dig(info, "currentCpuFailoverResourcesPercent")
            memory_now = dig(info, "currentMemoryFailoverResourcesPercent")
            yield Reserve(kind="cpu-percent", configured=cpu or 0, current=cpu_now)
            yield Reserve(kind="memory-percent", configured=memory or 0, current=memory_now)
        case "ClusterFailoverHostAdmissionControlPolicy":
            # red: the host is not there for a failover; yellow: it is, though machines run on it already
            ready = sum(one.get("status") in {"green", "yellow"} for one in each(info, "hostStatus"))
            hosts = len(dig(policy, "failoverHosts") or ())
            yield Reserve(kind="failover-hosts", configured=hosts, current=None if info is None else ready)


def _fdm(props: Props) -> HostFdm | None:
    state = dig(props.get("runtime.dasHostState"), "state")
    return HostFdm(state=str(state)) if state else None


CLUSTER_FACETS = (
    Facet(Need.CLUSTER_SETTINGS, "ClusterComputeResource", ("configurationEx",), _settings, apart=APART),
    Facet(Need.CLUSTER_ISSUES, "ClusterComputeResource", ("configIssue",), _issues, apart=APART),
    Facet(Need.CLUSTER_FAILOVER, "ClusterComputeResource", ("configurationEx", "summary"), _failover, apart=APART),
    Facet(Need.HOST_FDM, "HostSystem", ("runtime.dasHostState",), _fdm),
)
