"""Records of clusters, sizes and alarms: the traps of their units, subtypes and optional parts."""

from typing import Any

import pytest

from vhealthd.inventory import Need
from vhealthd.model import ClusterFailover, ClusterIssue, HostFdm, MoRef, NumaNode, Reserve, VmDemand
from vhealthd.vcenter import alarms
from vhealthd.vcenter.records.alarms import ALARM_FACETS
from vhealthd.vcenter.records.clusters import CLUSTER_FACETS
from vhealthd.vcenter.records.compute import COMPUTE_FACETS

MAKE = {facet.need: facet.make for facet in (*ALARM_FACETS, *CLUSTER_FACETS, *COMPUTE_FACETS)}
MIB = 2**20


def failover(policy: dict[str, Any] | None, info: dict[str, Any] | None = None, **summary: int) -> ClusterFailover:
    das = {"enabled": True, "admissionControlEnabled": True, "admissionControlPolicy": policy}
    made = MAKE[Need.CLUSTER_FAILOVER](
        {"configurationEx": {"dasConfig": das}, "summary": {"admissionControlInfo": info, **summary}}
    )
    assert isinstance(made, ClusterFailover)
    return made


@pytest.mark.parametrize("need", [one for one in MAKE if one is not Need.HOST_SIZE and one is not Need.CLUSTER_ISSUES])
def test_an_object_that_tells_nothing_has_no_facet(need: Need) -> None:
    assert MAKE[need]({}) is None


def test_effective_memory_is_in_mb() -> None:
    made = failover(None, effectiveCpu=1000, effectiveMemory=3)
    assert (made.effective_cpu, made.effective_memory, made.reserves) == (1000, 3 * MIB, ())


def test_a_level_falls_back_to_the_summary() -> None:
    policy = {"_typeName": "ClusterFailoverLevelAdmissionControlPolicy", "failoverLevel": 2}
    assert failover(policy, currentFailoverLevel=1).reserves == (
        Reserve(kind="host-failures", configured=2, current=1),
    )
    assert failover(policy, {"currentFailoverLevel": 0}, currentFailoverLevel=1).reserves[0].current == 0
    assert failover(policy).reserves[0].current is None


def test_dedicated_hosts_are_ready_unless_red_or_unknown() -> None:
    policy = {"_typeName": "ClusterFailoverHostAdmissionControlPolicy", "failoverHosts": [{}, {}, {}, {}]}
    states = [{"status": status} for status in ("green", "yellow", "red", "gray")]
    assert failover(policy, {"hostStatus": states}).reserves == (
        Reserve(kind="failover-hosts", configured=4, current=2),
    )
    assert failover(policy, {}).reserves[0].current == 0
    assert failover(policy).reserves[0].current is None


def test_a_policy_of_a_later_release_has_no_reserves() -> None:
    assert failover({"_typeName": "ClusterFailoverByMagicPolicy"}).reserves == ()


def test_complaints_are_named_by_their_event() -> None:
    events = [
        {"_typeName": "EventEx", "eventTypeId": "com.vmware.x", "fullFormattedMessage": "50%25 is left"},
        {"_typeName": "DasHostFailedEvent"},
    ]
    assert MAKE[Need.CLUSTER_ISSUES]({"configIssue": events}) == (
        ClusterIssue(type="com.vmware.x", message="50% is left"),
        ClusterIssue(type="DasHostFailedEvent", message=""),
    )
    assert MAKE[Need.CLUSTER_ISSUES]({}) == ()


def test_the_agent_of_a_host() -> None:
    assert MAKE[Need.HOST_FDM]({"runtime.dasHostState": {"state": "master"}}) == HostFdm(state="master")
    assert MAKE[Need.HOST_FDM]({"runtime.dasHostState": None}) is None


def test_nodes_list_threads_and_are_counted_in_cores() -> None:
    cpu = {"numCpuCores": 8, "numCpuThreads": 16}
    nodes = [{"cpuID": list(range(8)), "memoryRangeLength": 7}, {"cpuID": list(range(8, 16)), "memorySize": 9}]
    made = MAKE[Need.HOST_NUMA]({"hardware.numaInfo": {"numNodes": 2, "numaNode": nodes}, "hardware.cpuInfo": cpu})
    assert made == (NumaNode(cores=4, memory=7), NumaNode(cores=4, memory=9))
    assert MAKE[Need.HOST_NUMA]({"hardware.numaInfo": {"numNodes": 0}, "hardware.cpuInfo": cpu}) == ()


def test_demand_falls_back_to_usage() -> None:
    stats = "summary.quickStats"
    given = {f"{stats}.overallCpuUsage": 5, f"{stats}.hostMemoryUsage": 2, "config.memoryAllocation.reservation": 3}
    assert MAKE[Need.VM_DEMAND](given) == VmDemand(
        cpu_reservation=None, cpu_demand=5, memory_reservation=3 * MIB, memory_demand=2 * MIB
    )
    made = MAKE[Need.VM_DEMAND]({**given, f"{stats}.overallCpuDemand": 0})
    assert isinstance(made, VmDemand)
    assert made.cpu_demand == 0


# --- alarms ---------------------------------------------------------------------------------------------------------

ROOT, ALARM = MoRef("Folder", "group-d1"), MoRef("Alarm", "alarm-1")


def _ref(ref: MoRef) -> dict[str, str]:
    return {"_typeName": "ManagedObjectReference", "type": ref.type, "value": ref.value}


def _state(status: str | None = "yellow", **more: object) -> dict[str, Any]:
    return {"entity": _ref(ROOT), "alarm": _ref(ALARM), "overallStatus": status, **more}


def test_of_one_alarm_on_one_object_the_worst_state_counts() -> None:
    states = (_state("gray"), _state("yellow"), _state("red", acknowledged=True), _state(None))
    (found,) = alarms._alarms(states, {ROOT: None}, {ALARM: ("Odd", "alarm.Odd")})
    assert (found.status, found.acknowledged, found.name, found.entity) == ("red", True, "Odd", None)


def test_states_that_name_nothing_are_left_out() -> None:
    states: tuple[dict[str, Any], ...] = ({}, {"entity": _ref(ROOT)}, _state(entity=_ref(MoRef("Folder", "elsewhere"))))
    assert alarms._alarms(states, {ROOT: None}, {}) == ()


def test_disabled_alarms_do_not_stand() -> None:
    assert alarms._triggered_states({"triggeredAlarmState": [_state(disabled=True)]}) == ()
    assert alarms._triggered_states({}) == ()
