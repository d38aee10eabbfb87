"""What only the opt-in checks read: one builder a record, and estates with those parts besides the usual ones."""

from collections.abc import Mapping
from dataclasses import replace

from tests.builders import GIB, facets, inventory
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import GuestDisk, Question, Unseen, VirtualMachine, VmIdentity, VmPressure

MIB = 2**20
Seen = Mapping[VirtualMachine, object]


def extras(need: Need, of: Mapping[VirtualMachine, object | Unseen]) -> Inventory:
    """Return an estate of these VMs and no others, with one facet of them."""
    return also(inventory(vms=tuple(of)), {need: of})


def also(given: Inventory, parts: Mapping[Need, Mapping[VirtualMachine, object | Unseen]]) -> Inventory:
    """Return an estate with more facets of its VMs."""
    return replace(given, parts={**given.parts, **{need: facets(of) for need, of in parts.items()}})


def every_extra(vm: VirtualMachine) -> dict[Need, Mapping[VirtualMachine, object]]:
    """Return each of these facets of one VM that is ill in every way."""
    return {
        Need.VM_HARDWARE_VERSION: {vm: 8},
        Need.VM_CPU_READY: {vm: 20},
        Need.VM_PRESSURE: {vm: pressure(ballooned=4 * GIB)},
        Need.VM_GUEST_DISKS: {vm: (guest_disk(used_percent=99),)},
        Need.VM_IDENTITY: {vm: identity()},
        Need.VM_QUESTION: {vm: (Question(text="Retry?"),)},
    }


def pressure(
    *, configured: int | None = 8 * GIB, ballooned: int = 0, swapped: int = 0, compressed: int = 0
) -> VmPressure:
    return VmPressure(configured=configured, ballooned=ballooned, swapped=swapped, compressed=compressed)


def guest_disk(path: str = "/var", *, used_percent: float = 50, capacity: int = 100 * GIB) -> GuestDisk:
    return GuestDisk(path=path, capacity=capacity, free=capacity - round(capacity * used_percent / 100))


def identity(name: str = "a", *, macs: tuple[str, ...] | None = None, fault_tolerance_copy: bool = False) -> VmIdentity:
    """Return an identity that nobody shares whose name differs."""
    return VmIdentity(
        bios_uuid=f"bios-{name}",
        instance_uuid=f"instance-{name}",
        macs=(f"00:50:56:00:00:{name}",) if macs is None else macs,
        fault_tolerance_copy=fault_tolerance_copy,
    )
