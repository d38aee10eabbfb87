import pytest
from pydantic import ValidationError

from tests.builders import (
    BYSTANDERS,
    LATE,
    Case,
    Says,
    disk,
    findings,
    hides,
    inventory,
    line,
    load,
    says,
    snapshot,
    vm,
)
from vhealthd.checkapi import Inventory
from vhealthd.model import Disk, Snapshot, Unseen
from vhealthd.wording import english

SLUG = "snapshot-chain"
WEB = vm()
FINE = Says(examined={"web01"})
WARNING = Says(finds={("warning", "web01", None)}, examined={"web01"})
AT_MOST = {"warning_snapshots": 32, "critical_snapshots": 32}
CRITICAL = Says(finds={("critical", "web01", None)}, examined={"web01"})


def _vm(snapshots: tuple[Snapshot, ...] | Unseen, *disks: Disk, unseen: Unseen | None = None) -> Inventory:
    return inventory(vm_snapshots={WEB: snapshots}, vm_disks={WEB: unseen or disks})


CASES = [
    Case("neither snapshots nor deltas are fine", _vm((), disk()), FINE),
    Case("a VM without disks is fine", _vm(()), FINE),
    Case("a disk without files is fine", _vm((), Disk(key=2000, label="Hard disk 1", files=())), FINE),
    Case("5 in a row are fine", _vm(line(5), disk(5)), FINE),
    Case("6 in a row warn", _vm(line(6), disk(6)), WARNING),
    Case("15 in a row still warn", _vm(line(15), disk(15)), WARNING),
    Case("16 in a row are critical", _vm(line(16), disk(16)), CRITICAL),
    Case("many snapshots beside one another are no chain", _vm(tuple(snapshot() for _ in range(20)), disk(1)), FINE),
    Case("the longest branch counts", _vm((snapshot(children=[snapshot(), *line(5)]),), disk(1)), WARNING),
    Case("deltas that no snapshot shows count", _vm((), disk(), disk(6, label="Hard disk 2")), WARNING),
    Case("16 hidden deltas are critical", _vm((), disk(16)), CRITICAL),
    Case("a linked clone stands on another machine's files on purpose", _vm((), disk(6, base="golden-image")), FINE),
    Case("the snapshots of a linked clone count", _vm(line(6), disk(7, base="golden-image")), WARNING),
    Case("its other disks count too", _vm((), disk(9, base="golden-image"), disk(6)), WARNING),
    Case(
        "files at the top of two datastores lie in two places",
        _vm((), Disk(key=2000, label="Hard disk 1", files=(*["[ds01] a.vmdk"] * 8, "[ds02] a.vmdk"))),
        FINE,
    ),
    Case(
        "files at the top of one datastore lie in one",
        _vm((), Disk(key=2000, label="Hard disk 1", files=("[ds01] a.vmdk",) * 7)),
        WARNING,
    ),
    Case(
        "unseen disks leave the snapshots to judge",
        _vm(line(6), unseen=LATE),
        Says(finds=WARNING.finds, examined={"web01"}, missed={("web01", "disks")}),
    ),
    Case(
        "unseen snapshots leave the disks to judge",
        _vm(LATE, disk(16)),
        Says(finds=CRITICAL.finds, examined={"web01"}, missed={("web01", "snapshots")}),
    ),
    Case("neither was seen: not examined", _vm(LATE, unseen=LATE), Says(missed={("web01", None)})),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        inventory(vm_snapshots={one: line(20) for one in BYSTANDERS}),
        Says(),
    ),
    Case(
        "machines are judged apart from those before them",
        inventory(
            vms=[*BYSTANDERS, vm("db01"), WEB],
            vm_snapshots={vm("db01"): LATE, WEB: line(6)},
            vm_disks={vm("db01"): LATE, WEB: (disk(6),)},
        ),
        Says(finds=WARNING.finds, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", inventory(), Says()),
    Case("limits are configurable", _vm(line(3), disk(3)), WARNING, {"warning_snapshots": 2}),
    Case("they may be as high as what ESXi supports", _vm(line(32), disk(32)), FINE, AT_MOST),
    Case("a site may want none", _vm(line(1), disk(1)), WARNING, {"warning_snapshots": 0}),
    Case("and have none", _vm((), disk()), FINE, {"warning_snapshots": 0}),
    Case("or have none on a machine without disks", _vm(()), FINE, {"warning_snapshots": 0}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_snapshot_chain(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_a_chain_that_the_tree_explains() -> None:
    (found,) = findings(SLUG, _vm(line(6), disk(6)))
    assert english(found.text) == ("Snapshots that stand upon one another: 6; the limit is 5, and ESXi supports 32")
    assert (found.text.params["tree_depth"], found.text.params["chain_length"]) == (6, 6)


def test_a_tree_that_is_longer_than_every_chain() -> None:
    (found,) = findings(SLUG, _vm(line(6), disk(1)))
    assert english(found.text) == ("Snapshots that stand upon one another: 6; the limit is 5, and ESXi supports 32")
    assert (found.text.params["tree_depth"], found.text.params["chain_length"]) == (6, 1)


def test_a_disk_without_files_has_no_chain() -> None:
    (found,) = findings(SLUG, _vm(line(6), Disk(key=2000, label="Hard disk 1", files=())))
    assert (found.text.params["chain_length"], found.text.params["disk"]) == (None, None)


def test_deltas_without_any_snapshot_are_said_to_be_so() -> None:
    (found,) = findings(SLUG, _vm((), disk(6)))
    assert "The snapshots show only 0 of them" in english(found.text)


def test_deltas_that_no_snapshot_shows_are_said_to_be_so() -> None:
    (found,) = findings(SLUG, _vm(line(2), disk(1), disk(20, label="Hard disk 2")))
    assert english(found.text).startswith("Delta disks under Hard disk 2: 20; the limit is 15, and ESXi supports 32.")
    assert "The snapshots show only 2 of them" in english(found.text)
    assert (found.text.params["tree_depth"], found.text.params["chain_length"]) == (2, 20)


def test_unseen_snapshots_are_not_said_to_hide_anything() -> None:
    (found,) = findings(SLUG, _vm(LATE, disk(6)))
    assert english(found.text) == "Delta disks under Hard disk 1: 6; the limit is 5, and ESXi supports 32"


@pytest.mark.parametrize(
    "limits",
    [{"critical_snapshots": 33}, {"warning_snapshots": -1}, {"warning_snapshots": 16}, {"warning_snapshots": 2.5}],
)
def test_wrong_settings_are_refused(limits: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        load(SLUG).limits.model_validate(limits)


@pytest.mark.parametrize("given", [_vm(LATE, disk()), _vm((), unseen=LATE)])
def test_either_half_that_was_not_read_may_hide_a_long_chain(given: Inventory) -> None:
    assert hides(SLUG, given, "web01", None)
