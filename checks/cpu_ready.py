"""cpu-ready: whether virtual machines wait for a processor."""

from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import Category, Examined, Finding, Message, NotExamined, Unseen, Verdict

WAITS = Message(
    "cpu-ready.waits",
    "In {ready_percent:limit} of the time the virtual machine was ready to run and had to wait for a CPU of its host; "
    "the limit is {threshold_percent:limit}",
)
NOT_CONNECTED = Message("cpu-ready.not-connected", "the virtual machine is not connected ({connection_state})")


class CpuReadyLimits(Limits):
    """How long a virtual machine may wait."""

    warning_percent: Percent = Field(5, description="It waits for a CPU during more of the time")
    critical_percent: Percent = Field(10, description="It waits for a CPU during more of the time")


@check(
    title="CPU ready",
    category=Category.VM,
    needs={Need.VMS, Need.VM_CPU_READY},
    limits=CpuReadyLimits,
    opt_in=True,
    what="The share of the time in which a running virtual machine had work to do and got no CPU of its host.",
    why="This is what users feel as slowness while the CPU of neither the machine nor the host looks full. It grows "
    "where more virtual CPUs compete than there are cores, and with machines that have more of them than they need.",
    fix="Take virtual CPUs away from machines that do not use them, the widest first. Move machines to a host with "
    "less load, or let DRS do so, and look for CPU limits on the machine and its resource pool.",
    blind_spots="vCenter gives whole per cent of the last seconds to minutes: a peak between two scans is not seen. "
    "Whether it averages over the virtual CPUs or adds them up is not documented; where it adds them up, a machine "
    "with many of them is judged too hard, and an override is the remedy. Waiting because of a CPU limit counts too.",
)
def cpu_ready(inventory: Inventory, limits: CpuReadyLimits) -> Iterator[Verdict]:
    """Judge each running virtual machine."""
    for vm in inventory.vms:
        if not (vm.is_workload and vm.powered_on):
            continue
        percent, mine = inventory.vm_cpu_ready[vm.ref], limits.for_object(vm)
        if not isinstance(percent, Unseen) and vm.connection_state != "connected":
            percent = Unseen(NOT_CONNECTED(connection_state=vm.connection_state))
        if isinstance(percent, Unseen):
            yield NotExamined(vm, percent)
            continue
        yield Examined(vm)
        if graded := exceeded(percent, warning=mine.warning_percent, critical=mine.critical_percent):
            yield Finding(graded[0], vm, WAITS(ready_percent=percent, threshold_percent=graded[1]))
