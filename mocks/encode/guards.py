"""Admission control, complaints of clusters and definitions of alarms as VI JSON."""

from mocks.encode.value import Encoders, Tree, data, refer, reference, timestamp, wire_name
from mocks.guards import Alarm
from mocks.world import Cluster, World

ROOT = "group-d1"


def admission_policy(world: World, cluster: Cluster) -> Tree:
    """Encode what a cluster is to keep free: hosts that may fail, shares, or hosts of their own."""
    one, reduction = cluster.admission, 100
    if one.policy == "level":
        return data(
            "ClusterFailoverLevelAdmissionControlPolicy",
            resourceReductionToToleratePercent=reduction,
            failoverLevel=one.level,
        )
    if one.policy == "hosts":
        return data(
            "ClusterFailoverHostAdmissionControlPolicy",
            resourceReductionToToleratePercent=reduction,
            failoverHosts=[refer(world, moid) for moid, _ in one.hosts],
            failoverLevel=one.level,
        )
    return data(
        "ClusterFailoverResourcesAdmissionControlPolicy",
        resourceReductionToToleratePercent=reduction,
        failoverLevel=one.level,
        autoComputePercentages=True,
        cpuFailoverResourcesPercent=one.percents[0],
        memoryFailoverResourcesPercent=one.percents[1],
    )


def admission_info(world: World, cluster: Cluster) -> Tree | None:
    """Encode what is free now, which vCenter says only while admission control works."""
    one = cluster.admission
    if not (cluster.ha and one.enabled):
        return None
    if one.policy == "level":
        return data("ClusterFailoverLevelAdmissionControlInfo", currentFailoverLevel=one.level_now)
    if one.policy == "hosts":
        states = [
            data("ClusterFailoverHostAdmissionControlInfoHostStatus", host=refer(world, moid), status=status)
            for moid, status in one.hosts
        ]
        return data("ClusterFailoverHostAdmissionControlInfo", hostStatus=states)
    return data(
        "ClusterFailoverResourcesAdmissionControlInfo",
        currentCpuFailoverResourcesPercent=one.percents_now[0],
        currentMemoryFailoverResourcesPercent=one.percents_now[1],
    )


def issues(world: World, cluster: Cluster) -> list[Tree]:
    """Encode the events of `configIssue`; a type with dots is that of an extended event."""
    return [_issue(world, number, kind, message) for number, (kind, message) in enumerate(cluster.issues)]


def _issue(world: World, number: int, kind: str, message: str) -> Tree:
    return data(
        "EventEx" if "." in kind else kind,
        key=9000 + number,
        chainId=9000 + number,
        createdTime=timestamp(world.now),
        userName="",
        fullFormattedMessage=message,
        eventTypeId=kind if "." in kind else None,
    )


def _info(world: World, alarm: Alarm) -> Tree:
    expression = data(
        "StateAlarmExpression",
        operator="isEqual",
        type=alarm.watches,
        statePath="overallStatus",
        yellow="yellow",
        red="red",
    )
    return data(
        "AlarmInfo",
        name=wire_name(alarm.name),
        systemName=alarm.system_name,
        description=f"Alarm to monitor: {alarm.name}",
        enabled=True,
        expression=data("OrAlarmExpression", expression=[expression]),
        actionFrequency=0,
        setting=data("AlarmSetting", toleranceRange=0, reportingFrequency=300),
        key=alarm.moid,
        alarm=reference("Alarm", alarm.moid),
        entity=reference("Folder", ROOT),
        lastModifiedTime=timestamp(world.now),
        lastModifiedUser="",
        creationEventId=0,
    )


ALARM: Encoders = {
    "availableField": lambda _world, _alarm: [],
    "info": _info,
    "value": lambda _world, _alarm: [],
}
