import pytest

from tests.builders import BYSTANDERS, CLUSTER, LATE, Case, Says, entity, findings, host, inventory, says, verdicts
from tests.builders_history import was
from vhealthd.checkapi import Inventory
from vhealthd.model import Host, HostUsage, NotExamined, Severity, Unseen
from vhealthd.wording import english

SLUG = "cpu-utilization"

ALONE = host("alone", cluster=None)
A, B, C = host("esx01"), host("esx02"), host("esx03")
OFF = host("esx04", connection_state="notResponding")
RESTING = host("esx05", in_maintenance_mode=True)
WARNED, CRITICAL = Severity.WARNING, Severity.CRITICAL


def _cpu(used: int | None, capacity: int | None = 1000) -> HostUsage:
    return HostUsage(cpu_used=used, cpu_capacity=capacity, memory_used=None, memory_capacity=None)


def _hosts(usage: dict[Host, HostUsage | Unseen]) -> Inventory:
    return inventory(clusters=[CLUSTER], hosts=usage, host_usage=usage)


CASES = [
    Case("idle hosts are fine", _hosts({A: _cpu(0), B: _cpu(300)}), Says(examined={"esx01", "esx02", "prod"})),
    Case("at 85 % all is fine", _hosts({ALONE: _cpu(850)}), Says(examined={"alone"})),
    Case("over 85 % warns", _hosts({ALONE: _cpu(851)}), Says(finds={("warning", "alone", None)}, examined={"alone"})),
    Case("95 % still warns", _hosts({ALONE: _cpu(950)}), Says(finds={("warning", "alone", None)}, examined={"alone"})),
    Case(
        "over 95 % is critical",
        _hosts({ALONE: _cpu(951)}),
        Says(finds={("critical", "alone", None)}, examined={"alone"}),
    ),
    Case(
        "one full host does not fill its cluster",
        _hosts({A: _cpu(990), B: _cpu(300)}),
        Says(finds={("critical", "esx01", None)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "a cluster is graded by the sum, so that a large full host outweighs a small idle one",
        _hosts({A: _cpu(8800, 9000), B: _cpu(100)}),
        Says(finds={("critical", "esx01", None), ("warning", "prod", None)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "a cluster at the limit is fine though a host warns",
        _hosts({A: _cpu(900), B: _cpu(800)}),
        Says(finds={("warning", "esx01", None)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "an idle host in maintenance does not relieve its cluster",
        _hosts({A: _cpu(960), RESTING: _cpu(0)}),
        Says(finds={("critical", "esx01", None), ("critical", "prod", None)}, examined={"esx01", "esx05", "prod"}),
    ),
    Case(
        "the old figures of a host that does not respond count nowhere",
        _hosts({A: _cpu(500), OFF: _cpu(1000)}),
        Says(examined={"esx01", "prod"}, missed={("esx04", None)}),
    ),
    Case(
        "a cluster without a working host is not examined",
        _hosts({OFF: _cpu(1000), RESTING: _cpu(0)}),
        Says(examined={"esx05"}, missed={("esx04", None), ("prod", None)}),
    ),
    Case(
        "without figures a host is not examined",
        _hosts({A: _cpu(None), B: _cpu(5, None), C: _cpu(5, 0), ALONE: LATE}),
        Says(missed={("esx01", None), ("esx02", None), ("esx03", None), ("alone", None), ("prod", None)}),
    ),
    Case(
        "a host without a reading is left out of its cluster",
        _hosts({A: _cpu(500), B: LATE}),
        Says(examined={"esx01", "prod"}, missed={("esx02", None)}),
    ),
    Case(
        "hosts of another cluster do not count",
        _hosts({A: _cpu(500), host("other", cluster=entity("ClusterComputeResource", "test")): _cpu(1000)}),
        Says(finds={("critical", "other", None)}, examined={"esx01", "other", "prod"}),
    ),
    Case(
        "what warned keeps warning until it is 5 points below the limit, where that is asked for",
        was(_hosts({ALONE: _cpu(801)}), ALONE, WARNED),
        Says(finds={("warning", "alone", None)}, examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "there it is over",
        was(_hosts({ALONE: _cpu(800)}), ALONE, WARNED),
        Says(examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "what was critical steps down through a warning",
        was(_hosts({A: _cpu(901), B: _cpu(899)}), CLUSTER, CRITICAL),
        Says(
            finds={("warning", "esx01", None), ("warning", "esx02", None), ("warning", "prod", None)},
            examined={"esx01", "esx02", "prod"},
        ),
        {"hysteresis_percent": 5},
    ),
    Case(
        "and stays critical until then",
        was(_hosts({ALONE: _cpu(901)}), ALONE, CRITICAL),
        Says(finds={("critical", "alone", None)}, examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "a warning is not held as critical",
        was(_hosts({ALONE: _cpu(949)}), ALONE, WARNED),
        Says(finds={("warning", "alone", None)}, examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "what was not reported is not held",
        _hosts({ALONE: _cpu(849)}),
        Says(examined={"alone"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "nor is anything where nobody asked for it",
        was(_hosts({ALONE: _cpu(849)}), ALONE, CRITICAL),
        Says(examined={"alone"}),
    ),
    Case("an empty cluster is no matter", inventory(clusters=[CLUSTER]), Says()),
    Case("nothing is there", inventory(vms=BYSTANDERS), Says()),
    Case("limits are configurable", _hosts({ALONE: _cpu(900)}), Says(examined={"alone"}), {"warning_percent": 90}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cpu_utilization(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_names_value_and_limit() -> None:
    (found,) = findings(SLUG, _hosts({ALONE: _cpu(86_000, 100_000)}))
    assert english(found.text) == "86.0 % of the CPU is used (86.0 GHz of 100.0 GHz); the limit is 85 %"
    assert found.text.params["threshold_percent"] == 85


def test_the_text_says_why_a_value_below_the_limit_is_reported() -> None:
    given = was(_hosts({ALONE: _cpu(82_000, 100_000)}), ALONE, WARNED)
    (found,) = findings(SLUG, given, {"hysteresis_percent": 5})
    assert english(found.text) == (
        "82.0 % of the CPU is used (82.0 GHz of 100.0 GHz); the limit is 85 %, and as it was reported before, it is "
        "reported while above 80 %"
    )


def test_at_the_limit_it_is_reported_only_because_it_was_before() -> None:
    given = was(_hosts({ALONE: _cpu(850)}), ALONE, WARNED)
    (found,) = findings(SLUG, given, {"hysteresis_percent": 5})
    assert "as it was reported before" in english(found.text)


def test_a_cluster_without_hosts_to_judge_is_no_reason_of_its_own() -> None:
    missed = [one for one in verdicts(SLUG, _hosts({A: LATE})) if isinstance(one, NotExamined)]
    assert {one.object.name: one.why.derived for one in missed} == {"esx01": False, "prod": True}
