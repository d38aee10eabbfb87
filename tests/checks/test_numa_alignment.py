from collections.abc import Mapping

import pytest

from tests.builders import BYSTANDERS, FORBIDDEN, GIB, LATE, Case, Says, findings, host, says, verdicts, vm
from tests.builders_clusters import estate, nodes, size, topology
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Host, NotExamined, NumaNode, Unseen, VmSize, VmTopology
from vhealthd.wording import english

SLUG = "numa-alignment"

A = host()
HOT = topology(cpu_hot_add=True)
FINE = Says(examined={"web01"})
UNREAD, WEB = vm("db01", on=A), vm(on=A)


def _vm(
    cpus: int = 2,
    memory: int = GIB,
    shape: VmTopology | Unseen | None = None,
    *,
    on: Mapping[Host, tuple[NumaNode, ...] | Unseen] | None = None,
) -> Inventory:
    """Return a machine on a host with two nodes of 16 cores and 128 GB."""
    return _judged(size(cpus, memory), shape or topology(), on=on)


def _judged(
    given: VmSize | Unseen,
    shape: VmTopology | Unseen,
    *,
    on: Mapping[Host, tuple[NumaNode, ...] | Unseen] | None = None,
) -> Inventory:
    hosts = {A: nodes()} if on is None else on
    web = vm(on=next(iter(hosts)))
    facets: dict[Need, object] = {Need.HOST_NUMA: hosts, Need.VM_SIZE: {web: given}, Need.VM_TOPOLOGY: {web: shape}}
    return estate(facets, hosts=hosts, vms=[web])


def _says(severity: str, *keys: str) -> Says:
    return Says(finds={(severity, "web01", key) for key in keys}, examined={"web01"})


CASES = [
    Case("a small machine", _vm(), FINE),
    Case("it fits exactly", _vm(16, 128 * GIB), FINE),
    Case("a wide one shows its nodes evenly", _vm(32), FINE),
    # CPU hot-add
    Case("a wide one that hides them warns", _vm(32, shape=HOT), _says("warning", "hot-add")),
    Case("a small one may have hot-add", _vm(4, shape=HOT), FINE),
    Case("so may one of 8 that fits", _vm(8, shape=HOT), FINE),
    Case("and one as large as a small node", _vm(4, shape=HOT, on={A: nodes(cores=4)}), FINE),
    Case("above 8 it warns though it fits", _vm(9, shape=HOT), _says("warning", "hot-add")),
    Case(
        "a wide one of 8 on small nodes warns",
        _vm(8, shape=HOT, on={A: nodes(cores=4)}),
        _says("warning", "hot-add"),
    ),
    Case(
        "with hardware 20 both are possible", _vm(32, shape=topology(cpu_hot_add=True, vnuma_with_hot_add=True)), FINE
    ),
    Case(
        "an older release does not tell of that",
        _vm(32, shape=topology(cpu_hot_add=True, vnuma_with_hot_add=None)),
        _says("warning", "hot-add"),
    ),
    Case("hot-add that is not told is off", _vm(32, shape=topology(cpu_hot_add=None)), FINE),
    Case("the width is configurable", _vm(12, shape=HOT), FINE, {"warning_cpus": 12}),
    # memory
    Case("more memory than a node warns", _vm(2, 128 * GIB + 1), _says("warning", "memory")),
    Case("both", _vm(32, 200 * GIB, HOT), _says("warning", "memory", "hot-add")),
    Case("without the rule of memory", _vm(2, 200 * GIB), FINE, {"memory": False}),
    Case("a node whose memory is not told", _vm(2, 200 * GIB, on={A: nodes(memory=0)}), FINE),
    # even halves
    Case("17 do not divide by two", _vm(17), _says("info", "split")),
    Case("18 do", _vm(18), FINE),
    Case("an odd one that fits is fine", _vm(15), FINE),
    Case(
        "a socket of 24 lies on two nodes",
        _vm(24, shape=topology(cores_per_socket=24, sockets_by_hand=True)),
        _says("info", "split"),
    ),
    Case(
        "sockets of 8 do not divide 12",
        _vm(24, shape=topology(cores_per_socket=8, sockets_by_hand=True)),
        _says("info", "split"),
    ),
    Case("sockets of 6 do", _vm(24, shape=topology(cores_per_socket=6, sockets_by_hand=True)), FINE),
    Case("so do sockets of 12", _vm(24, shape=topology(cores_per_socket=12, sockets_by_hand=True)), FINE),
    Case("sockets that vSphere chose", _vm(24, shape=topology(cores_per_socket=24)), FINE),
    Case("sockets of one that fits", _vm(12, shape=topology(cores_per_socket=5, sockets_by_hand=True)), FINE),
    Case("nodes by hand larger than the host's", _vm(24, shape=topology(cores_per_node=24)), _says("info", "split")),
    Case("nodes by hand that leave a rest", _vm(24, shape=topology(cores_per_node=10)), _says("info", "split")),
    Case("nodes by hand as large as the host's", _vm(32, shape=topology(cores_per_node=16)), FINE),
    Case("nodes by hand that match", _vm(24, shape=topology(cores_per_node=12)), FINE),
    Case("without the rule of even halves", _vm(17), FINE, {"even_split": False}),
    Case("a host may have four nodes", _vm(64, on={A: nodes(4)}), FINE),
    # what is not judged
    Case(
        "a host with one node is skipped once",
        _vm(64, 999 * GIB, HOT, on={A: nodes(1)}),
        Says(missed={("esx01", None)}),
    ),
    Case("a host that tells of no nodes too", _vm(64, on={A: ()}), Says(missed={("esx01", None)})),
    Case(
        "one whose nodes list no cores tells nothing of them",
        _vm(64, 999 * GIB, HOT, on={A: nodes(cores=0)}),
        Says(missed={("esx01", None)}),
    ),
    Case("a host that was not read", _vm(64, on={A: LATE}), Says(missed={("esx01", None)})),
    Case(
        "a host that is away",
        _vm(64, on={host("esx02", connection_state="notResponding"): nodes()}),
        Says(missed={("esx02", None)}),
    ),
    Case("sizes that were not read", _judged(LATE, topology()), Says(missed={("web01", None)})),
    Case("a topology that may not be read", _judged(size(), FORBIDDEN), Says(missed={("web01", None)})),
    Case(
        "a machine that is off",
        estate({Need.HOST_NUMA: {A: nodes()}}, hosts=[A], vms=[vm(on=A, power_state="poweredOff")]),
        Says(),
    ),
    Case("one without a host", estate({Need.HOST_NUMA: {A: nodes()}}, hosts=[A], vms=[vm()]), Says()),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        estate(
            {
                Need.HOST_NUMA: {A: nodes()},
                Need.VM_SIZE: dict.fromkeys(BYSTANDERS, size(99, 999 * GIB)),
                Need.VM_TOPOLOGY: dict.fromkeys(BYSTANDERS, HOT),
            },
            hosts=[A],
            vms=BYSTANDERS,
        ),
        Says(),
    ),
    Case(
        "machines are judged apart from those before them",
        estate(
            {
                Need.HOST_NUMA: {A: nodes()},
                Need.VM_SIZE: {UNREAD: LATE, WEB: size(17)},
                Need.VM_TOPOLOGY: dict.fromkeys((UNREAD, WEB), topology()),
            },
            hosts=[A],
            vms=[*BYSTANDERS, UNREAD, WEB],
        ),
        Says(finds={("info", "web01", "split")}, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", estate({}, clusters=()), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numa_alignment(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_texts_name_machine_and_node() -> None:
    said = {one.key: english(one.text) for one in findings(SLUG, _vm(33, 200 * GIB, HOT))}
    assert said == {
        "hot-add": "CPU hot-add hides the NUMA nodes from the guest: 33 virtual CPUs, and a node of the host has 16 "
        "cores; above 8 virtual CPUs, or above one node, the guest should see them",
        "memory": "The memory does not fit into one NUMA node: 200.0 GB are configured, a node of the host has 128.0 "
        "GB",
    }


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            _vm(34),
            (
                "34 virtual CPUs cannot be spread evenly over the 3 NUMA nodes that they need (a node of the host has "
                "16 cores)"
            ),
        ),
        (
            _vm(24, shape=topology(cores_per_socket=8, sockets_by_hand=True)),
            (
                "8 cores per socket, set by hand, do not divide the 12 virtual CPUs of each NUMA node (24 virtual CPUs "
                "over 2 nodes)"
            ),
        ),
        (
            _vm(24, shape=topology(cores_per_node=10)),
            (
                "10 cores per virtual NUMA node, set by hand, do not match the host, whose nodes have 16 cores (24 "
                "virtual CPUs)"
            ),
        ),
    ],
)
def test_the_text_tells_what_does_not_divide(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text


@pytest.mark.parametrize(
    ("given", "why"),
    [(_judged(LATE, topology()), LATE), (_judged(size(), FORBIDDEN), FORBIDDEN), (_judged(LATE, FORBIDDEN), LATE)],
)
def test_the_reason_is_that_of_the_part_that_was_not_read(given: Inventory, why: Unseen) -> None:
    (missed,) = (one for one in verdicts(SLUG, given) if isinstance(one, NotExamined))
    assert missed.why == why


def test_the_largest_node_counts() -> None:
    uneven = (NumaNode(cores=16, memory=120 * GIB), NumaNode(cores=16, memory=128 * GIB))
    assert not findings(SLUG, _vm(16, 125 * GIB, on={A: uneven}))
