"""memory-pressure: whether the hypervisor took memory back from virtual machines."""

from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    Message,
    NotExamined,
    Severity,
    Unseen,
    Verdict,
    VirtualMachine,
    VmPressure,
)

BALLOONED = Message(
    "memory-pressure.ballooned",
    "{ballooned_bytes:bytes} of its {configured_bytes:bytes} of memory are taken back by ballooning "
    "({used_percent:percent}); the limit is {threshold_percent:limit}",
)
SWAPPED = Message(
    "memory-pressure.swapped",
    "Of its {configured_bytes:bytes} of memory the host has swapped out {swapped_bytes:bytes} and compressed "
    "{compressed_bytes:bytes} ({used_percent:percent}); the limit is {threshold_percent:limit}",
)
NOT_CONNECTED = Message("memory-pressure.not-connected", "the virtual machine is not connected ({connection_state})")
NO_SIZE = Message("memory-pressure.no-size", "vCenter does not say how much memory it has")


class MemoryPressureLimits(Limits):
    """How much of its memory a virtual machine may lose."""

    warning_ballooned_percent: Percent = Field(10, description="More of its memory is taken back by ballooning")
    warning_swapped_percent: Percent = Field(1, description="More of its memory is swapped out or compressed")
    critical_swapped_percent: Percent = Field(10, description="More of its memory is swapped out or compressed")


@check(
    title="Memory pressure",
    category=Category.VM,
    needs={Need.VMS, Need.VM_PRESSURE},
    limits=MemoryPressureLimits,
    opt_in=True,
    what="How much of the memory of a running virtual machine its host has taken back: by ballooning, which the guest "
    "can cope with, and by swapping and compressing, which it cannot even notice.",
    why="A host does this when it has promised more memory than it has. With the balloon the guest gives up what it "
    "needs least. Swapping takes any page, and every touch of it then waits for a disk.",
    fix="Move machines away from the host or add memory. Shrink machines that have far more than they use, and look "
    "for memory limits on the machine and its resource pool: a forgotten limit swaps on a host that is half empty.",
    blind_spots="It is the state of one moment. Swapped memory stays swapped until the guest touches it, so it may "
    "tell of a shortage that is over; restarting or moving the machine brings it back. What the guest itself swaps is "
    "not seen.",
)
def memory_pressure(inventory: Inventory, limits: MemoryPressureLimits) -> Iterator[Verdict]:
    """Judge each running virtual machine."""
    for vm in inventory.vms:
        if not (vm.is_workload and vm.powered_on):
            continue
        pressure = _seen(vm, inventory.vm_pressure[vm.ref])
        if isinstance(pressure, Unseen):
            yield NotExamined(vm, pressure)
            continue
        yield Examined(vm)
        yield from _judge(vm, pressure, limits.for_object(vm))


def _seen(vm: VirtualMachine, pressure: VmPressure | Unseen) -> VmPressure | Unseen:
    if isinstance(pressure, Unseen):
        return pressure
    if vm.connection_state != "connected":
        return Unseen(NOT_CONNECTED(connection_state=vm.connection_state))
    return pressure if pressure.configured else Unseen(NO_SIZE())


def _judge(vm: VirtualMachine, pressure: VmPressure, limits: MemoryPressureLimits) -> Iterator[Finding]:
    configured = pressure.configured or 1
    ballooned = 100 * pressure.ballooned / configured
    swapped = 100 * (pressure.swapped + pressure.compressed) / configured
    figures = {
        "configured_bytes": pressure.configured,
        "ballooned_bytes": pressure.ballooned,
        "swapped_bytes": pressure.swapped,
        "compressed_bytes": pressure.compressed,
    }
    if ballooned > limits.warning_ballooned_percent:
        text = BALLOONED(**figures, used_percent=ballooned, threshold_percent=limits.warning_ballooned_percent)
        yield Finding(Severity.WARNING, vm, text, "ballooned")
    if graded := exceeded(swapped, warning=limits.warning_swapped_percent, critical=limits.critical_swapped_percent):
        text = SWAPPED(**figures, used_percent=swapped, threshold_percent=graded[1])
        yield Finding(graded[0], vm, text, "swapped")
