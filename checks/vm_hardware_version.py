"""vm-hardware-version: whether the virtual hardware of a virtual machine is too old."""

from collections.abc import Iterator

from vhealthd.checkapi import Count, Field, Inventory, Limits, Need, check
from vhealthd.model import Category, Examined, Finding, Message, NotExamined, Severity, Unseen, Verdict

OLD = Message(
    "vm-hardware-version.old",
    "The virtual hardware is version {hardware_version}; the oldest that is accepted is {oldest_version}",
)
DATED = Message(
    "vm-hardware-version.dated",
    "The virtual hardware is version {hardware_version}; {advised_version} or newer is advised",
)


class VmHardwareVersionLimits(Limits):
    """Which hardware is old. 0 switches a rule off."""

    oldest_version: Count = Field(13, description="An older version warns (13 came with vSphere 6.5)")
    advised_version: Count = Field(19, description="An older version is shown as info (19 came with vSphere 7.0 U2)")


@check(
    title="Virtual hardware version",
    category=Category.VM,
    needs={Need.VMS, Need.VM_HARDWARE_VERSION},
    limits=VmHardwareVersionLimits,
    maximum=Severity.WARNING,
    opt_in=True,
    what="Whether the virtual hardware of a virtual machine is older than the oldest version that the site accepts, or "
    "than the one that it advises.",
    why="Old hardware lacks what guests and security rules ask for: secure boot came with version 13, a virtual TPM "
    "with 14. It also lacks corrections and devices of newer releases, and very old versions lose their support.",
    fix="Take a backup, update VMware Tools, power the machine off and choose Compatibility > Upgrade VM "
    "Compatibility. Do not go beyond what the oldest host can run on which the machine may have to start.",
    blind_spots="Whether the hosts could run a newer version is not looked at. Templates are left out, so that what is "
    "deployed from an old one is found only afterwards.",
)
def vm_hardware_version(inventory: Inventory, limits: VmHardwareVersionLimits) -> Iterator[Verdict]:
    """Judge each virtual machine, running or not."""
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        version, mine = inventory.vm_hardware_version[vm.ref], limits.for_object(vm)
        if isinstance(version, Unseen):
            yield NotExamined(vm, version)
            continue
        yield Examined(vm)
        if version < mine.oldest_version:
            yield Finding(Severity.WARNING, vm, OLD(hardware_version=version, oldest_version=mine.oldest_version))
        elif version < mine.advised_version:
            yield Finding(Severity.INFO, vm, DATED(hardware_version=version, advised_version=mine.advised_version))
