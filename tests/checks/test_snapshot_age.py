from datetime import timedelta

import pytest
from pydantic import ValidationError

from tests.builders import BYSTANDERS, GIB, LATE, NOW, Case, Says, ago, findings, inventory, load, says, snapshot, vm
from vhealthd.checkapi import Inventory
from vhealthd.model import Snapshot
from vhealthd.wording import english

SLUG = "snapshot-age"
WEB = vm()
FINE = Says(examined={"web01"})
WARNING = Says(finds={("warning", "web01", None)}, examined={"web01"})
CRITICAL = Says(finds={("critical", "web01", None)}, examined={"web01"})
FUTURE = Says(finds={("info", "web01", "future")}, examined={"web01"})
VEEAM = {"exempt": [{"name": "^veeam", "grace_days": 10}]}


def _with(*roots: Snapshot) -> Inventory:
    return inventory(vm_snapshots={WEB: roots})


def _aged(days: float, name: str = "before update") -> Snapshot:
    return snapshot(name, created=ago(days=days))


CASES = [
    Case("no snapshot is fine", _with(), FINE),
    Case("a fresh snapshot is fine", _with(_aged(1)), FINE),
    Case("7 days to the second are fine", _with(_aged(7)), FINE),
    Case("over 7 days warns", _with(snapshot(created=ago(days=7, seconds=1))), WARNING),
    Case("30 days to the second still warn", _with(_aged(30)), WARNING),
    Case("over 30 days is critical", _with(snapshot(created=ago(days=30, seconds=1))), CRITICAL),
    Case("the oldest counts, in whichever branch", _with(_aged(1), snapshot(children=[_aged(2), _aged(31)])), CRITICAL),
    Case("a few minutes ahead are fine", _with(snapshot(created=NOW + timedelta(minutes=5))), FINE),
    Case("taken in the future is worth knowing", _with(snapshot(created=NOW + timedelta(minutes=6))), FUTURE),
    Case(
        "old ones and future ones are two findings",
        _with(_aged(8), _aged(-1), _aged(-2)),
        Says(finds=WARNING.finds | FUTURE.finds, examined={"web01"}),
    ),
    Case("an exempt name is left alone up to its age", _with(_aged(10, "veeam-tmp")), FINE, VEEAM),
    Case("and judged by the limits after it", _with(_aged(10.1, "veeam-tmp")), WARNING, VEEAM),
    Case("the expression is searched for as it stands", _with(_aged(8, "my veeam")), WARNING, VEEAM),
    Case("the other snapshots are judged", _with(_aged(9, "veeam-tmp"), _aged(8)), WARNING, VEEAM),
    Case(
        "one of several exemptions is enough",
        _with(_aged(20, "golden")),
        FINE,
        {"exempt": [{"name": "gold", "grace_days": 1}, {"name": "^golden$", "grace_days": 365}]},
    ),
    Case("limits are configurable", _with(_aged(4)), WARNING, {"warning_days": 3}),
    Case(
        "snapshots that were not read are not examined",
        inventory(vms=[WEB, vm("web02")], vm_snapshots={WEB: LATE}),
        Says(missed={("web01", None), ("web02", None)}),
    ),
    Case(
        "a VM that is powered off or out of reach keeps its snapshots",
        inventory(
            vm_snapshots={
                vm("off", power_state="poweredOff"): (_aged(8),),
                vm("away", connection_state="disconnected"): (_aged(8),),
            }
        ),
        Says(finds={("warning", "off", None), ("warning", "away", None)}, examined={"off", "away"}),
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        inventory(vm_snapshots={one: (_aged(99),) for one in BYSTANDERS}),
        Says(),
    ),
    Case(
        "machines are judged apart from those before them",
        inventory(vms=[*BYSTANDERS, vm("db01"), WEB], vm_snapshots={vm("db01"): LATE, WEB: (_aged(8),)}),
        Says(finds=WARNING.finds, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", inventory(), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_snapshot_age(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_evidence_has_age_limit_name_number_and_size() -> None:
    tree = snapshot("before update", created=ago(days=12.4), children=[_aged(1, "after update")])
    (found,) = findings(SLUG, inventory(vm_snapshots={WEB: (tree,)}, snapshot_sizes={WEB: 3 * GIB}))
    assert found.text.params == {
        "snapshot": "before update",
        "age_days": pytest.approx(12.4),
        "threshold_days": 7,
        "snapshots": 2,
        "size_bytes": 3 * GIB,
    }
    assert english(found.text) == (
        'The oldest snapshot, "before update", is 12.4 days old; the limit is 7 days. Snapshots of this virtual '
        "machine: 2, taking 3.0 GB"
    )


def test_an_unknown_size_is_not_mentioned() -> None:
    (found,) = findings(SLUG, _with(_aged(40)))
    assert english(found.text).endswith("the limit is 30 days. Snapshots of this virtual machine: 1")


def test_a_future_snapshot_hints_at_the_clocks() -> None:
    (found,) = findings(SLUG, _with(_aged(-1), _aged(-2, "later")))
    assert english(found.text).startswith('The snapshot "later" was taken at 2026-03-04 06:00 UTC')
    assert "clocks" in english(found.text)


@pytest.mark.parametrize(
    "limits",
    [
        {"exempt": [{"name": "(", "grace_days": 3}]},
        {"exempt": [{"name": "^veeam"}]},
        {"exempt": [{"name": "^veeam", "grace_days": -1}]},
        {"exempt": [{"name": "^veeam", "grace_days": 3, "vm": "web01"}]},
        {"warning_days": 31},
        {"warning_days": -1},
    ],
)
def test_wrong_settings_are_refused(limits: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        load(SLUG).limits.model_validate(limits)
