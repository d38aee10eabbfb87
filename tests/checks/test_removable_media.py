from dataclasses import replace

import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, datastore, drive, findings, inventory, load, says, vm
from vhealthd.checkapi import Inventory
from vhealthd.model import RemovableDrive, Severity
from vhealthd.wording import english

SLUG = "removable-media"
UNREAD, WEB = vm("db01"), vm()
CONNECTED = (drive(connected=True),)
FINE = Says(examined={"web01"})
WARNING = Says(finds={("warning", "web01", "16000")}, examined={"web01"})
INFO = Says(finds={("info", "web01", "16000")}, examined={"web01"})

SHARED = datastore("isos")
LOCAL = datastore("local", shared=False)
NOBODY_KNOWS = datastore("odd", shared=None)


def _drives(*drives: RemovableDrive) -> Inventory:
    return inventory(vm_drives={WEB: drives}, datastores=[SHARED, LOCAL, NOBODY_KNOWS])


CASES = [
    Case("a VM without drives is fine", _drives(), FINE),
    Case("an image in a disconnected drive is fine", _drives(drive()), FINE),
    Case("so is one on a local datastore", _drives(drive(on=LOCAL)), FINE),
    Case("a connected image warns", _drives(drive(connected=True, start_connected=True, on=SHARED)), WARNING),
    Case("a connected device of the host warns", _drives(drive(backing="host", connected=True)), WARNING),
    Case("an image at the next power-on is worth knowing", _drives(drive(start_connected=True, on=SHARED)), INFO),
    Case("a device at the next power-on is worth knowing", _drives(drive(backing="host", start_connected=True)), INFO),
    Case("a local image at the next power-on warns", _drives(drive(start_connected=True, on=LOCAL)), WARNING),
    Case("a connected local image is one finding", _drives(drive(connected=True, on=LOCAL)), WARNING),
    Case(
        "nobody knows whether it is local: worth knowing", _drives(drive(start_connected=True, on=NOBODY_KNOWS)), INFO
    ),
    Case(
        "the image lies on a datastore that is not seen",
        _drives(drive(start_connected=True, on=datastore("elsewhere", shared=False))),
        INFO,
    ),
    Case(
        "client devices and empty drives are fine",
        _drives(
            drive(1, backing="client", connected=True, start_connected=True),
            drive(2, backing="none", connected=True, start_connected=True),
        ),
        FINE,
    ),
    Case(
        "each drive is a finding of its own",
        _drives(drive(3000, connected=True), drive(3001, start_connected=True), drive(8000)),
        Says(finds={("warning", "web01", "3000"), ("info", "web01", "3001")}, examined={"web01"}),
    ),
    Case("a floppy drive counts like a CD drive", _drives(replace(drive(connected=True), kind="floppy")), WARNING),
    Case(
        "drives that were not read are not examined", inventory(vm_drives={WEB: LATE}), Says(missed={("web01", None)})
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        inventory(vm_drives=dict.fromkeys(BYSTANDERS, CONNECTED)),
        Says(),
    ),
    Case(
        "machines are judged apart from those before them",
        inventory(
            vms=[*BYSTANDERS, UNREAD, WEB],
            vm_drives={**dict.fromkeys(BYSTANDERS, CONNECTED), UNREAD: LATE, WEB: CONNECTED},
        ),
        Says(finds=WARNING.finds, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", inventory(), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_removable_media(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_never_does_more_than_warn() -> None:
    assert load(SLUG).maximum is Severity.WARNING


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (drive(connected=True), "CD/DVD drive 1 is connected to the image [ds01] iso/debian.iso"),
        (drive(connected=True, backing="host"), "CD/DVD drive 1 is connected to a device of the host"),
        (
            drive(start_connected=True),
            "CD/DVD drive 1 will be connected to the image [ds01] iso/debian.iso at power-on",
        ),
        (
            drive(start_connected=True, backing="host"),
            "CD/DVD drive 1 will be connected to a device of the host at power-on",
        ),
        (
            drive(connected=True, on=LOCAL),
            (
                "CD/DVD drive 1 uses the image [ds01] iso/debian.iso on a datastore that only one host reaches, so the "
                "machine cannot leave that host"
            ),
        ),
    ],
)
def test_the_text_names_drive_and_medium(one: RemovableDrive, text: str) -> None:
    (found,) = findings(SLUG, _drives(one))
    assert english(found.text) == text
