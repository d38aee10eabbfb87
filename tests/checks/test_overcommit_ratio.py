from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from tests.builders import CLUSTER, GIB, LATE, Case, Says, findings, host, load, says, verdicts, vm
from tests.builders_clusters import estate, size
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Host, HostSize, NotExamined, Unseen, VirtualMachine, VmSize
from vhealthd.wording import english

SLUG = "overcommit-ratio"

A, B = host("esx01"), host("esx02")
AWAY = host("esx03", connection_state="disconnected")
RESTING = host("esx04", in_maintenance_mode=True)
ALONE = host("alone", cluster=None)
FINE = Says(examined={"prod"})
RATIOS = ("warning_cpu_ratio", "critical_cpu_ratio", "warning_memory_ratio", "critical_memory_ratio")


def _host(cores: int | None = 10, memory: int | None = 100 * GIB) -> HostSize:
    return HostSize(cores=cores, memory=memory)


def _cluster(
    vms: Mapping[VirtualMachine, VmSize | Unseen], hosts: Mapping[Host, HostSize | Unseen] | None = None
) -> Inventory:
    """Return two hosts with 20 cores and 200 GB unless others are given."""
    there = {A: _host(), B: _host()} if hosts is None else hosts
    return estate({Need.HOST_SIZE: there, Need.VM_SIZE: vms}, hosts=there, vms=vms)


def _runs(cpus: int = 0, memory: int = 0) -> Inventory:
    return _cluster({vm(on=A): size(cpus, memory)})


def _says(*finds: tuple[str, str], missed: frozenset[tuple[str, str | None]] = frozenset()) -> Says:
    return Says(finds={(severity, "prod", key) for severity, key in finds}, examined={"prod"}, missed=missed)


CASES = [
    Case("a quiet cluster", _runs(4, 10 * GIB), FINE),
    Case("nothing runs", _cluster({}), FINE),
    Case("4 on a core are fine", _runs(80), FINE),
    Case("more than 4 warn", _runs(81), _says(("warning", "cpu"))),
    Case("8 on a core still warn", _runs(160), _says(("warning", "cpu"))),
    Case("more than 8 are critical", _runs(161), _says(("critical", "cpu"))),
    Case("as much memory as there is, is fine", _runs(0, 200 * GIB), FINE),
    Case("more warns", _runs(0, 200 * GIB + 1), _says(("warning", "memory"))),
    Case("half as much again still warns", _runs(0, 300 * GIB), _says(("warning", "memory"))),
    Case("beyond that it is critical", _runs(0, 300 * GIB + 1), _says(("critical", "memory"))),
    Case("both", _runs(161, 201 * GIB), _says(("critical", "cpu"), ("warning", "memory"))),
    Case("machines that are off do not count", _cluster({vm(on=A, power_state="poweredOff"): size(999)}), FINE),
    Case("suspended ones neither", _cluster({vm(on=A, power_state="suspended"): size(999)}), FINE),
    Case("agents run as well", _cluster({vm("vCLS-1", on=A): size(81)}), _says(("warning", "cpu"))),
    Case(
        "a host in maintenance has nothing to give, and what runs on it must go elsewhere",
        _cluster({vm(on=RESTING): size(41)}, {A: _host(), RESTING: _host()}),
        _says(("warning", "cpu")),
    ),
    Case(
        "a host that is away gives nothing, and what ran on it is not known",
        _cluster({vm(on=AWAY): size(999), vm("b", on=A): size(40)}, {A: _host(), AWAY: _host()}),
        Says(examined={"prod"}, missed={("esx03", None)}),
    ),
    Case(
        "hosts without figures are left out",
        _cluster({vm(on=A): size(40)}, {A: _host(), B: _host(None), host("x"): _host(5, None), host("y"): LATE}),
        _says(missed=frozenset({("esx02", None), ("x", None), ("y", None)})),
    ),
    Case(
        "machines without figures too",
        _cluster({vm(on=A): LATE, vm("b", on=A): size(81)}),
        _says(("warning", "cpu"), missed=frozenset({("web01", "size")})),
    ),
    Case(
        "a cluster without a working host is not examined",
        _cluster({}, {AWAY: _host(), RESTING: _host()}),
        Says(missed={("esx03", None), ("prod", None)}),
    ),
    Case("hosts outside of clusters are no matter", _cluster({vm(on=ALONE): size(999)}, {ALONE: _host()}), Says()),
    Case("an empty cluster is no matter", _cluster({}, {}), Says()),
    Case("nothing is there", estate({}, clusters=()), Says()),
    Case("a machine whose host is not known counts nowhere", _cluster({vm(): size(999)}, {A: _host()}), FINE),
    Case("limits are configurable", _runs(81), FINE, {"warning_cpu_ratio": 5}),
    Case(
        "a site may want to promise less than there is",
        _runs(11, 110 * GIB),
        _says(("warning", "cpu"), ("warning", "memory")),
        dict(zip(RATIOS, (0.5, 0.75, 0.5, 0.75), strict=True)),
    ),
    Case(
        "for one cluster alone",
        _runs(0, 400 * GIB),
        FINE,
        {"overrides": [{"match": "prod", "warning_memory_ratio": 2, "critical_memory_ratio": 3}]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_overcommit_ratio(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_tells_what_is_left_without_the_largest_host() -> None:
    given = _cluster({vm(on=A): size(126, 0)}, {A: _host(12), B: _host(15), host("esx05"): _host(3)})
    (found,) = findings(SLUG, given)
    assert english(found.text) == (
        "4.2 virtual CPUs run on each core (126 on 30); the limit is 4. Without the largest host it is 8.4"
    )
    assert found.text.params["n_minus_one_ratio"] == 8.4


def test_a_single_host_has_no_other() -> None:
    (found,) = findings(SLUG, _cluster({vm(on=A): size(0, 110 * GIB)}, {A: _host()}))
    assert english(found.text) == (
        "Running machines are configured with 1.1 times the memory that there is (110.0 GB of 100.0 GB); the limit is 1"
    )


def test_the_cluster_is_the_object() -> None:
    (found,) = findings(SLUG, _runs(81))
    assert found.object == CLUSTER


@pytest.mark.parametrize("name", RATIOS)
def test_a_ratio_below_0_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        load(SLUG).limits.model_validate(dict.fromkeys(RATIOS, 0) | {name: -0.5})


def test_a_cluster_without_a_working_host_is_no_reason_of_its_own() -> None:
    missed = [one for one in verdicts(SLUG, _cluster({}, {AWAY: _host()})) if isinstance(one, NotExamined)]
    assert {one.object.name: one.why.derived for one in missed} == {"esx03": False, "prod": True}
