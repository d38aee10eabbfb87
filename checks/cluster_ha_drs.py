"""cluster-ha-drs: whether vSphere HA and DRS protect the clusters."""

from collections import Counter
from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    ClusterIssue,
    ClusterSettings,
    Entity,
    Examined,
    Finding,
    Host,
    HostFdm,
    Message,
    MoRef,
    NotExamined,
    Outcome,
    Severity,
    Unseen,
    Verdict,
)

HA_OFF = Message("cluster-ha-drs.ha-off", "vSphere HA is off, so nothing restarts the machines of a host that fails")
NOT_MONITORED = Message(
    "cluster-ha-drs.not-monitored", "vSphere HA is on, but host monitoring is {host_monitoring}: no host is watched"
)
DRS_OFF = Message("cluster-ha-drs.drs-off", "DRS is off, so load is not spread over the hosts")
BY_HAND = Message(
    "cluster-ha-drs.by-hand", "DRS is on, but not fully automated ({drs_behavior}): somebody must apply what it advises"
)
ISSUE = Message("cluster-ha-drs.issue", "vCenter reports: {issue}")
ISSUES = Message("cluster-ha-drs.issues", ISSUE.english + " (and {more} more of this kind)")
AGENT = Message(
    "cluster-ha-drs.agent",
    "The agent of vSphere HA is in state {state}; in a healthy cluster it is master or connectedToMaster",
)
ONE_HOST = Message("cluster-ha-drs.one-host", "the cluster has one host, so there is nowhere to fail over to")
NOT_TOLD = Message("cluster-ha-drs.not-told", "vCenter does not say how it is set")
NOT_CONNECTED = Message("cluster-ha-drs.not-connected", "the host is not connected ({connection_state})")

HEALTHY = frozenset({"master", "connectedToMaster"})
LOST = frozenset({"networkPartitionedFromMaster", "fdmUnreachable", "hostDown"})


class ClusterHaDrsLimits(Limits):
    """Which of the rules apply."""

    host_monitoring: bool = Field(
        default=True, description="Judge whether vSphere HA watches the hosts, where it is on"
    )
    drs: bool = Field(default=True, description="Judge whether DRS is on and fully automated")
    config_issues: bool = Field(
        default=True, description="Report what vCenter itself finds wrong in a cluster's configuration"
    )


@check(
    title="Cluster HA and DRS",
    category=Category.INFRASTRUCTURE,
    needs={Need.CLUSTERS, Need.HOSTS, Need.CLUSTER_SETTINGS, Need.CLUSTER_ISSUES, Need.HOST_FDM},
    limits=ClusterHaDrsLimits,
    what="Whether vSphere HA is on in every cluster of two hosts or more and watches the hosts, whether its agent on "
    "each host has found the others, whether DRS is on and fully automated, and what vCenter itself reports as wrong "
    "in the configuration of a cluster.",
    why="Without vSphere HA the machines of a failed host stay down until somebody starts them elsewhere. An agent "
    "that does not see the others protects nothing, though vSphere HA looks to be on.",
    fix="Switch vSphere HA on with host monitoring, and DRS on in fully automated mode; host monitoring is often left "
    "off after work on the network. For an agent in a wrong state check the management network of the host, then "
    "reconfigure it for vSphere HA. Mute clusters that are meant to be without.",
    blind_spots="Whether enough capacity is left for a failover is judged by ha-failover-capacity. Exceptions for "
    "single virtual machines, rules, and Proactive HA are not seen. Hosts in maintenance mode have no agent.",
)
def cluster_ha_drs(inventory: Inventory, limits: ClusterHaDrsLimits) -> Iterator[Verdict]:
    """Judge each cluster of two hosts or more, then the agents on the hosts of those with vSphere HA."""
    members = Counter(host.cluster.ref for host in inventory.hosts if host.cluster)
    protected: set[MoRef] = set()
    for cluster in inventory.clusters:
        settings, mine = inventory.cluster_settings[cluster.ref], limits.for_object(cluster)
        if members[cluster.ref] < 2:  # noqa: PLR2004 - a cluster of one has nowhere to fail over to
            if members[cluster.ref]:
                yield NotExamined(cluster, Unseen(ONE_HOST(), Outcome.SKIPPED))
            continue
        if isinstance(settings, Unseen):
            yield NotExamined(cluster, settings)
            continue
        yield Examined(cluster)
        if settings.ha:
            protected.add(cluster.ref)
        yield from _ha(cluster, settings, mine)
        if mine.drs:
            yield from _drs(cluster, settings)
        if mine.config_issues:
            yield from _issues(cluster, inventory.cluster_issues[cluster.ref])
    for host in inventory.hosts:
        if host.cluster and host.cluster.ref in protected and not host.in_maintenance_mode:
            yield from _agent(host, inventory.host_fdm[host.ref])


def _ha(cluster: Entity, settings: ClusterSettings, limits: ClusterHaDrsLimits) -> Iterator[Verdict]:
    if settings.ha is None:
        yield NotExamined(cluster, Unseen(NOT_TOLD()), rule="ha")
    elif not settings.ha:
        yield Finding(Severity.CRITICAL, cluster, HA_OFF(), "ha")
    elif limits.host_monitoring and settings.host_monitoring is None:
        yield NotExamined(cluster, Unseen(NOT_TOLD()), rule="host-monitoring")
    elif limits.host_monitoring and settings.host_monitoring != "enabled":
        text = NOT_MONITORED(host_monitoring=settings.host_monitoring)
        yield Finding(Severity.WARNING, cluster, text, "host-monitoring")


def _drs(cluster: Entity, settings: ClusterSettings) -> Iterator[Verdict]:
    """Look at the switch first: the behaviour is set even while DRS is off."""
    if settings.drs is None or (settings.drs and settings.drs_behavior is None):
        yield NotExamined(cluster, Unseen(NOT_TOLD()), rule="drs")
    elif not settings.drs:
        yield Finding(Severity.WARNING, cluster, DRS_OFF(), "drs")
    elif settings.drs_behavior != "fullyAutomated":
        yield Finding(Severity.WARNING, cluster, BY_HAND(drs_behavior=settings.drs_behavior), "drs")


def _issues(cluster: Entity, issues: tuple[ClusterIssue, ...] | Unseen) -> Iterator[Verdict]:
    if isinstance(issues, Unseen):
        yield NotExamined(cluster, issues, rule="config-issues", hides_all=True)
        return
    for kind, count in sorted(Counter(one.type for one in issues).items()):
        first = next(one for one in issues if one.type == kind)
        issue = first.message.rstrip(".") or kind
        text = ISSUE(issue=issue) if count == 1 else ISSUES(issue=issue, more=count - 1)
        yield Finding(Severity.WARNING, cluster, text, f"config-issue {kind}")


def _agent(host: Host, fdm: HostFdm | Unseen) -> Iterator[Verdict]:
    if not host.connected:
        yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))
    elif isinstance(fdm, Unseen):
        yield NotExamined(host, fdm)
    else:
        yield Examined(host)
        if fdm.state not in HEALTHY:
            severity = Severity.CRITICAL if fdm.state in LOST else Severity.WARNING
            yield Finding(severity, host, AGENT(state=fdm.state))
