from collections.abc import Mapping

import pytest

from tests.builders import CLUSTER, GIB, LATE, Case, Says, entity, findings, host, says, verdicts, vm
from tests.builders_clusters import demand, estate, failover, percents, usage
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import (
    ClusterFailover,
    Host,
    HostUsage,
    NotExamined,
    Outcome,
    Reserve,
    Unseen,
    VirtualMachine,
    VmDemand,
)
from vhealthd.wording import english

SLUG = "ha-failover-capacity"

A, B, C = host("esx01"), host("esx02"), host("esx03")
AWAY = host("esx04", connection_state="notResponding")
RESTING = host("esx05", in_maintenance_mode=True)
THREE: Mapping[Host, HostUsage | Unseen] = {A: usage(), B: usage(), C: usage()}
ONE_WORKS = failover(effective_cpu=970, effective_memory=97 * GIB)
WEB = vm(on=A)
EMPTY, UNREAD = entity("ClusterComputeResource", "empty"), entity("ClusterComputeResource", "unread")
FINE = Says(examined={"prod"})


def _cluster(
    given: ClusterFailover | Unseen | None = None,
    *,
    hosts: Mapping[Host, HostUsage | Unseen] = THREE,
    vms: Mapping[VirtualMachine, VmDemand | Unseen] | None = None,
) -> Inventory:
    machines = {WEB: demand()} if vms is None else vms
    return estate(
        {Need.CLUSTER_FAILOVER: {CLUSTER: given or failover()}, Need.VM_DEMAND: machines},
        hosts=hosts,
        vms=machines,
        host_usage=hosts,
    )


def _needs(cpu: int = 0, memory: int = 0, **reserved: int) -> Inventory:
    """Return three hosts of 1000 MHz and 100 GB, which without one are 2000 MHz and 200 GB."""
    return _cluster(vms={WEB: demand(cpu, memory, **reserved)})


def _says(*finds: tuple[str, str]) -> Says:
    return Says(finds={(severity, "prod", key) for severity, key in finds}, examined={"prod"})


def _missing(*rules: str) -> Says:
    return Says(examined={"prod"}, missed={("prod", rule) for rule in rules})


def _counts(kind: str, configured: int, current: int | None) -> ClusterFailover:
    return failover(reserves=(Reserve(kind=kind, configured=configured, current=current),))


CASES = [
    Case("room enough", _cluster(), FINE),
    Case("no machine runs", _cluster(vms={}), FINE),
    # admission control
    Case(
        "admission control off warns",
        _cluster(failover(admission_control=False)),
        _says(("warning", "admission-control")),
    ),
    Case(
        "what it left while it was on is no matter",
        _cluster(failover(admission_control=False, reserves=percents(1, 1))),
        _says(("warning", "admission-control")),
    ),
    Case("exactly what is set is fine", _cluster(failover(reserves=percents(25, 25))), FINE),
    Case(
        "less CPU than is set is critical",
        _cluster(failover(reserves=percents(24, 25))),
        _says(("critical", "cpu-percent")),
    ),
    Case(
        "less memory than is set is critical",
        _cluster(failover(reserves=percents(25, 24))),
        _says(("critical", "memory-percent")),
    ),
    Case("one host may fail, one is set", _cluster(_counts("host-failures", 1, 1)), FINE),
    Case("none may fail, one is set", _cluster(_counts("host-failures", 1, 0)), _says(("critical", "host-failures"))),
    Case("both dedicated hosts stand ready", _cluster(_counts("failover-hosts", 2, 2)), FINE),
    Case("one of two stands ready", _cluster(_counts("failover-hosts", 2, 1)), _says(("critical", "failover-hosts"))),
    Case("a level that is not told", _cluster(_counts("host-failures", 1, None)), _missing("host-failures")),
    Case("shares that are not told", _cluster(failover(reserves=percents(None, 50))), _missing("cpu-percent")),
    Case("a policy of a later release", _cluster(failover(reserves=())), _missing("admission-control")),
    Case("a switch that is not told", _cluster(failover(admission_control=None)), _missing("admission-control")),
    Case(
        "without the rule of admission control",
        _cluster(failover(admission_control=False)),
        FINE,
        {"admission_control": False},
    ),
    # our own reckoning
    Case("10 % to spare is fine", _needs(1800, 180 * GIB), FINE),
    Case("less CPU to spare warns", _needs(1801), _says(("warning", "n-1 cpu"))),
    Case("less memory to spare warns", _needs(0, 180 * GIB + 1), _says(("warning", "n-1 memory"))),
    Case("what just fits warns", _needs(2000, 200 * GIB), _says(("warning", "n-1 cpu"), ("warning", "n-1 memory"))),
    Case(
        "what does not fit is critical",
        _needs(2001, 200 * GIB + 1),
        _says(("critical", "n-1 cpu"), ("critical", "n-1 memory")),
    ),
    Case("a reservation counts where it is more", _needs(10, cpu_reservation=2001), _says(("critical", "n-1 cpu"))),
    Case(
        "so does one of memory",
        _needs(0, 10 * GIB, memory_reservation=201 * GIB),
        _says(("critical", "n-1 memory")),
    ),
    Case("it is not added to what is used", _needs(1500, cpu_reservation=1500), FINE),
    Case("nor is that of memory", _needs(0, 150 * GIB, memory_reservation=150 * GIB), FINE),
    Case(
        "the larger counts for each machine by itself",
        _cluster(vms={WEB: demand(1100, 0), vm("b", on=B): demand(10, 0, cpu_reservation=1000)}),
        _says(("critical", "n-1 cpu")),
    ),
    Case("a machine that is off needs nothing", _cluster(vms={vm(on=A, power_state="poweredOff"): demand(9000)}), FINE),
    Case("nor does one elsewhere", _cluster(vms={vm(on=host("other", cluster=None)): demand(9000)}), FINE),
    Case(
        "the figures of a host that is away are old",
        _cluster(hosts={**THREE, AWAY: usage()}, vms={vm(on=AWAY): demand(9000)}),
        FINE,
    ),
    Case(
        "a machine that has yet to leave a host in maintenance needs room elsewhere",
        _cluster(hosts={**THREE, RESTING: usage(9000)}, vms={vm(on=RESTING): demand(2001, 0)}),
        _says(("critical", "n-1 cpu")),
    ),
    Case(
        "a host of another cluster gives nothing",
        _cluster(hosts={**THREE, host("other", cluster=UNREAD): usage(9000)}),
        FINE,
    ),
    Case(
        "a host belongs to the cluster whose reference it bears, whichever record holds that",
        estate(
            {Need.CLUSTER_FAILOVER: {CLUSTER: failover(admission_control=False)}},
            clusters=[entity("ClusterComputeResource", "prod")],
            hosts=THREE,
            host_usage=THREE,
        ),
        _says(("warning", "admission-control")),
    ),
    Case(
        "the largest host is the one that fails",
        _cluster(hosts={A: usage(2000), B: usage(500), C: usage(500)}, vms={WEB: demand(1001, 0)}),
        _says(("critical", "n-1 cpu")),
    ),
    Case(
        "with one working host of two not even the smallest machine can fail over",
        _cluster(ONE_WORKS, hosts={A: usage(), RESTING: usage()}, vms={WEB: demand(1, 1)}),
        _says(("critical", "n-1 cpu"), ("critical", "n-1 memory")),
    ),
    Case("none has to where none runs", _cluster(ONE_WORKS, hosts={A: usage(), RESTING: usage()}, vms={}), FINE),
    Case(
        "a machine whose needs are not told is left out",
        _cluster(vms={WEB: LATE, vm("b", on=B): demand(2001, 0)}),
        Says(finds={("critical", "prod", "n-1 cpu")}, examined={"prod"}, missed={("web01", "demand")}),
    ),
    Case(
        "needs that are told by half",
        _cluster(vms={WEB: demand(None, None, cpu_reservation=2001)}),
        _says(("critical", "n-1 cpu")),
    ),
    Case(
        "what is not told of one machine adds nothing to what the others need",
        _cluster(
            vms={
                WEB: demand(1800, 180 * GIB),
                vm("b", on=B): demand(None, None, cpu_reservation=None, memory_reservation=None),
            }
        ),
        FINE,
    ),
    Case("without capacities of CPU", _cluster(hosts={**THREE, B: usage(None)}), _missing("n-1 cpu")),
    Case("without capacities of memory", _cluster(hosts={**THREE, B: usage(1000, None)}), _missing("n-1 memory")),
    Case(
        "memory is judged without capacities of CPU",
        _cluster(hosts={**THREE, B: usage(None)}, vms={WEB: demand(0, 201 * GIB)}),
        Says(finds={("critical", "prod", "n-1 memory")}, examined={"prod"}, missed={("prod", "n-1 cpu")}),
    ),
    Case(
        "a host that was not read may be the largest",
        _cluster(hosts={**THREE, B: LATE}),
        _missing("n-1 cpu", "n-1 memory"),
    ),
    Case("an effective capacity of zero", _cluster(failover(effective_cpu=0)), _missing("n-1 cpu")),
    Case("none that works", _cluster(hosts={AWAY: usage(), RESTING: usage()}), _missing("n-1 cpu", "n-1 memory")),
    Case("the margin is configurable", _needs(1801), FINE, {"warning_spare_percent": 5}),
    Case("without a margin what just fits is fine", _needs(2000, 200 * GIB), FINE, {"warning_spare_percent": 0}),
    Case(
        "without a margin what does not fit is critical",
        _needs(2001, 200 * GIB + 1),
        _says(("critical", "n-1 cpu"), ("critical", "n-1 memory")),
        {"warning_spare_percent": 0},
    ),
    # clusters that are not judged
    Case("without HA nothing is kept free", _cluster(failover(ha=False)), Says(missed={("prod", None)})),
    Case("whether there is HA is not told", _cluster(failover(ha=None)), Says(missed={("prod", None)})),
    Case("what was not read", _cluster(LATE), Says(missed={("prod", None)})),
    Case("a cluster of one host", _cluster(hosts={A: usage()}), Says(missed={("prod", None)})),
    Case("an empty cluster is no matter", _cluster(hosts={}), Says()),
    Case(
        "clusters that are not judged hide none that follows",
        estate(
            {Need.CLUSTER_FAILOVER: {UNREAD: LATE, CLUSTER: failover(admission_control=False)}},
            clusters=(EMPTY, UNREAD, CLUSTER),
            hosts=(host("u1", cluster=UNREAD), host("u2", cluster=UNREAD), *THREE),
            host_usage=THREE,
        ),
        Says(finds={("warning", "prod", "admission-control")}, examined={"prod"}, missed={("unread", None)}),
    ),
    Case("nothing is there", estate({}, clusters=()), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ha_failover_capacity(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("given", "outcome", "reason"),
    [
        (_cluster(failover(ha=False)), Outcome.SKIPPED, "vSphere HA is off, which cluster-ha-drs reports"),
        (_cluster(failover(ha=None)), Outcome.UNKNOWN, "vCenter does not say how it is set, or how much is left"),
        (
            _cluster(hosts={A: usage()}),
            Outcome.SKIPPED,
            "the cluster has one host, so there is nowhere to fail over to",
        ),
    ],
)
def test_only_what_is_not_told_is_anybodys_fault(given: Inventory, outcome: Outcome, reason: str) -> None:
    (missed,) = verdicts(SLUG, given)
    assert isinstance(missed, NotExamined)
    assert (missed.why.outcome, english(missed.why.reason)) == (outcome, reason)


def test_the_text_names_room_need_and_limit() -> None:
    (found,) = findings(SLUG, _needs(0, 190 * GIB))
    assert english(found.text) == (
        "Without its largest host the cluster has 200.0 GB of memory; its virtual machines need 190.0 GB, and 10 % are "
        "to be spare"
    )


def test_the_text_names_what_is_set() -> None:
    (found,) = findings(SLUG, _cluster(failover(reserves=percents(10, 50))))
    assert english(found.text) == "For a failover 10 % of the CPU is left, and 25 % is set"
