"""guest-disk-space: whether the file systems inside of virtual machines have room left."""

from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    GuestDisk,
    Message,
    NotExamined,
    Unseen,
    Verdict,
    VirtualMachine,
)

FULL = Message(
    "guest-disk-space.full",
    "The file system {path} in the guest is {used_percent:percent} full ({free_bytes:bytes} of {capacity_bytes:bytes} "
    "are free); the limit is {threshold_percent:limit}",
)
NOT_CONNECTED = Message("guest-disk-space.not-connected", "the virtual machine is not connected ({connection_state})")
NOT_TOLD = Message("guest-disk-space.not-told", "VMware Tools in the guest report no file systems")

GB = 2**30


class GuestDiskSpaceLimits(Limits):
    """When a file system is full."""

    warning_percent: Percent = Field(90, description="More of a file system is used")
    critical_percent: Percent = Field(95, description="More of a file system is used")
    minimum_capacity_gb: float = Field(
        1, ge=0, description="Smaller file systems, such as boot partitions, are left out"
    )


@check(
    title="Guest disk space",
    category=Category.VM,
    needs={Need.VMS, Need.VM_GUEST_DISKS},
    limits=GuestDiskSpaceLimits,
    opt_in=True,
    what="How full the file systems in the guest of a running virtual machine are, as VMware Tools report them.",
    why="A full file system stops databases, logs and updates. It is seen neither on the datastore nor by the "
    "hypervisor, for which the virtual disk has room enough.",
    fix="Clear the file system in the guest, or enlarge the virtual disk and then the partition and the file system. "
    "A disk that has snapshots cannot be enlarged: delete them first.",
    blind_spots="Only guests with running VMware Tools report, every few minutes, and only file systems that the tools "
    "know. Inodes and quotas are not seen, and media that are full by nature look like full disks.",
)
def guest_disk_space(inventory: Inventory, limits: GuestDiskSpaceLimits) -> Iterator[Verdict]:
    """Judge each file system of each running guest."""
    for vm in inventory.vms:
        if not (vm.is_workload and vm.powered_on):
            continue
        disks = _seen(vm, inventory.vm_guest_disks[vm.ref])
        if isinstance(disks, Unseen):
            yield NotExamined(vm, disks)
            continue
        yield Examined(vm)
        mine = limits.for_object(vm)
        for disk in _distinct(disks):
            if disk.capacity >= mine.minimum_capacity_gb * GB:
                yield from _judge(vm, disk, mine)


def _seen(vm: VirtualMachine, disks: tuple[GuestDisk, ...] | Unseen) -> tuple[GuestDisk, ...] | Unseen:
    if isinstance(disks, Unseen):
        return disks
    if vm.connection_state != "connected":
        return Unseen(NOT_CONNECTED(connection_state=vm.connection_state))
    return disks or Unseen(NOT_TOLD())


def _distinct(disks: tuple[GuestDisk, ...]) -> Iterator[GuestDisk]:
    """Yield each path once: what is mounted over something else hides it."""
    return iter({disk.path: disk for disk in disks if disk.capacity}.values())


def _judge(vm: VirtualMachine, disk: GuestDisk, limits: GuestDiskSpaceLimits) -> Iterator[Finding]:
    percent = 100 * (disk.capacity - disk.free) / disk.capacity
    if graded := exceeded(percent, warning=limits.warning_percent, critical=limits.critical_percent):
        text = FULL(
            path=disk.path,
            used_percent=percent,
            free_bytes=disk.free,
            capacity_bytes=disk.capacity,
            threshold_percent=graded[1],
        )
        yield Finding(graded[0], vm, text, disk.path)
