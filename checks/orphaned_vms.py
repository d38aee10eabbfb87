"""orphaned-vms: whether vCenter still has a virtual machine for every entry in its inventory."""

from collections.abc import Iterator

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import Category, Examined, Finding, Message, NotExamined, Severity, Unseen, Verdict

LOST = {
    "orphaned": Message(
        "orphaned-vms.orphaned",
        "The virtual machine is orphaned: it is in vCenter's inventory, but not on the host that vCenter expects",
    ),
    "invalid": Message(
        "orphaned-vms.invalid", "The configuration of the virtual machine is invalid: its .vmx file cannot be used"
    ),
    "inaccessible": Message(
        "orphaned-vms.inaccessible",
        "The virtual machine is inaccessible: its host cannot read its files on the datastore",
    ),
}
NOT_CONNECTED = Message("orphaned-vms.not-connected", "vCenter has no contact with its host ({connection_state})")


# It reads no datastores, though one may be the cause: what is lost is to be seen even when they cannot be read.
@check(
    title="Orphaned virtual machines",
    category=Category.VM,
    needs={Need.VMS},
    what="Whether a virtual machine is orphaned, invalid or inaccessible, so that vCenter knows its name and no more.",
    why="Such a machine cannot be started, moved, backed up or restarted by high availability. Often its datastore is "
    "gone or somebody removed or changed its files outside of vCenter.",
    fix="Restore access to the datastore first, if that is the cause. Otherwise remove the entry from the inventory "
    "and register the machine again from its .vmx file. For an invalid one, repair the .vmx file or restore it from "
    "a backup.",
    blind_spots="While a host is disconnected, its virtual machines are not judged. Files of machines that nobody has "
    "registered are not looked for.",
)
def orphaned_vms(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - every check takes limits
    """Judge the connection state of each virtual machine."""
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        message = LOST.get(vm.connection_state)
        if message is None and vm.connection_state != "connected":
            yield NotExamined(vm, Unseen(NOT_CONNECTED(connection_state=vm.connection_state)))
            continue
        yield Examined(vm)
        if message is not None:
            yield Finding(Severity.CRITICAL, vm, message(connection_state=vm.connection_state))
