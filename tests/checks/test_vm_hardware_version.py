import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, findings, load, says, vm
from tests.builders_extras import extras
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Severity, Unseen
from vhealthd.wording import english

SLUG = "vm-hardware-version"
FINE = Says(examined={"web01"})
WARNING = Says(finds={("warning", "web01", None)}, examined={"web01"})
INFO = Says(finds={("info", "web01", None)}, examined={"web01"})


def _of(version: int | Unseen) -> Inventory:
    return extras(Need.VM_HARDWARE_VERSION, {vm(): version})


CASES = [
    Case("new hardware is fine", _of(21), FINE),
    Case("exactly the advised version is fine", _of(19), FINE),
    Case("one below is worth knowing", _of(18), INFO),
    Case("exactly the oldest accepted one is only worth knowing", _of(13), INFO),
    Case("one below warns", _of(12), WARNING),
    Case("a version of the future is fine", _of(99), FINE),
    Case("what was not read is not examined", _of(LATE), Says(missed={("web01", None)})),
    Case(
        "a machine that is off has hardware too",
        extras(Need.VM_HARDWARE_VERSION, {vm(power_state="poweredOff"): 8}),
        WARNING,
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        extras(Need.VM_HARDWARE_VERSION, dict.fromkeys(BYSTANDERS, 4)),
        Says(),
    ),
    Case(
        "machines are judged apart from those before them",
        extras(Need.VM_HARDWARE_VERSION, {**dict.fromkeys(BYSTANDERS, 4), vm("db01"): LATE, vm(): 12}),
        Says(finds=WARNING.finds, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", extras(Need.VM_HARDWARE_VERSION, {}), Says()),
    Case("limits can be raised", _of(19), WARNING, {"oldest_version": 20}),
    Case("0 switches a rule off", _of(4), FINE, {"oldest_version": 0, "advised_version": 0}),
    Case(
        "an override is for its machines alone",
        _of(10),
        FINE,
        {"overrides": [{"match": "^web", "oldest_version": 9, "advised_version": 9}]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_vm_hardware_version(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_is_opt_in_and_never_does_more_than_warn() -> None:
    assert load(SLUG).opt_in
    assert load(SLUG).maximum is Severity.WARNING


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (12, "The virtual hardware is version 12; the oldest that is accepted is 13"),
        (18, "The virtual hardware is version 18; 19 or newer is advised"),
    ],
)
def test_the_text_gives_both_versions(version: int, text: str) -> None:
    (found,) = findings(SLUG, _of(version))
    assert english(found.text) == text
