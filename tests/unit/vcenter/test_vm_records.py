"""What is made of a virtual machine's devices, snapshots and files, in the forms in which vCenter may give them."""

from typing import Any

import pytest

from vhealthd.inventory import Need
from vhealthd.model import Disk, MoRef, RemovableDrive, VmTools
from vhealthd.vcenter.records import FACETS, snapshot_size
from vhealthd.vcenter.wire import ObjectContent

MAKE = {facet.need: facet.make for facet in FACETS}
DEVICES = "config.hardware.device"
STORE = {"_typeName": "ManagedObjectReference", "type": "Datastore", "value": "datastore-7"}
VM = MoRef("VirtualMachine", "vm-1")


@pytest.mark.parametrize("need", [Need.VM_DISKS, Need.VM_DRIVES, Need.VM_TOOLS, Need.VM_CONSOLIDATION])
def test_nothing_is_not_seen(need: Need) -> None:
    assert MAKE[need]({}) is None


# --- removable drives -----------------------------------------------------------------------------------------------


def drive(kind: str, backing: dict[str, object] | None, **connectable: bool) -> RemovableDrive:
    device: dict[str, object] = {"_typeName": kind, "key": 3000, "deviceInfo": {"label": "Drive 1"}}
    device |= {"connectable": connectable} if connectable else {}
    made: Any = MAKE[Need.VM_DRIVES]({DEVICES: [{"_typeName": "VirtualE1000"}, device | {"backing": backing}]})
    (one,) = made
    assert isinstance(one, RemovableDrive)
    return one


@pytest.mark.parametrize(
    ("device", "backing", "kind"),
    [
        ("VirtualCdrom", "VirtualCdromIsoBackingInfo", "image"),
        ("VirtualFloppy", "VirtualFloppyImageBackingInfo", "image"),
        ("VirtualCdrom", "VirtualCdromAtapiBackingInfo", "host"),
        ("VirtualCdrom", "VirtualCdromPassthroughBackingInfo", "host"),
        ("VirtualFloppy", "VirtualFloppyDeviceBackingInfo", "host"),
        ("VirtualCdrom", "VirtualCdromRemoteAtapiBackingInfo", "client"),
        ("VirtualCdrom", "VirtualCdromRemotePassthroughBackingInfo", "client"),
        ("VirtualFloppy", "VirtualFloppyRemoteDeviceBackingInfo", "client"),
        ("VirtualCdrom", "VirtualCdromOfALaterRelease", "none"),
    ],
)
def test_what_a_drive_is_connected_to(device: str, backing: str, kind: str) -> None:
    made = drive(device, {"_typeName": backing, "fileName": "[ds01] iso/debian.iso", "datastore": STORE})

    assert made.backing == kind
    assert made.kind == {"VirtualCdrom": "cdrom", "VirtualFloppy": "floppy"}[device]
    assert (made.image, made.datastore) == ("[ds01] iso/debian.iso", MoRef("Datastore", "datastore-7"))


@pytest.mark.parametrize("backing", [None, {"_typeName": "VirtualCdromIsoBackingInfo", "fileName": ""}])
def test_a_drive_without_an_image_is_connected_to_nothing(backing: dict[str, object] | None) -> None:
    assert drive("VirtualCdrom", backing, connected=True).backing == "none"


def test_a_drive_is_connected_now_or_at_the_next_power_on() -> None:
    now = drive("VirtualCdrom", None, connected=True, startConnected=False)
    later = drive("VirtualCdrom", None, connected=False, startConnected=True)

    assert ((now.connected, now.start_connected), (later.connected, later.start_connected)) == (
        (True, False),
        (False, True),
    )
    assert not drive("VirtualCdrom", None).connected, "what is not said is not so"


# --- disks ----------------------------------------------------------------------------------------------------------


def test_the_chain_of_a_disk_goes_down_to_its_base() -> None:
    backing: dict[str, Any] | None = None
    for name in ("disk.vmdk", "disk-000001.vmdk", "disk-000002.vmdk"):
        backing = {"fileName": f"[ds01] web/{name}", "parent": backing}
    device = {"_typeName": "VirtualDisk", "key": 2000, "deviceInfo": {"label": "Hard disk 1"}, "backing": backing}

    assert MAKE[Need.VM_DISKS]({DEVICES: [device, {"_typeName": "VirtualCdrom", "key": 1}]}) == (
        Disk(
            key=2000,
            label="Hard disk 1",
            files=("[ds01] web/disk-000002.vmdk", "[ds01] web/disk-000001.vmdk", "[ds01] web/disk.vmdk"),
        ),
    )


def test_a_disk_that_is_no_file_has_no_chain() -> None:
    raw = {"_typeName": "VirtualDisk", "key": 2000, "backing": {"deviceName": "vml.02"}}

    assert MAKE[Need.VM_DISKS]({DEVICES: [raw]}) == (Disk(key=2000, label="", files=()),)


# --- the rest -------------------------------------------------------------------------------------------------------


def test_tools_that_are_known_by_half_are_known() -> None:
    assert MAKE[Need.VM_TOOLS]({"guest.toolsVersionStatus2": "guestToolsNotInstalled"}) == VmTools(
        running_status=None, version_status="guestToolsNotInstalled", boot_time=None
    )


def test_a_snapshot_takes_its_state_its_memory_and_the_deltas_above_the_base() -> None:
    layout = {
        "snapshot": [{"dataKey": 1, "memoryKey": 2}],
        "disk": [{"chain": [{"fileKey": [10, 11]}, {"fileKey": [12, 13]}, {"fileKey": [14]}]}],
        "file": [{"key": key, "size": 10**index} for index, key in enumerate((1, 2, 10, 11, 12, 13, 14, 99))],
    }

    assert snapshot_size(ObjectContent(VM, {"layoutEx": layout}, {})) == 1 + 10 + 10**4 + 10**5 + 10**6
    assert snapshot_size(ObjectContent(VM, {}, {})) is None
