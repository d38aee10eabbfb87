"""consolidation-needed: whether deleted snapshots left delta disks behind."""

from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Percent, check
from vhealthd.model import (
    Category,
    Datastore,
    Examined,
    Finding,
    Message,
    MoRef,
    NotExamined,
    Severity,
    Unseen,
    Verdict,
    VirtualMachine,
)

NEEDED = Message("consolidation-needed.needed", "The disks need consolidation: delta disks of deleted snapshots remain")
NEEDED_ON_FULL = Message(
    "consolidation-needed.needed-on-full",
    NEEDED.english + ", and the datastore {datastore} is {used_percent:percent} full; "
    "the limit is {threshold_percent:limit}",
)
NO_FIGURES = Message("consolidation-needed.no-figures", "how full one of its datastores is cannot be seen")


class ConsolidationNeededLimits(Limits):
    """When consolidation becomes urgent."""

    critical_datastore_percent: Percent = Field(
        85, description="More is used of a datastore of a virtual machine that needs consolidation"
    )


@check(
    title="Consolidation needed",
    category=Category.VM,
    needs={Need.VMS, Need.VM_CONSOLIDATION, Need.DATASTORES},
    limits=ConsolidationNeededLimits,
    what="Whether vCenter says that the disks of a virtual machine need consolidation, and how full the datastores of "
    "such a machine are.",
    why="The snapshots are gone from the list, but their delta disks go on growing where nobody looks. Consolidation "
    "needs free space itself, so that on a full datastore it fails when it is needed most.",
    fix="Run Consolidate from the Snapshots menu of the machine, when it has little to do and no backup job holds its "
    "disks. On a full datastore make room first.",
    blind_spots="vCenter sets the flag when it has looked at the disks, which may be late. Whether a disk is locked by "
    "a backup job at this moment is not seen.",
)
def consolidation_needed(inventory: Inventory, limits: ConsolidationNeededLimits) -> Iterator[Verdict]:
    """Judge each virtual machine, and harder the one whose datastore is short of space."""
    datastores = {datastore.ref: datastore for datastore in inventory.datastores}
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        needed = inventory.vm_consolidation[vm.ref]
        if isinstance(needed, Unseen):
            yield NotExamined(vm, needed)
            continue
        yield Examined(vm)
        if needed:
            yield from _judge(vm, datastores, limits.for_object(vm).critical_datastore_percent)


def _judge(vm: VirtualMachine, datastores: dict[MoRef, Datastore], limit: float) -> Iterator[Verdict]:
    """Find the fullest datastore of a machine that needs consolidation."""
    mine = [datastores[ref] for ref in vm.datastores if ref in datastores]
    known = [(used, one.name) for one in mine if one.accessible and (used := one.used_percent) is not None]
    percent, fullest = max(known, default=(0.0, ""))
    if percent > limit:
        text = NEEDED_ON_FULL(datastore=fullest, used_percent=percent, threshold_percent=limit)
        yield Finding(Severity.CRITICAL, vm, text)
        return
    yield Finding(Severity.WARNING, vm, NEEDED())
    if len(known) < len(vm.datastores):
        yield NotExamined(vm, Unseen(NO_FIGURES()), rule="datastores")
