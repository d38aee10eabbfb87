import pytest

from tests.builders import CLUSTER, GIB, LATE, Case, Says, findings, host, inventory, says, verdicts, vm
from tests.builders_history import was
from vhealthd.checkapi import Inventory
from vhealthd.model import Host, HostUsage, NotExamined, Severity, Unseen, VirtualMachine, VmMemory
from vhealthd.wording import english

SLUG = "memory-utilization"

ALONE = host("alone", cluster=None)
A, B = host("esx01"), host("esx02")
OFF = host("esx04", connection_state="disconnected")
RESTING = host("esx05", in_maintenance_mode=True)


def _memory(used: int | None, capacity: int | None = 1000) -> HostUsage:
    return HostUsage(
        cpu_used=None,
        cpu_capacity=None,
        memory_used=None if used is None else used * GIB,
        memory_capacity=None if capacity is None else capacity * GIB,
    )


def _hosts(
    usage: dict[Host, HostUsage | Unseen], vm_memory: dict[VirtualMachine, VmMemory | Unseen] | None = None
) -> Inventory:
    return inventory(clusters=[CLUSTER], hosts=usage, host_usage=usage, vm_memory=vm_memory)


CASES = [
    Case(
        "hosts with memory left are fine",
        _hosts({A: _memory(0), B: _memory(3)}),
        Says(examined={"esx01", "esx02", "prod"}),
    ),
    Case("at 85 % all is fine", _hosts({ALONE: _memory(850)}), Says(examined={"alone"})),
    Case(
        "over 85 % warns", _hosts({ALONE: _memory(851)}), Says(finds={("warning", "alone", None)}, examined={"alone"})
    ),
    Case(
        "95 % still warns", _hosts({ALONE: _memory(950)}), Says(finds={("warning", "alone", None)}, examined={"alone"})
    ),
    Case(
        "over 95 % is critical",
        _hosts({ALONE: _memory(951)}),
        Says(finds={("critical", "alone", None)}, examined={"alone"}),
    ),
    Case(
        "a cluster is graded by the sum of its hosts",
        _hosts({A: _memory(960), B: _memory(760)}),
        Says(finds={("critical", "esx01", None), ("warning", "prod", None)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "a host in maintenance does not relieve its cluster",
        _hosts({A: _memory(900), RESTING: _memory(0)}),
        Says(finds={("warning", "esx01", None), ("warning", "prod", None)}, examined={"esx01", "esx05", "prod"}),
    ),
    Case(
        "the old figures of a disconnected host count nowhere",
        _hosts({A: _memory(500), OFF: _memory(1000)}),
        Says(examined={"esx01", "prod"}, missed={("esx04", None)}),
    ),
    Case(
        "a cluster without a working host is not examined",
        _hosts({OFF: _memory(0), RESTING: _memory(0)}),
        Says(examined={"esx05"}, missed={("esx04", None), ("prod", None)}),
    ),
    Case(
        "without figures a host is not examined",
        _hosts({A: _memory(None), B: _memory(5, None), ALONE: LATE, host("zero", cluster=None): _memory(5, 0)}),
        Says(missed={("esx01", None), ("esx02", None), ("alone", None), ("zero", None), ("prod", None)}),
    ),
    Case(
        "memory taken back from virtual machines is no finding of its own",
        _hosts({ALONE: _memory(500)}, {vm(on=ALONE): VmMemory(ballooned=9 * GIB, swapped=GIB)}),
        Says(examined={"alone"}),
    ),
    Case(
        "what warned keeps warning until it is 5 points below the limit, where that is asked for",
        was(_hosts({ALONE: _memory(801)}), ALONE, Severity.WARNING),
        Says(finds={("warning", "alone", None)}, examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "there it is over",
        was(_hosts({ALONE: _memory(800)}), ALONE, Severity.WARNING),
        Says(examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "a cluster that was critical stays so until then",
        was(_hosts({A: _memory(920), B: _memory(900)}), CLUSTER, Severity.CRITICAL),
        Says(
            finds={("warning", "esx01", None), ("warning", "esx02", None), ("critical", "prod", None)},
            examined={"esx01", "esx02", "prod"},
        ),
        {"hysteresis_percent": 5},
    ),
    Case(
        "what was not reported is not held",
        _hosts({ALONE: _memory(849)}),
        Says(examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "nor is anything where nobody asked for it",
        was(_hosts({ALONE: _memory(849)}), ALONE, Severity.CRITICAL),
        Says(examined={"alone"}),
    ),
    Case("an empty cluster is no matter", inventory(clusters=[CLUSTER]), Says()),
    Case("nothing is there", inventory(), Says()),
    Case("limits are configurable", _hosts({ALONE: _memory(900)}), Says(examined={"alone"}), {"warning_percent": 90}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_memory_utilization(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_ballooned_and_swapped_memory_is_told_of_the_hosts_judged() -> None:
    given = _hosts(
        {A: _memory(960), B: _memory(960), OFF: _memory(1)},
        {
            vm("one", on=A): VmMemory(ballooned=2 * GIB, swapped=GIB),
            vm("two", on=A): VmMemory(ballooned=1 * GIB, swapped=0),
            vm("three", on=B): LATE,
            vm("four", on=OFF): VmMemory(ballooned=99 * GIB, swapped=99 * GIB),
            vm("five"): VmMemory(ballooned=99 * GIB, swapped=99 * GIB),
        },
    )
    told = {one.object.name: one.text for one in findings(SLUG, given)}
    assert english(told["esx01"]) == (
        "96.0 % of the memory is used (960.0 GB of 1000.0 GB); the limit is 95 %. From its virtual machines 3.0 GB are "
        "taken back by ballooning and 1.0 GB are swapped out"
    )
    assert told["esx02"].params["ballooned_bytes"] is None, "what no VM told is not zero"
    assert (told["prod"].params["ballooned_bytes"], told["prod"].params["swapped_bytes"]) == (3 * GIB, GIB)


def test_no_word_of_ballooning_where_there_is_none() -> None:
    given = _hosts({ALONE: _memory(900)}, {vm(on=ALONE): VmMemory(ballooned=0, swapped=0)})
    (found,) = findings(SLUG, given)
    assert english(found.text) == "90.0 % of the memory is used (900.0 GB of 1000.0 GB); the limit is 85 %"
    assert found.text.params["ballooned_bytes"] == 0


def test_swapping_alone_is_told_too() -> None:
    (found,) = findings(SLUG, _hosts({ALONE: _memory(900)}, {vm(on=ALONE): VmMemory(ballooned=0, swapped=GIB)}))
    assert english(found.text).endswith("0 B are taken back by ballooning and 1.0 GB are swapped out")


def test_the_text_says_why_a_value_below_the_limit_is_reported() -> None:
    quiet = was(_hosts({ALONE: _memory(820)}), ALONE, Severity.WARNING)
    pressed = was(
        _hosts({ALONE: _memory(820)}, {vm(on=ALONE): VmMemory(ballooned=GIB, swapped=0)}), ALONE, Severity.WARNING
    )
    said = [english(findings(SLUG, one, {"hysteresis_percent": 5})[0].text) for one in (quiet, pressed)]
    held = (
        "82.0 % of the memory is used (820.0 GB of 1000.0 GB); the limit is 85 %, and as it was reported before, it is "
        "reported while above 80 %"
    )
    taken = ". From its virtual machines 1.0 GB are taken back by ballooning and 0 B are swapped out"
    assert said == [held, held + taken]


def test_at_the_limit_it_is_reported_only_because_it_was_before() -> None:
    given = was(_hosts({ALONE: _memory(850)}), ALONE, Severity.WARNING)
    (found,) = findings(SLUG, given, {"hysteresis_percent": 5})
    assert "as it was reported before" in english(found.text)


def test_a_cluster_without_hosts_to_judge_is_no_reason_of_its_own() -> None:
    missed = [one for one in verdicts(SLUG, _hosts({A: LATE})) if isinstance(one, NotExamined)]
    assert {one.object.name: one.why.derived for one in missed} == {"esx01": False, "prod": True}
