"""Facets of clusters: how high availability and DRS are set up, what they complain of, what a failover has room for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """How vSphere HA and DRS are set in one cluster; None where vCenter does not say."""

    ha: bool | None
    host_monitoring: str | None  # enabled | disabled
    drs: bool | None
    drs_behavior: str | None  # fullyAutomated | partiallyAutomated | manual; set even while DRS is off


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterIssue:
    """Something that vCenter itself finds wrong in a cluster's configuration. `type` is the event's."""

    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """What admission control is to keep free, and what is free now; None where vCenter does not say."""

    kind: str  # host-failures | failover-hosts (both are counts) | cpu-percent | memory-percent
    configured: int
    current: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFailover:
    """Admission control of one cluster, and its capacity for virtual machines in MHz and bytes.

    `reserves` is empty for a policy that is not known here. The capacity leaves out hosts in maintenance mode and what
    the hypervisor keeps for itself.
    """

    ha: bool | None
    admission_control: bool | None
    reserves: tuple[Reserve, ...]
    effective_cpu: int | None
    effective_memory: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFdm:
    """The agent of vSphere HA on one host (Fault Domain Manager)."""

    state: str  # master | connectedToMaster | networkPartitionedFromMaster | fdmUnreachable | hostDown | election ...
