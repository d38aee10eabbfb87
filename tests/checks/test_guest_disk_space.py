import pytest
from pydantic import ValidationError

from tests.builders import BYSTANDERS, GIB, LATE, Case, Says, findings, load, says, vm
from tests.builders_extras import extras, guest_disk
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import GuestDisk, Unseen
from vhealthd.wording import english

SLUG = "guest-disk-space"
FINE = Says(examined={"web01"})
MISSED = Says(missed={("web01", None)})
FULL = (guest_disk(used_percent=99),)


def _of(*disks: GuestDisk) -> Inventory:
    return extras(Need.VM_GUEST_DISKS, {vm(): disks})


def _unseen(why: Unseen) -> Inventory:
    return extras(Need.VM_GUEST_DISKS, {vm(): why})


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "web01", key) for severity, key in found}, examined={"web01"})


CASES = [
    Case("half full is fine", _of(guest_disk("/"), guest_disk("/var")), FINE),
    Case("exactly 90 % is fine", _of(guest_disk(used_percent=90)), FINE),
    Case("more warns", _of(guest_disk(used_percent=90.1)), _finds(("warning", "/var"))),
    Case("exactly 95 % warns", _of(guest_disk(used_percent=95)), _finds(("warning", "/var"))),
    Case("more is critical", _of(guest_disk(used_percent=95.1)), _finds(("critical", "/var"))),
    Case(
        "each file system has its own verdict",
        _of(guest_disk("C:\\", used_percent=96), guest_disk("D:\\", used_percent=91), guest_disk("E:\\")),
        _finds(("critical", "C:\\"), ("warning", "D:\\")),
    ),
    Case("a boot partition may be full", _of(guest_disk("/boot/efi", used_percent=99, capacity=GIB - 1)), FINE),
    Case("one of exactly 1 GB may not", _of(guest_disk(used_percent=99, capacity=GIB)), _finds(("critical", "/var"))),
    Case("a file system without a size is none", _of(guest_disk(capacity=0)), FINE),
    Case(
        "of two at one path the one on top counts",
        _of(guest_disk("/data", used_percent=99), guest_disk("/data", used_percent=10)),
        FINE,
    ),
    Case(
        "nor is it one where the smallest are judged",
        _of(guest_disk(capacity=0)),
        FINE,
        {"minimum_capacity_gb": 0},
    ),
    Case("tools that report none", _of(), MISSED),
    Case("what was not read is not examined", _unseen(LATE), MISSED),
    Case(
        "VMs that are off or suspended are no matter",
        extras(
            Need.VM_GUEST_DISKS,
            {vm("off", power_state="poweredOff"): FULL, vm("asleep", power_state="suspended"): FULL},
        ),
        Says(),
    ),
    *(
        Case(
            f"of a VM that is {state} only old news is known",
            extras(Need.VM_GUEST_DISKS, {vm(connection_state=state): FULL}),
            MISSED,
        )
        for state in ("disconnected", "inaccessible", "adrift")  # the last one: a word of a later release
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        extras(Need.VM_GUEST_DISKS, dict.fromkeys(BYSTANDERS, FULL)),
        Says(),
    ),
    Case(
        "a VM that is not judged hides none that follows",
        extras(Need.VM_GUEST_DISKS, {vm("off", power_state="poweredOff"): FULL, vm("unread"): LATE, vm(): FULL}),
        Says(finds={("critical", "web01", "/var")}, examined={"web01"}, missed={("unread", None)}),
    ),
    Case("nothing is there", extras(Need.VM_GUEST_DISKS, {}), Says()),
    Case("limits can be set", _of(guest_disk(used_percent=60)), _finds(("warning", "/var")), {"warning_percent": 55}),
    Case(
        "small ones can be judged too",
        _of(guest_disk("/boot", used_percent=99, capacity=GIB // 4)),
        _finds(("critical", "/boot")),
        {"minimum_capacity_gb": 0.1},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_guest_disk_space(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_is_opt_in() -> None:
    assert load(SLUG).opt_in


def test_the_text_gives_path_share_room_and_limit() -> None:
    (found,) = findings(SLUG, _of(guest_disk(used_percent=97)))
    assert english(found.text) == (
        "The file system /var in the guest is 97.0 % full (3.0 GB of 100.0 GB are free); the limit is 95 %"
    )


def test_the_smallest_capacity_may_be_0_and_not_less() -> None:
    limits = load(SLUG).limits
    limits.model_validate({"minimum_capacity_gb": 0})
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        limits.model_validate({"minimum_capacity_gb": -0.5})
