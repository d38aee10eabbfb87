from dataclasses import replace

import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, findings, load, says, vm
from tests.builders_extras import extras, identity
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Severity, VmIdentity
from vhealthd.wording import english

SLUG = "duplicate-identity"
BOTH = frozenset({"web01", "web02"})
FIRST, SECOND = vm("web01"), vm("web02")
OFF = vm("web02", power_state="poweredOff")
A, B = identity("0a"), identity("0b")
MAC = "mac 00:50:56:00:00:0a"


def _twins(second: VmIdentity, *, running: bool = True) -> Inventory:
    return extras(Need.VM_IDENTITY, {FIRST: A, SECOND if running else OFF: second})


def _both(severity: str, *keys: str) -> Says:
    return Says(finds={(severity, name, key) for name in BOTH for key in keys}, examined=BOTH)


CASES = [
    Case("nobody shares anything", _twins(B), Says(examined=BOTH)),
    Case("one MAC address of two that run", _twins(replace(B, macs=A.macs)), _both("warning", MAC)),
    Case("one BIOS UUID", _twins(replace(B, bios_uuid=A.bios_uuid)), _both("warning", "bios-uuid")),
    Case("one instance UUID", _twins(replace(B, instance_uuid=A.instance_uuid)), _both("warning", "instance-uuid")),
    Case("a whole copy", _twins(A), _both("warning", MAC, "bios-uuid", "instance-uuid")),
    Case(
        "a copy that is off is worth knowing",
        _twins(A, running=False),
        _both("info", MAC, "bios-uuid", "instance-uuid"),
    ),
    Case(
        "one that runs among many copies disturbs nobody",
        extras(
            Need.VM_IDENTITY,
            {FIRST: identity("0c"), vm("a", power_state="poweredOff"): A, vm("b", power_state="suspended"): A},
        ),
        Says(
            finds={("info", name, key) for name in ("a", "b") for key in (MAC, "bios-uuid", "instance-uuid")},
            examined={"web01", "a", "b"},
        ),
    ),
    Case(
        "two adapters of one machine are its own matter",
        extras(Need.VM_IDENTITY, {FIRST: replace(A, macs=A.macs * 2)}),
        Says(examined={"web01"}),
    ),
    Case(
        "several addresses are several findings",
        extras(Need.VM_IDENTITY, {FIRST: replace(A, macs=("x", "y")), SECOND: replace(B, macs=("y", "x"))}),
        _both("warning", "mac x", "mac y"),
    ),
    Case(
        "the second half of a fault tolerant pair is no copy",
        extras(Need.VM_IDENTITY, {FIRST: A, SECOND: replace(A, fault_tolerance_copy=True)}),
        Says(examined={"web01"}),
    ),
    Case(
        "what is not known is shared by nobody",
        extras(
            Need.VM_IDENTITY,
            dict.fromkeys(
                (FIRST, SECOND),
                VmIdentity(bios_uuid=None, instance_uuid=None, macs=(), fault_tolerance_copy=False),
            ),
        ),
        Says(examined=BOTH),
    ),
    Case(
        "what was not read is not examined",
        extras(Need.VM_IDENTITY, {FIRST: A, SECOND: LATE}),
        Says(examined={"web01"}, missed={("web02", None)}),
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        extras(Need.VM_IDENTITY, {FIRST: A, **dict.fromkeys(BYSTANDERS, A)}),
        Says(examined={"web01"}),
    ),
    Case(
        "copies that are all off are worth knowing",
        extras(Need.VM_IDENTITY, {vm("web01", power_state="poweredOff"): A, OFF: A}),
        _both("info", MAC, "bios-uuid", "instance-uuid"),
    ),
    Case(
        "a VM that is not compared hides none that follows",
        extras(
            Need.VM_IDENTITY,
            {
                BYSTANDERS[0]: A,
                vm("unread"): LATE,
                vm("second half"): replace(A, fault_tolerance_copy=True),
                FIRST: A,
                SECOND: replace(B, macs=A.macs),
            },
        ),
        Says(finds=_both("warning", MAC).finds, examined=BOTH, missed={("unread", None)}),
    ),
    Case("nothing is there", extras(Need.VM_IDENTITY, {}), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_duplicate_identity(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_is_opt_in_and_never_does_more_than_warn() -> None:
    assert load(SLUG).opt_in
    assert load(SLUG).maximum is Severity.WARNING


@pytest.mark.parametrize(
    ("copies", "others"),
    [
        (2, "copy-1"),
        (4, "copy-1, copy-2, copy-3"),
        (5, "copy-1, copy-2, copy-3 and 1 more"),
        (9, "copy-1, copy-2, copy-3 and 5 more"),
    ],
)
def test_the_text_names_the_others_but_not_all_of_many(copies: int, others: str) -> None:
    many = {vm(f"copy-{number}"): replace(identity(str(number)), macs=("aa:bb",)) for number in range(copies)}
    found = findings(SLUG, extras(Need.VM_IDENTITY, many))
    assert english(found[0].text) == f"The MAC address aa:bb is also that of {others}"
    assert len(found) == copies
