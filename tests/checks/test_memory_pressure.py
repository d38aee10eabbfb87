import pytest

from tests.builders import BYSTANDERS, GIB, LATE, Case, Says, findings, load, says, vm
from tests.builders_extras import MIB, extras, pressure
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Unseen, VmPressure
from vhealthd.wording import english

SLUG = "memory-pressure"
TEN = 10_000 * MIB
FINE = Says(examined={"web01"})
MISSED = Says(missed={("web01", None)})
SQUEEZED = pressure(ballooned=4 * GIB, swapped=4 * GIB)


def _of(one: VmPressure | Unseen) -> Inventory:
    return extras(Need.VM_PRESSURE, {vm(): one})


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "web01", key) for severity, key in found}, examined={"web01"})


CASES = [
    Case("all of its memory is its own", _of(pressure()), FINE),
    Case("ballooning of exactly 10 % is fine", _of(pressure(configured=TEN, ballooned=1000 * MIB)), FINE),
    Case(
        "more warns",
        _of(pressure(configured=TEN, ballooned=1001 * MIB)),
        _finds(("warning", "ballooned")),
    ),
    Case(
        "most of it does not do worse", _of(pressure(configured=TEN, ballooned=TEN)), _finds(("warning", "ballooned"))
    ),
    Case("swapping of exactly 1 % is fine", _of(pressure(configured=TEN, swapped=100 * MIB)), FINE),
    Case("more warns, too", _of(pressure(configured=TEN, swapped=101 * MIB)), _finds(("warning", "swapped"))),
    Case("exactly 10 % warns", _of(pressure(configured=TEN, swapped=1000 * MIB)), _finds(("warning", "swapped"))),
    Case("more is critical", _of(pressure(configured=TEN, swapped=1001 * MIB)), _finds(("critical", "swapped"))),
    Case(
        "compressed memory counts with what is swapped",
        _of(pressure(configured=TEN, swapped=60 * MIB, compressed=60 * MIB)),
        _finds(("warning", "swapped")),
    ),
    Case("both are said", _of(SQUEEZED), _finds(("warning", "ballooned"), ("critical", "swapped"))),
    Case("without its size nothing can be said", _of(pressure(configured=None, swapped=GIB)), MISSED),
    Case("what was not read is not examined", _of(LATE), MISSED),
    Case(
        "VMs that are off or suspended are no matter",
        extras(
            Need.VM_PRESSURE,
            {vm("off", power_state="poweredOff"): SQUEEZED, vm("asleep", power_state="suspended"): SQUEEZED},
        ),
        Says(),
    ),
    *(
        Case(
            f"of a VM that is {state} only old news is known",
            extras(Need.VM_PRESSURE, {vm(connection_state=state): SQUEEZED}),
            MISSED,
        )
        for state in ("disconnected", "inaccessible", "adrift")  # the last one: a word of a later release
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        extras(Need.VM_PRESSURE, dict.fromkeys(BYSTANDERS, SQUEEZED)),
        Says(),
    ),
    Case(
        "a VM that is not judged hides none that follows",
        extras(Need.VM_PRESSURE, {vm("off", power_state="poweredOff"): SQUEEZED, vm("unread"): LATE, vm(): SQUEEZED}),
        Says(
            finds={("warning", "web01", "ballooned"), ("critical", "web01", "swapped")},
            examined={"web01"},
            missed={("unread", None)},
        ),
    ),
    Case("nothing is there", extras(Need.VM_PRESSURE, {}), Says()),
    Case(
        "limits can be set",
        _of(SQUEEZED),
        FINE,
        {"warning_ballooned_percent": 60, "warning_swapped_percent": 60, "critical_swapped_percent": 60},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_memory_pressure(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_is_opt_in() -> None:
    assert load(SLUG).opt_in


def test_the_texts_give_sizes_share_and_limit() -> None:
    ballooned, swapped = findings(SLUG, _of(pressure(ballooned=2 * GIB, swapped=GIB, compressed=512 * MIB)))
    assert english(ballooned.text) == (
        "2.0 GB of its 8.0 GB of memory are taken back by ballooning (25.0 %); the limit is 10 %"
    )
    assert english(swapped.text) == (
        "Of its 8.0 GB of memory the host has swapped out 1.0 GB and compressed 512.0 MB (18.8 %); the limit is 10 %"
    )
