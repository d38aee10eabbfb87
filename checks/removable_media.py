"""removable-media: whether CD and floppy drives hold virtual machines where they are."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    Message,
    MoRef,
    NotExamined,
    RemovableDrive,
    Severity,
    Text,
    Unseen,
    Verdict,
)

IMAGE = Message("removable-media.image", "{drive} is connected to the image {image}")
DEVICE = Message("removable-media.device", "{drive} is connected to a device of the host")
START_IMAGE = Message("removable-media.start-image", "{drive} will be connected to the image {image} at power-on")
START_DEVICE = Message("removable-media.start-device", "{drive} will be connected to a device of the host at power-on")
LOCAL_IMAGE = Message(
    "removable-media.local-image",
    "{drive} uses the image {image} on a datastore that only one host reaches, so the machine cannot leave that host",
)


@check(
    title="Removable media",
    category=Category.VM,
    needs={Need.VMS, Need.VM_DRIVES, Need.DATASTORES},
    maximum=Severity.WARNING,
    what="Whether a CD or floppy drive of a virtual machine is connected to an image or to a device of the host, or "
    "will be at power-on.",
    why="A connected drive can keep a machine from being moved to another host, and so a host from entering "
    "maintenance mode. An image on a local datastore also keeps it from being restarted elsewhere. A forgotten drive "
    "is a way into the guest as well.",
    fix="Disconnect the drive, clear Connect At Power On and set it to Client Device, or remove it. Keep images that "
    "are needed for long on a shared datastore or in a content library.",
    blind_spots="Drives that are connected from somebody's console are left out. Whether the guest has mounted the "
    "medium is not seen.",
)
def removable_media(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - every check takes limits
    """Judge each removable drive of each virtual machine."""
    local = {datastore.ref for datastore in inventory.datastores if datastore.shared is False}
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        drives = inventory.vm_drives[vm.ref]
        if isinstance(drives, Unseen):
            yield NotExamined(vm, drives)
            continue
        yield Examined(vm)
        for drive in drives:
            if verdict := _judge(drive, local):
                yield Finding(verdict[0], vm, verdict[1], str(drive.key))


def _judge(drive: RemovableDrive, local: AbstractSet[MoRef]) -> tuple[Severity, Text] | None:
    if drive.backing not in {"image", "host"} or not (drive.connected or drive.start_connected):
        return None
    image = drive.backing == "image"
    severity = Severity.WARNING if drive.connected else Severity.INFO
    message = (IMAGE if image else DEVICE) if drive.connected else (START_IMAGE if image else START_DEVICE)
    if image and drive.datastore in local:
        severity, message = Severity.WARNING, LOCAL_IMAGE
    return severity, message(drive=drive.label, image=drive.image, connected=drive.connected)
