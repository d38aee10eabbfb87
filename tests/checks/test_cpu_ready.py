import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, findings, load, says, vm
from tests.builders_extras import extras
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Unseen
from vhealthd.wording import english

SLUG = "cpu-ready"
FINE = Says(examined={"web01"})
WARNING = Says(finds={("warning", "web01", None)}, examined={"web01"})
CRITICAL = Says(finds={("critical", "web01", None)}, examined={"web01"})
MISSED = Says(missed={("web01", None)})


def _of(percent: int | Unseen) -> Inventory:
    return extras(Need.VM_CPU_READY, {vm(): percent})


CASES = [
    Case("no waiting is fine", _of(0), FINE),
    Case("exactly the warning limit is fine", _of(5), FINE),
    Case("more warns", _of(6), WARNING),
    Case("exactly the critical limit warns", _of(10), WARNING),
    Case("more is critical", _of(11), CRITICAL),
    Case("what was not read is not examined", _of(LATE), MISSED),
    Case(
        "VMs that are off or suspended do not wait",
        extras(Need.VM_CPU_READY, {vm("off", power_state="poweredOff"): 50, vm("asleep", power_state="suspended"): 50}),
        Says(),
    ),
    *(
        Case(
            f"of a VM that is {state} only old news is known",
            extras(Need.VM_CPU_READY, {vm(connection_state=state): 50}),
            MISSED,
        )
        for state in ("disconnected", "inaccessible", "adrift")  # the last one: a word of a later release
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        extras(Need.VM_CPU_READY, dict.fromkeys(BYSTANDERS, 50)),
        Says(),
    ),
    Case(
        "a VM that is not judged hides none that follows",
        extras(Need.VM_CPU_READY, {vm("off", power_state="poweredOff"): 50, vm("unread"): LATE, vm(): 50}),
        Says(finds=CRITICAL.finds, examined={"web01"}, missed={("unread", None)}),
    ),
    Case("nothing is there", extras(Need.VM_CPU_READY, {}), Says()),
    Case("limits can be set", _of(8), CRITICAL, {"warning_percent": 2, "critical_percent": 7}),
    Case(
        "an override is for its machines alone",
        _of(40),
        WARNING,
        {"overrides": [{"match": "^web", "warning_percent": 20, "critical_percent": 60}]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cpu_ready(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_is_opt_in() -> None:
    assert load(SLUG).opt_in


def test_the_text_gives_value_and_limit_in_per_cent() -> None:
    (found,) = findings(SLUG, _of(14))
    assert english(found.text) == (
        "In 14 % of the time the virtual machine was ready to run and had to wait for a CPU of its host; "
        "the limit is 10 %"
    )
