"""tools-not-running: whether VMware Tools run in every guest."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from vhealthd.checkapi import Field, Inventory, Limits, Minutes, Need, check
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
    VmTools,
)

STOPPED = Message(
    "tools-not-running.stopped",
    "VMware Tools do not run, though the machine has run since {booted:time}; they are given {grace_minutes:g} minutes",
)
STOPPED_UNDATED = Message(
    "tools-not-running.stopped-undated",
    "VMware Tools do not run in this powered-on machine; since when it has run is not known",
)
NOT_INSTALLED = Message("tools-not-running.not-installed", "VMware Tools are not installed in the guest")
NOT_CONNECTED = Message("tools-not-running.not-connected", "the virtual machine is not connected ({connection_state})")
NO_STATUS = Message("tools-not-running.no-status", "vCenter does not say whether VMware Tools run")


class ToolsNotRunningLimits(Limits):
    """How long a guest may take to start."""

    grace_minutes: Minutes = Field(15, description="VMware Tools may take this long after power-on")


@check(
    title="VMware Tools not running",
    category=Category.VM,
    needs={Need.VMS, Need.VM_TOOLS},
    limits=ToolsNotRunningLimits,
    maximum=Severity.WARNING,
    what="Whether VMware Tools or open-vm-tools run in every powered-on virtual machine that has had time to start.",
    why="Without the tools a guest cannot be shut down cleanly, backups cannot quiesce its file systems, memory is "
    "swapped instead of ballooned, and vCenter knows neither its addresses nor whether it hangs.",
    fix="Start the service of VMware Tools or open-vm-tools in the guest and see why it stopped, or install it anew. "
    "Where the guest is an appliance that comes without, mute the finding.",
    blind_spots="How old the tools are is not judged. A guest that hangs may look the same as one whose tools have "
    "stopped. Guests that are powered off or suspended are left out.",
)
def tools_not_running(inventory: Inventory, limits: ToolsNotRunningLimits) -> Iterator[Verdict]:
    """Judge the tools of each running virtual machine."""
    for vm in inventory.vms:
        if not (vm.is_workload and vm.powered_on):
            continue
        tools = _seen(vm, inventory.vm_tools[vm.ref])
        if isinstance(tools, Unseen):
            yield NotExamined(vm, tools)
            continue
        yield Examined(vm)
        mine = limits.for_object(vm)
        if tools.running_status == "guestToolsNotRunning" and not _starting(tools, inventory.now, mine):
            yield _finding(vm, tools, inventory.now, mine)


def _seen(vm: VirtualMachine, tools: VmTools | Unseen) -> VmTools | Unseen:
    """Return what is known now of the tools; what vCenter remembers of a machine out of reach is old."""
    if vm.connection_state != "connected":
        return Unseen(NOT_CONNECTED(connection_state=vm.connection_state))
    if isinstance(tools, Unseen) or tools.running_status is not None:
        return tools
    return Unseen(NO_STATUS())


def _starting(tools: VmTools, now: datetime, limits: ToolsNotRunningLimits) -> bool:
    return tools.boot_time is not None and now - tools.boot_time <= timedelta(minutes=limits.grace_minutes)


def _finding(vm: VirtualMachine, tools: VmTools, now: datetime, limits: ToolsNotRunningLimits) -> Finding:
    if tools.version_status == "guestToolsNotInstalled":
        return Finding(Severity.INFO, vm, NOT_INSTALLED(version_status=tools.version_status))
    booted = tools.boot_time
    text = (STOPPED_UNDATED if booted is None else STOPPED)(
        booted=booted,
        uptime_minutes=None if booted is None else (now - booted) / timedelta(minutes=1),
        grace_minutes=limits.grace_minutes,
        version_status=tools.version_status,
    )
    return Finding(Severity.WARNING, vm, text)
